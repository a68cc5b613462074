//! Figures as a user meets them: the files, their size, bad data.

use ndarray::{Array2, array};
use proptest::prelude::*;
use radio_rec::datasets::{GaussianQuantiles, gaussian_quantiles};
use radio_rec::plot::Figure;
use radio_rec::{Error, Result};

fn disc() -> Figure {
    let parameters = GaussianQuantiles {
        n_samples: 2000,
        n_classes: 2,
        covariance: 0.7,
        ..Default::default()
    };
    let disc = gaussian_quantiles(&parameters, 1606).unwrap();
    Figure::scatter(disc.x.column(0), disc.x.column(1))
        .unwrap()
        .classes(&disc.labels, ["class 0", "class 1"])
        .unwrap()
        .title("Generated Dataset")
        .x_label("X1")
        .y_label("X2")
}

/// Width, height and the colour of each dot.
fn decode(png: &[u8]) -> (u32, u32, Vec<[u8; 3]>) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut dots = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut dots).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    (
        info.width,
        info.height,
        dots.chunks_exact(3).map(|d| [d[0], d[1], d[2]]).collect(),
    )
}

#[test]
fn two_thousand_points_make_small_files() {
    let svg = disc().to_svg().unwrap();
    let png = disc().to_png().unwrap();
    assert!(svg.len() < 150_000, "{} bytes of SVG", svg.len());
    assert!(png.len() < 120_000, "{} bytes of PNG", png.len());
    let circles = svg.matches("<circle").count();
    let triangles = svg.matches("<polygon").count();
    // Each class has a point in the legend, too.
    assert_eq!((circles, triangles), (1001, 1001));
    let (width, height, dots) = decode(&png);
    assert_eq!((width, height), (1280, 960));
    assert_eq!(dots[0], [255, 255, 255]);
    for color in [[0x00, 0x72, 0xB2], [0xD5, 0x5E, 0x00]] {
        assert!(dots.iter().filter(|&&dot| dot == color).count() > 5000);
    }
}

/// Points on a diagonal, and a model that looks at their first coordinate.
fn halves<N: AsRef<str>>(names: [N; 2]) -> Result<Figure> {
    let points = array![[-1.0, 0.5, 1.0], [-1.0, 0.0, 1.0]];
    Figure::decision_regions(&points, [0, 0, 1], names, |points| {
        let p = points.row(0).mapv(|x| 1.0 / (1.0 + (-5.0 * x).exp()));
        Ok(p.insert_axis(ndarray::Axis(0)))
    })
}

#[test]
fn decision_regions_are_small_files_with_the_tints_of_their_classes() {
    let svg = halves(["left", "right"]).unwrap().to_svg().unwrap();
    assert!(svg.len() < 6_000, "{} bytes of SVG", svg.len());
    assert!(svg.contains("<desc>Decision regions; 2 of 3 points lie in the region of their class: left 2, right 1</desc>"));
    let (width, height, dots) = decode(&halves(["left", "right"]).unwrap().to_png().unwrap());
    assert_eq!((width, height), (1280, 1120));
    // 36 % of the colour on white, in two places that no point is at: the model is sure there.
    let (upper, lower) = (300, 900);
    let at = |x: usize, y: usize| dots[y * width as usize + x];
    for y in [upper, lower] {
        assert_eq!(at(220, y), [163, 204, 227]);
        assert_eq!(at(1200, y), [240, 197, 163]);
    }

    let disc = || {
        let points =
            ndarray::Array2::from_shape_fn((2, 2000), |(i, k)| (k as f64 * (1.3 + i as f64)).sin());
        let classes = points
            .columns()
            .into_iter()
            .map(|p| usize::from(p.dot(&p) > 0.5));
        let classes: Vec<usize> = classes.collect();
        Figure::decision_regions(&points, classes, ["inner", "outer"], |points| {
            let z = points
                .columns()
                .into_iter()
                .map(|p| 1.0 / (1.0 + (2.0 - 4.0 * p.dot(&p)).exp()));
            Ok(ndarray::Array1::from_iter(z).insert_axis(ndarray::Axis(0)))
        })
        .unwrap()
    };
    let svg = disc().to_svg().unwrap();
    assert!(svg.contains("2000 of 2000 points"));
    // The points alone are 120 kB.
    assert!(svg.len() < 140_000, "{} bytes of SVG", svg.len());
    let film = Figure::grid((0..8).map(|k| disc().title(format!("epoch {k}")))).unwrap();
    let svg = film.to_svg().unwrap();
    assert!(svg.len() < 160_000, "{} bytes of SVG", svg.len());
    assert!(svg.contains("<desc>8 panels. epoch 0: Decision regions; 2000 of 2000 points"));
}

#[test]
fn text_cannot_leave_its_element() {
    let attack = "</text></desc><script>alert(1)</script>\"' onload=\"x\" & ]]> \u{0}\u{B}\u{FFFF}";
    let figures = [
        Figure::scatter([1.0, 2.0], [1.0, 2.0])
            .and_then(|figure| figure.classes([0, 1], [attack, attack])),
        Figure::histogram([1, 2, 3]),
        Figure::bars([attack, attack], [1.0, 2.0]),
        Figure::heatmap(&array![[1.0, 2.0]], [attack], [attack, attack]),
        Figure::curves([(attack, [1.0, 2.0]), (attack, [2.0, 3.0])]),
        Figure::lines([(attack, [(1.0, 2.0)]), (attack, [(2.0, 3.0)])])
            .map(|figure| figure.point_labels([attack])),
        halves([attack, attack]),
        Figure::activations(&array![[0.0, 1.0], [0.0, 1.0]], |points| Ok(points.clone())),
        Figure::grid([halves([attack, attack]).unwrap().title(attack)]),
        Figure::grid([
            Figure::bars([attack], [1.0]).unwrap().title(attack),
            halves([attack, attack]).unwrap(),
        ]),
    ];
    for figure in figures {
        let svg = figure
            .unwrap()
            .title(attack)
            .x_label(attack)
            .y_label(attack)
            .to_svg()
            .unwrap();
        assert!(!svg.contains("<script") && !svg.contains("</script"));
        assert!(!svg.contains('\u{0}') && !svg.contains('\u{B}') && !svg.contains('\u{FFFF}'));
        assert!(svg.contains("&lt;/text&gt;"));
        assert_well_formed(&svg);
    }
}

/// That tags are nested, that no quote is left open in them, and that every & begins an entity.
fn assert_well_formed(svg: &str) {
    let mut open = Vec::new();
    for piece in svg.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap();
        assert!(!text.contains('>'), "{text}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
    }
    assert!(open.is_empty(), "{open:?}");
    for entity in svg.split('&').skip(1) {
        assert!(
            ["lt;", "gt;", "amp;", "quot;", "apos;"]
                .iter()
                .any(|e| entity.starts_with(e))
        );
    }
}

#[test]
fn save_writes_whole_files_by_their_ending() {
    let folder = tempfile::tempdir().unwrap();
    let figure = Figure::bars(["a"], [1.0]).unwrap();
    figure.save(folder.path().join("bars.svg")).unwrap();
    figure.save(folder.path().join("bars.PNG")).unwrap();
    figure.save(folder.path().join("bars.svg")).unwrap();
    let mut names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|f| f.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["bars.PNG", "bars.svg"]);
    let svg = std::fs::read_to_string(folder.path().join("bars.svg")).unwrap();
    assert_eq!(svg, figure.to_svg().unwrap());
    assert_eq!(
        std::fs::read(folder.path().join("bars.PNG")).unwrap(),
        figure.to_png().unwrap()
    );

    for name in ["bars.jpg", "bars", "", ".."] {
        let error = figure.save(folder.path().join(name)).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("must be a name that ends in .svg or .png"),
            "{error}"
        );
    }
    let nowhere = folder.path().join("missing").join("bars.svg");
    assert!(matches!(figure.save(&nowhere), Err(Error::Io { path, .. }) if path == nowhere));
}

#[test]
fn bad_data_is_named() {
    let message = |result: Result<Figure>| result.unwrap_err().to_string();
    let none: [f64; 0] = [];
    assert_eq!(
        message(Figure::scatter(none, none)),
        "the figure could not be drawn: it has 0 points; from 1 to 100000 can be shown"
    );
    assert_eq!(
        message(Figure::scatter([1.0, 2.0], [1.0])),
        "y has the shape length 1, but must have length 2, as x"
    );
    assert_eq!(
        message(Figure::scatter([1.0], [1.0]).and_then(|figure| figure.classes([1], ["a"]))),
        "`labels` is 1 at position 0, but must be less than 1, the number of class names"
    );
    assert!(
        message(Figure::bars(["a"], [1]).and_then(|figure| figure.classes([0], ["a"])))
            .contains("bars cannot have classes; a scatter plot can")
    );
    assert_eq!(
        message(Figure::line(none)),
        "the figure could not be drawn: it has 0 values; from 1 to 100000 can be shown"
    );
    assert_eq!(
        message(Figure::line([0.5, f64::NAN])),
        "`series` is NaN at position 1, but must be finite numbers"
    );
    assert_eq!(
        message(Figure::histogram([1.0, f64::NAN])),
        "`values` is NaN at position 1, but must be finite numbers"
    );
    assert!(message(Figure::histogram(none)).contains("it has 0 values"));
    assert_eq!(
        message(Figure::bars(["a", "b"], [1.0, f64::NAN])),
        "`values` is NaN at position 1, but must be finite numbers"
    );
    assert_eq!(
        message(Figure::heatmap(
            &array![[1.0, f64::INFINITY]],
            ["r"],
            ["a", "b"]
        )),
        "`matrix` is inf in row 0, column 1, but must be finite numbers"
    );
    assert_eq!(
        message(Figure::heatmap(&array![[1.0, 2.0]], ["r"], ["a"])),
        "column_labels has the shape length 1, but must have length 2, as the columns of matrix"
    );
    assert_eq!(
        message(Figure::curves([("cost", vec![0.5, f64::NAN])])),
        "`series` is NaN at position 1 of `cost`, but must be finite numbers"
    );
    assert_eq!(
        message(Figure::lines([("a", vec![(1.0, 2.0), (f64::NAN, 1.0)])])),
        "`series` is (NaN, 1.0) at position 1 of `a`, but must be finite numbers"
    );
    assert_eq!(
        message(Figure::lines([("a", Vec::<(f64, f64)>::new())])),
        "the figure could not be drawn: it has 0 points on the line `a`; from 1 to 100000 can be shown"
    );
    assert_eq!(
        message(Figure::grid([])),
        "the figure could not be drawn: it has 0 panels; from 1 to 100 can be shown"
    );
    assert!(message(Figure::grid([Figure::grid([disc()]).unwrap()])).contains("cannot be a grid"));

    let points = array![[0.0, 1.0], [0.0, 1.0]];
    let regions = |names: &[&str], answer: Result<Array2<f64>>| {
        message(Figure::decision_regions(&points, [0, 1], names, |_| answer))
    };
    let asked = 128 * 112 + 2;
    let all = |rows, value| Ok(Array2::from_elem((rows, asked), value));
    assert_eq!(
        regions(&["a", "b"], Ok(array![[0.5]])),
        format!(
            "what the function returned has the shape 1 x 1, but must have at least one row, and {asked} columns, one for \
             each point"
        )
    );
    assert!(regions(&["a", "b"], all(3, 0.5)).contains("1 row, or 2, one for each class"));
    assert!(
        regions(&["a", "b"], all(1, 1.5))
            .contains("returned 1.5, but must return a probability from 0 to 1")
    );
    assert!(
        regions(&["a", "b", "c"], all(1, 3.0))
            .contains("returned 3, but must return a class from 0 to 2")
    );
    assert!(
        regions(&["a", "b", "c"], all(1, 0.5)).contains("returned 0.5, but must return a class")
    );
    assert!(
        regions(&["a", "b"], all(1, f64::NAN))
            .contains("returned NaN in row 0 for the point (-0.04, -0.04)")
    );
    assert!(
        regions(&["a"], all(1, 0.0))
            .contains("it has 1 classes; regions of 2 to 7 can be told apart")
    );
    let eight = ["class"; 8];
    assert!(regions(&eight, all(1, 0.0)).contains("it has 8 classes"));
    let own = Error::Plot {
        message: "no model".into(),
    };
    assert_eq!(
        regions(&["a", "b"], Err(own)),
        "the figure could not be drawn: no model"
    );
    let never = |_: &Array2<f64>| -> Result<Array2<f64>> { panic!("the points are no good") };
    let bad = |points: Array2<f64>, labels: &[usize]| {
        message(Figure::decision_regions(&points, labels, ["a", "b"], never))
    };
    assert_eq!(
        bad(array![[0.0, 1.0]], &[0, 1]),
        "points has the shape 1 x 2, but must have 2 rows, one for each coordinate, and a column a point"
    );
    assert_eq!(
        bad(array![[0.0], [f64::NAN]], &[0]),
        "`points` is NaN in row 1, column 0, but must be finite numbers"
    );
    assert!(bad(Array2::zeros((2, 0)), &[]).contains("it has 0 points"));
    assert!(bad(Array2::zeros((2, 1)), &[0, 1]).contains("labels has the shape length 2"));
    assert!(bad(Array2::zeros((2, 1)), &[2]).contains("must be less than 2"));
    assert!(bad(array![[-1.7e308, 1.7e308], [0.0, 1.0]], &[0, 1]).contains("too far apart"));
    let units = |answer: Array2<f64>| message(Figure::activations(&points, |_| Ok(answer)));
    assert!(units(Array2::zeros((0, 128 * 112))).contains("at least one row"));
    assert!(units(Array2::zeros((101, 128 * 112))).contains("it has 101 units; from 1 to 100"));
    let far = |sign: f64| {
        Array2::from_shape_fn((1, 128 * 112), |(_, k)| {
            if k == 0 { sign * 1.7e308 } else { 1.7e308 }
        })
    };
    assert!(units(far(-1.0)).contains("too far apart"));
    assert!(
        Figure::activations(&points, |_| Ok(far(1.0)))
            .unwrap()
            .to_svg()
            .is_ok()
    );
    assert!(
        message(Figure::activations(&Array2::zeros((2, 0)), never)).contains("it has 0 points")
    );

    let message = |figure: Figure| figure.to_svg().unwrap_err().to_string();
    let small = || halves(["a", "b"]).unwrap();
    assert!(message(small().log_x()).contains("decision regions cannot have logarithmic axes"));
    assert!(
        message(small().diverging())
            .contains("decision regions cannot have diverging colours; a heat map can")
    );
    assert!(
        message(small().columns(2))
            .contains("decision regions cannot have columns of panels; a grid can")
    );
    assert!(
        message(small().point_labels(["a"]))
            .contains("cannot have labels at its points; lines and scatter plots can")
    );
    assert!(
        message(Figure::grid([small().log_y()]).unwrap()).contains("cannot have logarithmic axes")
    );
    assert!(
        message(Figure::grid([small()]).unwrap().columns(0))
            .contains("`columns` is 0, but must be at least 1")
    );
    assert!(
        message(
            Figure::grid((0..100).map(|_| small()))
                .unwrap()
                .size(400, 300)
        )
        .contains("no room for the data")
    );
    assert!(
        message(
            Figure::lines([("a", [(1.0, 1.0)])])
                .unwrap()
                .point_labels(["1", "2"])
        )
        .contains("length 1 at most")
    );
    let histogram = || Figure::histogram([1, 2]).unwrap();
    assert!(message(histogram().bins(0)).contains("`bins` is 0, but must be from 1 to 1000"));
    assert!(message(histogram().log_y()).contains("cannot have logarithmic axes"));
    assert!(message(small().bins(3)).contains("cannot have bins; a histogram can"));
    let curves = || Figure::curves([("cost", [0.5, 0.0])]).unwrap();
    assert!(message(curves().log_x()).contains("say `first_iteration(1)`"));
    assert!(message(curves().log_y()).contains("has no place for 0; all values must be positive"));
    assert!(message(curves().size(10, 480)).contains("must be from 150 to 4000 pixels"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the numbers, a figure or an error comes of them.
    #[test]
    fn any_numbers_make_a_figure_or_an_error(
        values in proptest::collection::vec(any::<f64>(), 0..20),
        log in any::<bool>(),
        width in 140..700u32,
        name in any::<String>(),
    ) {
        let names: Vec<String> = values.iter().map(|_| name.clone()).collect();
        let classes: Vec<usize> = (0..values.len()).collect();
        let matrix = Array2::from_shape_vec((1, values.len()), values.clone()).unwrap();
        let points = ndarray::concatenate![ndarray::Axis(0), matrix, matrix];
        let pairs: Vec<(f64, f64)> = values.iter().map(|&v| (v, v)).collect();
        let figures = [
            Figure::scatter(&values, &values).and_then(|figure| figure.classes(&classes, &names)),
            Figure::scatter(&values, &values),
            Figure::histogram(&values),
            Figure::histogram(&values).map(|figure| figure.bins(values.len())),
            Figure::line(&values),
            Figure::bars(&names, &values),
            Figure::heatmap(&matrix, [&name], &names),
            Figure::curves([(&name, &values)]),
            Figure::heatmap(&matrix, [&name], &names).map(Figure::diverging),
            Figure::lines([(&name, pairs.clone()), (&name, pairs)]).map(|f| f.point_labels(["a"])),
            Figure::decision_regions(&points, classes.iter().map(|c| c % 2), [&name, &name], |points| {
                Ok(points.slice(ndarray::s![..1, ..]).mapv(|v| 1.0 / (1.0 + v.abs())))
            }),
            Figure::activations(&points, |points| Ok(points.clone())),
        ];
        let grid = Figure::grid(figures.iter().flatten().filter(|f| Figure::grid([(*f).clone()]).is_ok()).cloned());
        for figure in figures.into_iter().chain([grid]).flatten() {
            let figure = figure.title(&name).x_label(&name).y_label(&name).size(width, 300);
            let figure = if log { figure.log_x().log_y() } else { figure };
            if let Ok(svg) = figure.to_svg() {
                assert_well_formed(&svg);
                prop_assert!(!svg.contains("NaN") && !svg.contains("inf\""));
            }
        }
    }
}

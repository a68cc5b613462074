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
    Figure::scatter(
        disc.x.column(0),
        disc.x.column(1),
        &disc.labels,
        ["class 0", "class 1"],
    )
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

#[test]
fn text_cannot_leave_its_element() {
    let attack = "</text></desc><script>alert(1)</script>\"' onload=\"x\" & ]]> \u{0}\u{B}\u{FFFF}";
    let figures = [
        Figure::scatter([1.0, 2.0], [1.0, 2.0], [0, 1], [attack, attack]),
        Figure::bars([attack, attack], [1.0, 2.0]),
        Figure::heatmap(&array![[1.0, 2.0]], [attack], [attack, attack]),
        Figure::curves([(attack, [1.0, 2.0]), (attack, [2.0, 3.0])]),
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
        message(Figure::scatter(none, none, [0; 0], ["a"])),
        "the figure could not be drawn: it has 0 points; from 1 to 100000 can be shown"
    );
    assert_eq!(
        message(Figure::scatter([1.0, 2.0], [1.0], [0, 0], ["a"])),
        "y has the shape length 1, but must have length 2, as x"
    );
    assert_eq!(
        message(Figure::scatter([1.0], [1.0], [1], ["a"])),
        "`labels` is 1 at position 0, but must be less than 1, the number of class names"
    );
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
    let message = |figure: Figure| figure.to_svg().unwrap_err().to_string();
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
        let figures = [
            Figure::scatter(&values, &values, &classes, &names),
            Figure::bars(&names, &values),
            Figure::heatmap(&matrix, [&name], &names),
            Figure::curves([(&name, &values)]),
        ];
        for figure in figures.into_iter().flatten() {
            let figure = figure.title(&name).x_label(&name).y_label(&name).size(width, 300);
            let figure = if log { figure.log_x().log_y() } else { figure };
            if let Ok(svg) = figure.to_svg() {
                assert_well_formed(&svg);
                prop_assert!(!svg.contains("NaN") && !svg.contains("inf\""));
            }
        }
    }
}

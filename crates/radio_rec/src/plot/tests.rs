//! Where things lie: no label is cut off, none lies on another.

use super::scene::{Mark, Text};
use super::*;

fn assert_tidy(figure: &Figure) {
    let scene = figure.scene().unwrap();
    let texts: Vec<&Text> = scene
        .marks
        .iter()
        .filter_map(|mark| match mark {
            Mark::Text(text) if !text.text.is_empty() => Some(text),
            _ => None,
        })
        .collect();
    assert!(!texts.is_empty());
    for (k, text) in texts.iter().enumerate() {
        let (left, top, right, bottom) = text.bounds();
        assert!(
            left >= 0.0 && top >= 0.0 && right <= scene.width && bottom <= scene.height - 2.0,
            "cut off: {text:?}"
        );
        for other in &texts[..k] {
            let (l, t, r, b) = other.bounds();
            let apart = right <= l || r <= left || bottom <= t || b <= top;
            assert!(apart, "{:?} lies on {:?}", text.text, other.text);
        }
    }
}

const LONG: &str =
    "Songs that were heard by people who also heard the songs that the person heard last";

/// Points in two classes, and a model that says how far they are from a circle.
fn regions() -> Figure {
    let points =
        ndarray::Array2::from_shape_fn((2, 60), |(i, k)| (k as f64 * (1.3 + i as f64)).sin());
    let classes = (0..60).map(|k| usize::from(k % 3 == 0));
    Figure::decision_regions(&points, classes, ["inner", "outer"], |points| {
        Ok(circle(points).mapv(|z| 1.0 / (1.0 + (-4.0 * z).exp())))
    })
    .unwrap()
}

fn circle(points: &ndarray::Array2<f64>) -> ndarray::Array2<f64> {
    let z = points.columns().into_iter().map(|p| p.dot(&p) - 0.5);
    ndarray::Array1::from_iter(z).insert_axis(ndarray::Axis(0))
}

fn activations(units: usize, size: f64) -> Figure {
    let points = ndarray::array![[-1.0, 2.0], [-3.0, 1.0]];
    Figure::activations(&points, |points| {
        Ok(ndarray::Array2::from_shape_fn(
            (units, points.ncols()),
            |(u, k)| size * (points[(0, k)] * u as f64 - points[(1, k)]).tanh(),
        ))
    })
    .unwrap()
}

/// Falling lines, `apart` from each other.
fn lines(count: usize, apart: f64) -> Figure {
    let line = |k: usize| {
        let points = [1.0, 2.0, 5.0, 10.0, 20.0].map(|x: f64| (x, (10.0 + apart * k as f64) / x));
        (format!("model of number {k}"), points)
    };
    Figure::lines((0..count).map(line))
        .unwrap()
        .point_labels(["k = 1", "2", "5", "10", "20"])
}

fn scatter<N: AsRef<str>>(x: &[f64], y: &[f64], classes: &[usize], names: &[N]) -> Figure {
    Figure::scatter(x, y)
        .unwrap()
        .classes(classes, names)
        .unwrap()
}

fn every_kind() -> Vec<Figure> {
    let n = 300;
    let x: Vec<f64> = (0..n).map(|i| (f64::from(i) * 0.7).sin() * 3.0).collect();
    let y: Vec<f64> = (0..n).map(|i| (f64::from(i) * 1.3).cos() * 1e-4).collect();
    let classes: Vec<usize> = (0..n as usize).map(|i| i % 5).collect();
    let names: Vec<String> = (0..23).map(|i| format!("name of number {i}")).collect();
    let many = names.iter().map(String::as_str);
    let matrix = ndarray::Array2::from_shape_fn((23, 23), |(r, c)| (r as f64 - c as f64) * 1234.5);
    vec![
        scatter(&x, &y, &classes, &names[..5]),
        Figure::scatter([1], [2]).unwrap(),
        Figure::scatter(&x[..40], &y[..40])
            .unwrap()
            .point_labels(&names),
        scatter(&[1e9, -1e9], &[1e-9, 2e-9], &[0, 1], &["a", LONG]),
        scatter(&[0.1, 1e4], &[1.0, 1e12], &[0, 1], &["a", "b"])
            .log_x()
            .log_y(),
        Figure::histogram(&x).unwrap(),
        Figure::histogram(&y).unwrap().bins(3),
        Figure::histogram([5]).unwrap(),
        Figure::histogram((0..100_000).map(|k| k % 7)).unwrap(),
        Figure::line([3, 1, 4]).unwrap(),
        Figure::bars(["a"], [0.0]).unwrap(),
        Figure::bars([LONG, "b"], [1.0, -2.5]).unwrap(),
        Figure::bars(many.clone(), (0..23).map(|i| f64::from(i) / 23.0)).unwrap(),
        Figure::bars(["x", "y"], [-1e-9, -1e-7]).unwrap(),
        Figure::bars(["x", "y"], [1e300, -1e300]).unwrap(),
        Figure::heatmap(&matrix, many.clone(), many.clone()).unwrap(),
        Figure::heatmap(
            &matrix.slice(ndarray::s![..3, ..2]),
            [LONG, "b", "c"],
            ["d", LONG],
        )
        .unwrap(),
        Figure::heatmap(&ndarray::array![[1e-5, -3e-7]], ["a"], ["b", "c"]).unwrap(),
        Figure::heatmap(&ndarray::array![[7.0]], ["a"], ["b"]).unwrap(),
        Figure::heatmap(&ndarray::array![[0.0, 1.0], [1.0, 0.0]], ["", ""], ["", ""]).unwrap(),
        Figure::heatmap(&ndarray::array![[-3.0, 2.0]], ["a"], ["b", "c"])
            .unwrap()
            .diverging(),
        Figure::curves([
            ("rate 0.01", vec![0.593147, 0.593146]),
            ("rate 1", vec![0.59314]),
        ])
        .unwrap(),
        Figure::curves([(
            "one",
            (1..2000).map(|i| 1.0 / f64::from(i)).collect::<Vec<_>>(),
        )])
        .unwrap()
        .first_iteration(1)
        .log_x()
        .log_y(),
        Figure::curves(many.clone().map(|name| (name, [1.0, 2.0, -3.0])))
            .unwrap()
            .size(900, 700),
        Figure::heatmap(&matrix, many.clone(), many.clone())
            .unwrap()
            .diverging(),
        Figure::heatmap(&ndarray::array![[0.0, 0.0]], ["a"], ["b", "c"])
            .unwrap()
            .diverging(),
        lines(1, 0.0),
        lines(2, 0.0),
        lines(8, 1.0),
        lines(8, 1e-9),
        lines(13, 1.0).size(700, 600),
        lines(4, 5.0).log_x().log_y(),
        Figure::lines([(LONG, [(1e-9, 1e9)]), ("b", [(2e-9, -1e9)])]).unwrap(),
        regions(),
        Figure::grid([regions()]).unwrap(),
        Figure::grid((0..7).map(|k| regions().title(format!("epoch {k}")))).unwrap(),
        Figure::grid((0..8).map(|_| regions().title(LONG)))
            .unwrap()
            .columns(3),
        Figure::grid((0..4).map(|_| lines(3, 2.0))).unwrap(),
        activations(1, 1.0),
        activations(4, 1.0),
        activations(16, 123456.0),
        Figure::grid([
            Figure::curves([("cost", [0.69, 0.31])])
                .unwrap()
                .title("Cost")
                .x_label("epoch"),
            Figure::bars(many.clone().take(5), (0..5).map(f64::from))
                .unwrap()
                .title(LONG),
            Figure::heatmap(&ndarray::array![[1.0, 2.0]], ["r"], ["b", "c"]).unwrap(),
        ])
        .unwrap(),
        Figure::grid([lines(3, 2.0).title("a"), lines(3, 4.0).title("b")]).unwrap(),
    ]
}

#[test]
fn no_label_is_cut_off_or_covered() {
    for figure in every_kind() {
        assert_tidy(&figure);
        assert_tidy(
            &figure
                .clone()
                .title("Title")
                .x_label("x of it")
                .y_label("y of it"),
        );
        assert_tidy(
            &figure
                .title(LONG)
                .x_label(LONG)
                .y_label(LONG)
                .size(1280, 960),
        );
    }
}

#[test]
fn every_theme_and_scale_is_tidy() {
    for theme in [Theme::Dark, Theme::Print] {
        for figure in every_kind() {
            let figure = figure
                .theme(theme)
                .font_scale(1.25)
                .title("Title")
                .x_label("x");
            assert_tidy(&figure.size(1200, 1000));
        }
    }
    let ground = |theme| {
        let svg = Figure::line([1, 2]).unwrap().theme(theme).to_svg().unwrap();
        let rect = svg.split("<rect").nth(1).unwrap();
        rect.split("fill=\"").nth(1).unwrap()[..7].to_owned()
    };
    assert_eq!(ground(Theme::Light), "#FFFFFF");
    assert_eq!(ground(Theme::Dark), "#111111");
    // Nothing but greys goes onto paper.
    for figure in every_kind() {
        let svg = figure.theme(Theme::Print).to_svg().unwrap();
        for color in svg.split('#').skip(1) {
            let color = &color[..6];
            assert!(
                color[..2] == color[2..4] && color[2..4] == color[4..],
                "{color}"
            );
        }
    }
}

#[test]
fn a_larger_font_is_in_a_picture_of_the_same_size() {
    let figure = || Figure::bars(["a", "b"], [3, 5]).unwrap().size(640, 300);
    let (small, large) = (figure(), figure().font_scale(2.0));
    let size = |figure: &Figure| {
        figure
            .to_svg()
            .unwrap()
            .split(" viewBox")
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(size(&small), size(&large));
    assert_eq!(large.scene().unwrap().width, 320.0);
    let dots = |figure: Figure| {
        let png = figure.to_png().unwrap();
        u32::from_be_bytes(png[16..20].try_into().unwrap())
    };
    assert_eq!(
        (dots(figure()), dots(figure().dots_per_pixel(4))),
        (1280, 2560)
    );
    assert_eq!(dots(large.dots_per_pixel(1)), 640);
    // Bars without a size get higher.
    let high = |figure: Figure| figure.as_text().contains("640 x 388 pixels");
    assert!(high(
        Figure::bars(["a", "b"], [3, 5]).unwrap().font_scale(2.0)
    ));
    let error = |figure: Figure| figure.to_png().unwrap_err().to_string();
    assert!(
        error(figure().font_scale(9.0)).contains("`font_scale` is 9, but must be from 0.5 to 4")
    );
    assert!(error(figure().dots_per_pixel(9)).contains("from 1 to 8"));
    assert!(
        error(figure().size(4000, 4000).dots_per_pixel(3))
            .contains("at most 2 for a figure of 4000 x 4000 pixels")
    );
}

#[test]
fn a_colour_bar_of_zeros_and_ones_has_two_colours() {
    let matrix = ndarray::array![[0.0, 1.0], [1.0, 1.0]];
    let scene = Figure::heatmap(&matrix, ["a", "b"], ["c", "d"])
        .unwrap()
        .scene()
        .unwrap();
    let mut colors: Vec<palette::Rgb> = Vec::new();
    for mark in &scene.marks {
        if let Mark::Rect { color, .. } = mark
            && !colors.contains(color)
        {
            colors.push(*color);
        }
    }
    assert_eq!(
        colors,
        [0, 255].map(|level| scene.palette.sequential(level))
    );
}

#[test]
fn no_room_is_kept_for_names_that_are_empty() {
    let cells = ndarray::array![[0.5, 1.0]];
    let bottom = |name: &str| {
        let figure = Figure::heatmap(&cells, [name], [name, name])
            .unwrap()
            .x_label("items");
        let marks = figure.scene().unwrap().marks.into_iter();
        let rows = marks.filter_map(|mark| match mark {
            Mark::Rect { y, height, .. } => Some(y + height),
            _ => None,
        });
        rows.fold(0.0, f64::max)
    };
    assert!(bottom("") > bottom("a") + 20.0);
}

#[test]
fn every_kind_can_be_written_both_ways_and_twice_the_same() {
    for (figure, again) in every_kind().iter().zip(every_kind()) {
        assert_eq!(figure.to_svg().unwrap(), again.to_svg().unwrap());
        assert_eq!(figure.to_png().unwrap(), again.to_png().unwrap());
    }
}

#[test]
fn the_bundle_has_text_svg_and_png() {
    let figure = Figure::bars(["a", "b"], [1.0, 2.0])
        .unwrap()
        .title("Two bars")
        .x_label("plays");
    let shown = figure.bundle().to_string();
    let text = "EVCXR_BEGIN_CONTENT text/plain\nFigure: Two bars\nx: plays\n640 x 194 pixels\n\
                Bar chart of 2 values: a 1, b 2\nEVCXR_END_CONTENT\n";
    assert!(shown.contains(text), "{shown}");
    assert!(shown.contains("EVCXR_BEGIN_CONTENT image/svg+xml\n<svg "));
    assert!(shown.contains("EVCXR_BEGIN_CONTENT image/png\niVBOR"));

    let impossible = Figure::bars(["a"], [1.0])
        .unwrap()
        .log_y()
        .bundle()
        .to_string();
    assert!(
        impossible.contains("cannot have logarithmic axes"),
        "{impossible}"
    );
}

#[test]
fn panels_with_the_same_axes_share_their_numbers_and_their_legend() {
    let written = |figure: Figure| -> Vec<String> {
        let marks = figure.scene().unwrap().marks.into_iter();
        marks
            .filter_map(|mark| match mark {
                Mark::Text(text) => Some(text.text),
                _ => None,
            })
            .collect()
    };
    let count = |texts: &[String], wanted: &str| texts.iter().filter(|t| *t == wanted).count();
    let film = || Figure::grid((0..5).map(|k| regions().title(format!("epoch {k}")).x_label("x1")));
    let texts = written(film().unwrap());
    assert_eq!(count(&texts, "inner"), 1);
    assert_eq!(count(&texts, "x1"), 1);
    // Three columns and two rows: a 0.0 below each column, and beside each row.
    assert_eq!(count(&texts, "0.0"), 3 + 2);
    assert_eq!(count(&texts, "epoch 4"), 1);
    // A label of the grid itself goes first.
    assert_eq!(count(&written(film().unwrap().x_label("x2")), "x1"), 0);

    // Other axes, other numbers: all panels have their own.
    let other = || lines(3, 9.0).title("other");
    let texts = written(Figure::grid([lines(3, 1.0).title("one"), other()]).unwrap());
    assert_eq!(count(&texts, "model of number 1"), 1);
    assert_eq!(count(&texts, "k = 1"), 2);
    // Another legend, too.
    let texts = written(Figure::grid([lines(3, 1.0), lines(2, 1.0), lines(2, 5.0)]).unwrap());
    assert_eq!(count(&texts, "model of number 1"), 3);
}

#[test]
fn each_label_of_points_is_written_once_and_near_its_point() {
    let scene = lines(5, 3.0).scene().unwrap();
    let texts: Vec<&Text> = scene
        .marks
        .iter()
        .filter_map(|mark| match mark {
            Mark::Text(text) => Some(text),
            _ => None,
        })
        .collect();
    let markers: Vec<(f64, f64)> = scene
        .marks
        .iter()
        .filter_map(|mark| match mark {
            Mark::Circle { center, .. } => Some(*center),
            Mark::Polygon { corners, .. } => {
                let n = corners.len() as f64;
                let sum = corners
                    .iter()
                    .fold((0.0, 0.0), |s, c| (s.0 + c.0, s.1 + c.1));
                Some((sum.0 / n, sum.1 / n))
            }
            _ => None,
        })
        .collect();
    let found: Vec<&&Text> = texts.iter().filter(|text| text.text == "k = 1").collect();
    assert_eq!(found.len(), 1);
    let (left, top, right, bottom) = found[0].bounds();
    let far = |&(x, y): &(f64, f64)| {
        (left - x)
            .max(x - right)
            .max(0.0)
            .hypot((top - y).max(y - bottom).max(0.0))
    };
    let nearest = markers.iter().map(far).fold(f64::INFINITY, f64::min);
    assert!((4.0..15.0).contains(&nearest), "{nearest}");
}

#[test]
fn a_panel_shows_some_points_of_each_class() {
    // Nearly all points are of one class, which come first.
    let points =
        ndarray::Array2::from_shape_fn((2, 1000), |(i, k)| (k as f64 * (1.3 + i as f64)).sin());
    let classes: Vec<usize> = (0..1000).map(|k| usize::from(k >= 997)).collect();
    let figure = Figure::decision_regions(&points, &classes, ["many", "few"], |points| {
        Ok(ndarray::Array2::from_elem((1, points.ncols()), 0.2))
    })
    .unwrap();
    let count = |figure: Figure| {
        let marks = figure.scene().unwrap().marks;
        let circles = marks
            .iter()
            .filter(|m| matches!(m, Mark::Circle { .. }))
            .count();
        let triangles = marks
            .iter()
            .filter(|m| matches!(m, Mark::Polygon { .. }))
            .count();
        (circles - 1, triangles - 1) // without the legend
    };
    assert_eq!(count(figure.clone()), (997, 3));
    assert_eq!(count(Figure::grid([figure]).unwrap()), (200, 1));
}

#[test]
fn the_colours_of_a_region_are_those_of_its_class() {
    let scene = regions().scene().unwrap();
    let areas: Vec<palette::Rgb> = scene
        .marks
        .iter()
        .filter_map(|mark| match mark {
            Mark::Area { color, .. } => Some(*color),
            _ => None,
        })
        .collect();
    let tint = |class, strength| scene.palette.tone(palette::Tone::Tint(class, strength));
    // From the outermost: on the ground of the inner class, everything is above the lowest levels; then the circle's
    // rings.
    assert!(areas.contains(&tint(0, 0.24)) && areas.contains(&tint(1, 0.36)));
    let borders = scene.marks.iter().filter(|mark| match mark {
        Mark::Line { color, points, .. } => *color == scene.palette.ink && points.len() > 10,
        _ => false,
    });
    assert_eq!(borders.count(), 1);
}

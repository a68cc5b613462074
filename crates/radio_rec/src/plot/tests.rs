//! Where things lie: no label is cut off, none lies on another.

use super::scene::{Anchor, CAP_HEIGHT, Mark, Text, text_width};
use super::*;

/// Left, top, right, bottom of a text's letters.
fn bounds(text: &Text) -> (f64, f64, f64, f64) {
    let width = text_width(&text.text, text.em);
    let before = match text.anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => width / 2.0,
        Anchor::End => width,
    };
    let rise = CAP_HEIGHT * text.em;
    if text.upright {
        (
            text.x - rise,
            text.y + before - width,
            text.x,
            text.y + before,
        )
    } else {
        (
            text.x - before,
            text.y - rise,
            text.x - before + width,
            text.y,
        )
    }
}

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
        let (left, top, right, bottom) = bounds(text);
        assert!(
            left >= 0.0 && top >= 0.0 && right <= scene.width && bottom <= scene.height - 2.0,
            "cut off: {text:?}"
        );
        for other in &texts[..k] {
            let (l, t, r, b) = bounds(other);
            let apart = right <= l || r <= left || bottom <= t || b <= top;
            assert!(apart, "{:?} lies on {:?}", text.text, other.text);
        }
    }
}

const LONG: &str =
    "Songs that were heard by people who also heard the songs that the person heard last";

fn every_kind() -> Vec<Figure> {
    let n = 300;
    let x: Vec<f64> = (0..n).map(|i| (f64::from(i) * 0.7).sin() * 3.0).collect();
    let y: Vec<f64> = (0..n).map(|i| (f64::from(i) * 1.3).cos() * 1e-4).collect();
    let classes: Vec<usize> = (0..n as usize).map(|i| i % 5).collect();
    let names: Vec<String> = (0..23).map(|i| format!("name of number {i}")).collect();
    let many = names.iter().map(String::as_str);
    let matrix = ndarray::Array2::from_shape_fn((23, 23), |(r, c)| (r as f64 - c as f64) * 1234.5);
    vec![
        Figure::scatter(&x, &y, &classes, &names[..5]).unwrap(),
        Figure::scatter([1.0], [2.0], [0], ["alone"]).unwrap(),
        Figure::scatter([1e9, -1e9], [1e-9, 2e-9], [0, 1], ["a", LONG]).unwrap(),
        Figure::scatter([0.1, 1e4], [1.0, 1e12], [0, 1], ["a", "b"])
            .unwrap()
            .log_x()
            .log_y(),
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
        Figure::curves(many.map(|name| (name, [1.0, 2.0, -3.0])))
            .unwrap()
            .size(900, 700),
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

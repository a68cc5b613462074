//! A quantity over the plane, and where it takes a value: contours.

use ndarray::{Array2, ArrayView2};

use super::axes::{Axis, Canvas};
use super::palette::Tone;
use super::scene::Scene;

/// At how many places along each side a function is evaluated. Between them the contours are interpolated.
pub(super) const COLUMNS: usize = 128;
pub(super) const ROWS: usize = 112;

/// A contour may be off by this many pixels, to have fewer corners.
const TOLERANCE: f64 = 0.15;

/// A point, both of whose coordinates are shares of the rectangle: (0, 0) is its lower left corner, (1, 1) the upper
/// right.
type Place = (f64, f64);

/// The points of the plane at which a function is asked, 2 x (`COLUMNS` `ROWS`): row by row from the lower left corner
/// of the rectangle that the axes span.
pub(super) fn places(x: &Axis, y: &Axis) -> Array2<f64> {
    Array2::from_shape_fn((2, COLUMNS * ROWS), |(coordinate, k)| match coordinate {
        0 => x.value((k % COLUMNS) as f64 / (COLUMNS - 1) as f64),
        _ => y.value((k / COLUMNS) as f64 / (ROWS - 1) as f64),
    })
}

/// A way around an area, its last point joined to the first. Seen with y upwards, what is above the level is on its
/// left.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ring {
    places: Vec<Place>,
    /// Positive if what is inside is above the level, negative if it is below.
    area: f64,
}

impl Ring {
    fn around(places: Vec<Place>) -> Self {
        let next = places.iter().cycle().skip(1);
        let area = places
            .iter()
            .zip(next)
            .map(|(a, b)| (a.0 * b.1 - b.0 * a.1) / 2.0)
            .sum();
        Self { places, area }
    }
}

/// The borders of the areas in which `values` (rows x columns, from the lower left) are above `level`. The edge of the
/// rectangle is part of a border where it cuts an area off.
///
/// This is the method of marching squares, with an interpolation along each side of a square, and the mean of the
/// corners to decide where two opposite ones are above.
fn rings(values: ArrayView2<'_, f64>, level: f64) -> Vec<Ring> {
    let (rows, columns) = values.dim();
    // A rim of nodes below any level, in the same places as their neighbours, closes the borders at the edge.
    let (width, height) = (columns + 2, rows + 2);
    let value = |i: usize, j: usize| {
        if (1..=columns).contains(&i) && (1..=rows).contains(&j) {
            values[(j - 1, i - 1)]
        } else {
            f64::NEG_INFINITY
        }
    };
    let place = |i: usize, j: usize| -> Place {
        (
            (i.clamp(1, columns) - 1) as f64 / (columns - 1).max(1) as f64,
            (j.clamp(1, rows) - 1) as f64 / (rows - 1).max(1) as f64,
        )
    };
    // The sides of the squares have numbers: first those from node (i, j) to (i + 1, j), then those to (i, j + 1).
    let flat = |i: usize, j: usize| j * (width - 1) + i;
    let upright = |i: usize, j: usize| (width - 1) * height + j * width + i;
    let sides = upright(0, height - 1);

    // A border comes into a square by one side, and leaves it by another: `next` is that side.
    let mut next = vec![usize::MAX; sides];
    for j in 0..height - 1 {
        for i in 0..width - 1 {
            let corners = [
                value(i, j),
                value(i + 1, j),
                value(i + 1, j + 1),
                value(i, j + 1),
            ];
            let above = corners.map(|v| v > level);
            if above == [true; 4] || above == [false; 4] {
                continue;
            }
            let around = [flat(i, j), upright(i + 1, j), flat(i, j + 1), upright(i, j)];
            let centre_above = corners.iter().sum::<f64>() / 4.0 > level;
            let enters = |side: usize| above[side] && !above[(side + 1) % 4];
            let leaves = |side: usize| !above[side] && above[(side + 1) % 4];
            for side in (0..4).filter(|&side| enters(side)) {
                // With two ways to go on, the one that leaves the centre on the side where it belongs.
                let (first, last) = if centre_above { (1, 3) } else { (3, 1) };
                let exit = [first, 2, last]
                    .into_iter()
                    .map(|step| (side + step) % 4)
                    .find(|&side| leaves(side))
                    .expect("what goes below comes above again around a square");
                next[around[side]] = around[exit];
            }
        }
    }

    let crossing = |side: usize| -> Place {
        let ((i, j), (k, l)) = if side < upright(0, 0) {
            let (i, j) = (side % (width - 1), side / (width - 1));
            ((i, j), (i + 1, j))
        } else {
            let (i, j) = (
                (side - upright(0, 0)) % width,
                (side - upright(0, 0)) / width,
            );
            ((i, j), (i, j + 1))
        };
        let (from, to) = (value(i, j), value(k, l));
        let share = (level - from) / (to - from);
        let ((x0, y0), (x1, y1)) = (place(i, j), place(k, l));
        // At the rim both ends are one place.
        let share = if share.is_finite() { share } else { 0.5 };
        (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
    };
    let mut rings = Vec::new();
    for start in 0..sides {
        let mut places = Vec::new();
        let mut side = start;
        while next[side] != usize::MAX {
            places.push(crossing(side));
            side = std::mem::replace(&mut next[side], usize::MAX);
        }
        if !places.is_empty() {
            rings.push(Ring::around(places));
        }
    }
    rings
}

/// What lies below a contour, and what above.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Contour {
    pub rings: Vec<Ring>,
    pub below: Tone,
    pub above: Tone,
}

impl Contour {
    /// The contour of `values` (rows x columns, from the lower left) at `level`.
    pub(super) fn of(values: ArrayView2<'_, f64>, level: f64, below: Tone, above: Tone) -> Self {
        let rings = rings(values, level);
        Self {
            rings,
            below,
            above,
        }
    }

    /// The share of the rectangle that is above.
    #[cfg(test)]
    pub(super) fn area(&self) -> f64 {
        self.rings.iter().map(|ring| ring.area).sum()
    }
}

/// Fills the frame with the colours of `contours`, whose levels rise. What is above one is above those before it.
pub(super) fn paint(scene: &mut Scene, canvas: &Canvas, contours: &[Contour]) {
    let frame = canvas.frame;
    let Some(lowest) = contours.first() else {
        return;
    };
    scene.rect(
        frame.left,
        frame.top,
        frame.width(),
        frame.height(),
        scene.palette.tone(lowest.below),
    );
    // Rings lie within each other or apart, so from the largest to the smallest, what is painted last is right. Of
    // equal rings, the one of the highest level is right inside of an area, and the one of the lowest inside of a hole.
    let mut order: Vec<(f64, usize, &Ring)> = Vec::new();
    for (level, contour) in contours.iter().enumerate() {
        for ring in &contour.rings {
            let rank = if ring.area > 0.0 {
                level
            } else {
                contours.len() - level
            };
            order.push((ring.area.abs(), rank, ring));
        }
    }
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, rank, ring) in order {
        let color = if ring.area > 0.0 {
            contours[rank].above
        } else {
            contours[contours.len() - rank].below
        };
        let corners = simplified(ring.places.iter().map(|&p| canvas.at_share(p)).collect());
        if corners.len() > 2 {
            scene.area(corners, scene.palette.tone(color));
        }
    }
}

/// Draws the borders themselves, but for where they are the edge of the rectangle.
pub(super) fn draw_lines(
    scene: &mut Scene,
    canvas: &Canvas,
    rings: &[Ring],
    width: f64,
    color: Tone,
) {
    for ring in rings {
        for way in inner_ways(&ring.places) {
            let points = simplified(way.into_iter().map(|p| canvas.at_share(p)).collect());
            if points.len() > 1 {
                scene.line(points, width, scene.palette.tone(color));
            }
        }
    }
}

/// A closed way in pieces that do not run along the edge.
fn inner_ways(places: &[Place]) -> Vec<Vec<Place>> {
    let along_edge = |a: Place, b: Place| {
        let on = |a: f64, b: f64| a == b && (a == 0.0 || a == 1.0);
        on(a.0, b.0) || on(a.1, b.1)
    };
    let n = places.len();
    let step = |k: usize| (places[k % n], places[(k + 1) % n]);
    // Begin at a piece's beginning, if there is an end anywhere.
    let start = (0..n).find(|&k| {
        let (a, b) = step(k);
        along_edge(a, b)
    });
    let first = start.map_or(0, |k| k + 1);
    let mut ways: Vec<Vec<Place>> = Vec::new();
    let mut going = false;
    for k in first..first + n {
        let (a, b) = step(k);
        if along_edge(a, b) {
            going = false;
            continue;
        }
        match ways.last_mut().filter(|_| going) {
            Some(way) => way.push(b),
            None => ways.push(vec![a, b]),
        }
        going = true;
    }
    ways
}

/// The line without the corners it can do without (D. H. Douglas, T. K. Peucker, "Algorithms for the reduction of the
/// number of points required to represent a digitized line or its caricature", Cartographica 10, 1973).
fn simplified(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    if points.len() < 3 {
        return points;
    }
    let mut kept = vec![false; points.len()];
    let last = points.len() - 1;
    kept[0] = true;
    kept[last] = true;
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let furthest = (from + 1..to)
            .map(|k| (distance(points[k], points[from], points[to]), k))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((far, k)) = furthest
            && far > TOLERANCE
        {
            kept[k] = true;
            open.extend([(from, k), (k, to)]);
        }
    }
    let mut kept = kept.into_iter();
    points
        .into_iter()
        .filter(|_| kept.next() == Some(true))
        .collect()
}

/// From `p` to the line segment from `a` to `b`.
fn distance(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let along = if length == 0.0 {
        0.0
    } else {
        (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length).clamp(0.0, 1.0)
    };
    (p.0 - a.0 - along * dx).hypot(p.1 - a.1 - along * dy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    fn total(rings: &[Ring]) -> f64 {
        rings.iter().map(|ring| ring.area).sum()
    }

    #[test]
    fn a_disc_has_one_round_border() {
        let values = Array2::from_shape_fn((81, 101), |(j, i)| {
            let (x, y) = (i as f64 / 100.0 - 0.5, j as f64 / 80.0 - 0.5);
            0.09 - x * x - y * y
        });
        let disc = rings(values.view(), 0.0);
        assert_eq!(disc.len(), 1);
        assert!((disc[0].area - std::f64::consts::PI * 0.09).abs() < 1e-3);
        for (x, y) in &disc[0].places {
            assert!(((x - 0.5).hypot(y - 0.5) - 0.3).abs() < 1e-3);
        }
        assert_eq!(inner_ways(&disc[0].places).len(), 1);

        // The other way about: the whole square, and a hole in it.
        let around = rings((-values).view(), 0.0);
        assert_eq!(around.len(), 2);
        assert!((total(&around) - (1.0 - std::f64::consts::PI * 0.09)).abs() < 1e-3);
        let ways: usize = around
            .iter()
            .map(|ring| inner_ways(&ring.places).len())
            .sum();
        assert_eq!(ways, 1);
    }

    #[test]
    fn the_border_of_a_half_plane_is_interpolated() {
        let values = array![[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]];
        let right = rings(values.view(), 0.5);
        assert_eq!(right.len(), 1);
        assert!((right[0].area - 0.75).abs() < 1e-12);
        let ways = inner_ways(&right[0].places);
        assert_eq!(ways.len(), 1);
        assert!(ways[0].iter().all(|&(x, _)| (x - 0.25).abs() < 1e-12));
    }

    #[test]
    fn nothing_and_everything_have_no_inner_border() {
        let values = array![[1.0, 1.0], [1.0, 1.0]];
        assert!(rings(values.view(), 1.0).is_empty());
        let all = rings(values.view(), 0.5);
        assert!((total(&all) - 1.0).abs() < 1e-12);
        assert!(inner_ways(&all[0].places).is_empty());
    }

    #[test]
    fn two_opposite_corners_are_joined_through_a_high_centre_only() {
        // The mean of the corners is 0.5.
        let saddle = array![[1.0, 0.0], [0.0, 1.0]];
        assert_eq!(rings(saddle.view(), 0.4).len(), 1);
        assert_eq!(rings(saddle.view(), 0.6).len(), 2);
    }

    #[test]
    fn straight_lines_keep_their_ends_and_curves_their_shape() {
        let line: Vec<(f64, f64)> = (0..50)
            .map(|k| (f64::from(k), f64::from(k) * 2.0))
            .collect();
        assert_eq!(simplified(line), [(0.0, 0.0), (49.0, 98.0)]);
        let circle: Vec<(f64, f64)> = (0..=400)
            .map(|k| (f64::from(k) * std::f64::consts::TAU / 400.0).sin_cos())
            .map(|(sin, cos)| (100.0 * cos, 100.0 * sin))
            .collect();
        let fewer = simplified(circle);
        assert!((20..80).contains(&fewer.len()), "{}", fewer.len());
        assert!(
            fewer
                .iter()
                .all(|&(x, y)| (x.hypot(y) - 100.0).abs() < 1e-9)
        );
    }

    proptest! {
        /// The colour of a node is that of the smallest ring around it, whichever way the areas lie within each other.
        #[test]
        fn each_node_is_on_its_side_of_each_border(
            numbers in proptest::collection::vec(-3..4i32, 42),
            level in -3..3i32,
        ) {
            let values = Array2::from_shape_vec((6, 7), numbers).unwrap().mapv(f64::from);
            let level = f64::from(level) + 0.5;
            let found = rings(values.view(), level);
            for ((j, i), &value) in values.indexed_iter() {
                // Nodes at the rim lie on a border that runs along the edge.
                if i == 0 || j == 0 || i == 6 || j == 5 {
                    continue;
                }
                let node = (i as f64 / 6.0, j as f64 / 5.0);
                let winding: i32 = found.iter().map(|ring| winding_number(node, &ring.places)).sum();
                prop_assert_eq!(winding, i32::from(value > level));
            }
        }
    }

    /// How often a closed way goes around a point that is not on it, counted against the clock.
    fn winding_number(point: Place, places: &[Place]) -> i32 {
        let next = places.iter().cycle().skip(1);
        let turned: f64 = places
            .iter()
            .zip(next)
            .map(|(a, b)| {
                let (a, b) = (
                    (a.0 - point.0, a.1 - point.1),
                    (b.0 - point.0, b.1 - point.1),
                );
                (a.0 * b.1 - a.1 * b.0).atan2(a.0 * b.0 + a.1 * b.1)
            })
            .sum();
        (turned / std::f64::consts::TAU).round() as i32
    }
}

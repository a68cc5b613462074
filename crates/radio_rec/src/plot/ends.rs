//! Names at the ends of lines, on the right of the frame.

use super::axes::{Canvas, GAP, MARGIN, TICK_EM};
use super::scene::{Anchor, CAP_HEIGHT, Scene, ellipsize, widest};

/// From one name at an end to the next.
const NAME_HEIGHT: f64 = TICK_EM * 1.25;
/// From the frame to the names at its right, where lines lead from the ends to the names.
const LEADER: f64 = 22.0;
/// The radius of a marker.
pub(super) const RADIUS: f64 = 5.0;

/// Whether `count` names fit one below the other into a picture of this height, with its title and its labels.
pub(super) fn names_fit(count: usize, height: f64) -> bool {
    count as f64 * NAME_HEIGHT <= height - 140.0
}

/// How much room the names at the ends of lines need between the frame and the edge of a picture of this width.
pub(super) fn width_of_names(ends: &[(String, (f64, f64))], width: f64) -> f64 {
    let room = width * 0.3;
    let longest = widest(ends.iter().map(|(name, _)| name.as_str()), TICK_EM);
    LEADER + 2.0 * RADIUS + GAP + longest.min(room) + MARGIN
}

/// Writes the names of the lines right of the frame, near the heights of their ends, and leads there from the ends.
pub(super) fn draw_names(scene: &mut Scene, canvas: &Canvas, ends: &[(String, (f64, f64))]) {
    let frame = canvas.frame;
    let ends: Vec<(&str, (f64, f64))> = ends
        .iter()
        .map(|(name, (x, y))| (name.as_str(), canvas.at(*x, *y)))
        .collect();
    let mut order: Vec<usize> = (0..ends.len()).collect();
    order.sort_by(|&a, &b| ends[a].1.1.total_cmp(&ends[b].1.1));
    let wanted: Vec<f64> = order.iter().map(|&index| ends[index].1.1).collect();
    let heights = spread(&wanted, frame.top, frame.bottom);
    let x = frame.right + LEADER + RADIUS;
    let room = scene.width - MARGIN - x - RADIUS - GAP;
    for (&index, y) in order.iter().zip(heights) {
        let (name, end) = ends[index];
        let look = scene.palette.series(index);
        scene.line(
            vec![end, (frame.right + 2.0, y), (x, y)],
            1.0,
            scene.palette.leading,
        );
        scene.marker((x, y), RADIUS, look);
        let name = ellipsize(name, TICK_EM, room);
        let at = (x + RADIUS + GAP, y + CAP_HEIGHT * TICK_EM / 2.0);
        scene.text(&name, at, TICK_EM, Anchor::Start);
    }
}

/// Heights near the `wanted` ones, which rise, but no two nearer than a name is high; from `top` to `bottom` if there
/// is room.
fn spread(wanted: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let mut heights = Vec::with_capacity(wanted.len());
    let mut least = top;
    for &height in wanted {
        let height = height.max(least);
        heights.push(height);
        least = height + NAME_HEIGHT;
    }
    let mut most = bottom;
    for height in heights.iter_mut().rev() {
        *height = height.min(most);
        most = *height - NAME_HEIGHT;
    }
    heights
}

//! A PNG as sixels, which some terminals show: made small enough, and of 256 colours at most.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

/// A colour: red, green and blue.
type Colour = [u8; 3];

/// How many colours terminals have for a picture.
const MAX_COLOURS: usize = 256;
/// How many rows of dots a row of sixels has.
const BAND: usize = 6;

/// What is written to a terminal for it to show a PNG, at most so many dots wide; `None` if it is none.
pub fn sixels(png: &[u8], most: usize) -> Option<String> {
    let (colours, width) = read(png)?;
    let (colours, width) = shrink(colours, width, most);
    let (palette, dots) = choose(&colours);
    let height = dots.len() / width;
    // The dots are square, and what is not painted stays as it is.
    let mut written = format!("\x1bP0;1q\"1;1;{width};{height}");
    for (number, colour) in palette.iter().enumerate() {
        let [red, green, blue] = colour.map(|part| (u32::from(part) * 100 + 127) / 255);
        let _ = write!(written, "#{number};2;{red};{green};{blue}");
    }
    for band in dots.chunks(BAND * width) {
        write_band(&mut written, band, width);
    }
    Some(written + "\x1b\\")
}

/// The dots of a PNG on white, row by row, and how many are in a row.
fn read(png: &[u8]) -> Option<(Vec<Colour>, usize)> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    let mut bytes = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut bytes).ok()?;
    bytes.truncate(info.buffer_size());
    let on_white = |part: u8, alpha: u8| {
        let (part, alpha) = (u32::from(part), u32::from(alpha));
        ((part * alpha + 255 * (255 - alpha)) / 255).min(255) as u8
    };
    let samples = info.color_type.samples();
    let colours = bytes.chunks_exact(samples).map(|dot| match *dot {
        [red, green, blue] => [red, green, blue],
        [red, green, blue, alpha] => [red, green, blue].map(|part| on_white(part, alpha)),
        [grey, alpha] => [on_white(grey, alpha); 3],
        _ => [dot[0]; 3],
    });
    let width = usize::try_from(info.width).ok()?;
    (width > 0).then(|| (colours.collect(), width))
}

/// The picture at most so many dots wide: each is the mean of those in its place.
fn shrink(colours: Vec<Colour>, width: usize, most: usize) -> (Vec<Colour>, usize) {
    let most = most.max(1);
    if width <= most {
        return (colours, width);
    }
    let height = colours.len() / width;
    let rows = (height * most / width).max(1);
    let range = |at: usize, of: usize, all: usize| {
        let from = at * all / of;
        from..((at + 1) * all / of).max(from + 1)
    };
    let mut small = Vec::with_capacity(rows * most);
    for row in 0..rows {
        for column in 0..most {
            let (mut sum, mut count) = ([0u32; 3], 0);
            for y in range(row, rows, height) {
                for colour in &colours[y * width..][range(column, most, width)] {
                    for (sum, part) in sum.iter_mut().zip(colour) {
                        *sum += u32::from(*part);
                    }
                    count += 1;
                }
            }
            small.push(sum.map(|sum| (sum / count).min(255) as u8));
        }
    }
    (small, most)
}

/// The colours that a picture is shown in, the most frequent ones, and which of them each dot has: the nearest.
fn choose(colours: &[Colour]) -> (Vec<Colour>, Vec<u8>) {
    // Those that are hardly another count as one.
    let alike = |colour: &Colour| colour.map(|part| part >> 3);
    let mut found: BTreeMap<Colour, (usize, [u64; 3])> = BTreeMap::new();
    for colour in colours {
        let (count, sum) = found.entry(alike(colour)).or_default();
        *count += 1;
        for (sum, part) in sum.iter_mut().zip(colour) {
            *sum += u64::from(*part);
        }
    }
    let mut groups: Vec<(usize, Colour)> = found
        .values()
        .map(|(count, sum)| (*count, sum.map(|sum| (sum / *count as u64).min(255) as u8)))
        .collect();
    groups.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    groups.truncate(MAX_COLOURS);
    let palette: Vec<Colour> = groups.into_iter().map(|(_, colour)| colour).collect();
    let distance = |a: Colour, b: Colour| -> u32 {
        let parts = a.into_iter().zip(b);
        parts.map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    let mut nearest: HashMap<Colour, u8> = HashMap::new();
    let dots = colours.iter().map(|colour| {
        *nearest.entry(alike(colour)).or_insert_with(|| {
            let numbers = (0..=u8::MAX).zip(&palette);
            let nearest = numbers.min_by_key(|(_, of)| distance(**of, *colour));
            nearest.map_or(0, |(number, _)| number)
        })
    });
    let dots = dots.collect();
    (palette, dots)
}

/// Writes six rows, or the last ones: each colour over the whole width, one after the other.
fn write_band(written: &mut String, band: &[u8], width: usize) {
    let mut rows: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
    for (at, dot) in band.iter().enumerate() {
        let row = rows.entry(*dot).or_insert_with(|| vec![0; width]);
        row[at % width] |= 1 << (at / width);
    }
    for (at, (colour, row)) in rows.iter().enumerate() {
        let back = if at == 0 { "" } else { "$" };
        let _ = write!(written, "{back}#{colour}");
        for run in row.chunk_by(|a, b| a == b) {
            let sixel = char::from(b'?' + run[0]);
            match run.len() {
                1..=3 => written.extend(std::iter::repeat_n(sixel, run.len())),
                count => {
                    let _ = write!(written, "!{count}{sixel}");
                }
            }
        }
    }
    written.push('-');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, dots: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(dots).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn a_picture_becomes_rows_of_six_dots_a_colour_at_a_time() {
        // Seven rows of four red dots and a black one.
        let row = [255, 0, 0].repeat(4).into_iter().chain([0, 0, 0]);
        let dots: Vec<u8> = std::iter::repeat_n(row, 7).flatten().collect();
        assert_eq!(
            sixels(&png(5, 7, &dots), 9).unwrap(),
            "\x1bP0;1q\"1;1;5;7#0;2;100;0;0#1;2;0;0;0#0!4~?$#1!4?~-#0!4@?$#1!4?@-\x1b\\"
        );
        assert_eq!(sixels(b"no picture", 9), None);
    }

    #[test]
    fn what_is_too_wide_is_made_smaller_and_keeps_its_shape() {
        let dots: Vec<u8> = [[0; 3], [200; 3]].concat().repeat(4 * 2);
        let (small, width) = shrink(read(&png(8, 2, &dots)).unwrap().0, 8, 4);
        assert_eq!((small, width), (vec![[100; 3]; 4], 4));
    }

    #[test]
    fn more_colours_than_a_terminal_has_become_the_nearest() {
        let all: Vec<Colour> = (0..32 * 32)
            .map(|at| [(at % 32 * 8) as u8, (at / 32 * 8) as u8, 0])
            .chain([[255, 255, 255]; 9])
            .collect();
        let (palette, dots) = choose(&all);
        assert_eq!((palette.len(), palette[0]), (256, [255; 3]));
        let off = all.iter().zip(&dots).map(|(colour, dot)| {
            let shown = palette[usize::from(*dot)];
            colour.iter().zip(shown).map(|(a, b)| a.abs_diff(b)).max()
        });
        assert!(off.flatten().max() < Some(255));
        assert!(dots[1024..].iter().all(|dot| *dot == 0));
    }
}

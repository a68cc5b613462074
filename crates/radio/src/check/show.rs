//! Differences as a person reads them: a unified diff for text, sizes for images.

use crate::check::compare::{Content, Difference};
use crate::terminal::{HEAD, NEW, OLD, visible};
use anstyle::{AnsiColor, Style};
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline, group_diff_ops};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Lines around a difference.
const CONTEXT: usize = 3;
/// The most lines that are shown of the diff of an output.
const MAX_LINES: usize = 40;
/// The most characters that are shown of one line.
const MAX_CHARACTERS: usize = 160;
/// Characters that are shown before the place where a long line differs.
const LEAD: usize = 40;
/// After this time a diff may be longer than need be.
const MAX_TIME: Duration = Duration::from_secs(1);

const PLACE: Style = AnsiColor::Cyan.on_default();

/// The two sides of a comparison, by what they are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides<'n> {
    /// What a notebook holds, and what its cells give when they run.
    StoredAndNow,
    /// Two files.
    Files(&'n str, &'n str),
}

impl Sides<'_> {
    fn heads(&self) -> (&str, &str) {
        match self {
            Sides::StoredAndNow => ("stored", "now"),
            Sides::Files(old, new) => (old, new),
        }
    }

    fn gone(&self) -> &str {
        match self {
            Sides::StoredAndNow => " is stored, and does not come now",
            Sides::Files(..) => " is gone",
        }
    }

    fn fresh(&self) -> &str {
        match self {
            Sides::StoredAndNow => " is new: nothing is stored",
            Sides::Files(..) => " is new",
        }
    }

    fn sizes(&self, old: usize, new: usize) -> String {
        let (old, new) = (grouped(old), grouped(new));
        match self {
            Sides::StoredAndNow => format!(" differs ({old} bytes stored, {new} now)"),
            Sides::Files(..) => format!(" differs ({old} bytes, then {new})"),
        }
    }
}

/// The differences of one cell, which is called `cell`. The text has colours, for [`anstream`] to take out where nobody
/// sees them; what comes from the notebook has none.
pub fn differences(cell: &str, differences: &[Difference], sides: Sides<'_>) -> String {
    let mut shown = String::new();
    let same_output = |a: &&Difference, b: &&Difference| a.output.is_some() && a.output == b.output;
    let differences: Vec<&Difference> = differences.iter().collect();
    for output in differences.chunk_by(same_output) {
        // One text of an output tells the story: the others are the same in another form.
        let told = output
            .iter()
            .filter_map(|difference| Some((preference(&difference.part)?, *difference)))
            .min_by_key(|(preference, _)| *preference)
            .map(|(_, difference)| difference);
        let told_first = told.into_iter().map(|difference| (difference, true));
        let others = output
            .iter()
            .filter(|difference| told.is_none_or(|told| !std::ptr::eq(told, **difference)));
        for (difference, in_full) in
            told_first.chain(others.map(|difference| (*difference, told.is_none())))
        {
            let of_output = match difference.output {
                Some(number) => format!("output {number}, "),
                None => String::new(),
            };
            let part = visible(&difference.part);
            let _ = write!(shown, "{HEAD}{cell}, {of_output}{part}{HEAD:#}");
            shown.push_str(&how_it_differs(difference, in_full, sides));
        }
    }
    shown
}

/// How good a MIME type's text is to read, 0 being the best; `None` for what is not read but looked at.
fn preference(part: &str) -> Option<usize> {
    let best = [
        "text/plain",
        "evalue",
        "traceback",
        "ename",
        "text/markdown",
    ];
    if part.starts_with("image/") {
        return None;
    }
    Some(best.iter().position(|&p| p == part).unwrap_or(best.len()))
}

fn how_it_differs(difference: &Difference, in_full: bool, sides: Sides<'_>) -> String {
    let texts = match (&difference.stored, &difference.fresh) {
        (Some(Content::Text(stored)), Some(Content::Text(fresh))) => Some((&**stored, &**fresh)),
        (Some(Content::Text(stored)), None) => Some((&**stored, "")),
        (None, Some(Content::Text(fresh))) => Some(("", &**fresh)),
        _ => None,
    };
    let verdict = match (&difference.stored, &difference.fresh) {
        (Some(_), None) => sides.gone().to_owned(),
        (None, Some(_)) => sides.fresh().to_owned(),
        (Some(stored), Some(fresh)) => match (size(stored), size(fresh)) {
            (Some(stored), Some(fresh)) if texts.is_none() || !in_full => {
                sides.sizes(stored, fresh)
            }
            _ => " differs".to_owned(),
        },
        (None, None) => String::new(),
    };
    match texts {
        Some((stored, fresh)) if in_full && preference(&difference.part).is_some() => {
            format!("{verdict}\n{}", diff(stored, fresh, sides, MAX_LINES))
        }
        _ => format!("{verdict}\n"),
    }
}

fn size(content: &Content) -> Option<usize> {
    match content {
        Content::Text(text) => Some(text.len()),
        Content::Bytes(bytes) => Some(bytes.len()),
        Content::Presence => None,
    }
}

/// A number with its digits in groups of three.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// A unified diff of at most so many lines, with long ones shortened.
pub fn diff(stored: &str, fresh: &str, sides: Sides<'_>, most_lines: usize) -> String {
    let old: Vec<&str> = stored.split_inclusive('\n').collect();
    let new: Vec<&str> = fresh.split_inclusive('\n').collect();
    let deadline = Instant::now().checked_add(MAX_TIME);
    let operations = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, deadline);
    let (old_head, new_head) = sides.heads();
    let mut lines = vec![
        format!("{OLD}--- {}{OLD:#}", visible(old_head)),
        format!("{NEW}+++ {}{NEW:#}", visible(new_head)),
    ];
    for hunk in group_diff_ops(operations, CONTEXT) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
            continue;
        };
        let range = |start: usize, end: usize| match end - start {
            1 => format!("{}", start + 1),
            0 => format!("{start},0"),
            length => format!("{},{length}", start + 1),
        };
        let olds = range(first.old_range().start, last.old_range().end);
        let news = range(first.new_range().start, last.new_range().end);
        lines.push(format!("{PLACE}@@ -{olds} +{news} @@{PLACE:#}"));
        for operation in hunk {
            let (olds, news) = (&old[operation.old_range()], &new[operation.new_range()]);
            if matches!(operation, DiffOp::Equal { .. }) {
                lines.extend(olds.iter().map(|line| format!(" {}", shortened(line, 0))));
                continue;
            }
            let differs_at = |at: usize| match (olds.get(at), news.get(at)) {
                (Some(old), Some(new)) => common_start(old, new),
                _ => 0,
            };
            for (sign, style, side) in [('-', OLD, olds), ('+', NEW, news)] {
                lines.extend(side.iter().enumerate().map(|(at, line)| {
                    let text = with_visible_end(line, differs_at(at));
                    format!("{style}{sign}{text}{style:#}")
                }));
            }
        }
    }
    if lines.len() > most_lines {
        let more = lines.len() - most_lines;
        lines.truncate(most_lines);
        lines.push(format!("({more} more lines)"));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// How many characters two lines begin with in common.
fn common_start(old: &str, new: &str) -> usize {
    old.chars()
        .zip(new.chars())
        .take_while(|(a, b)| a == b)
        .count()
}

/// A line that differs, which may be only in what stands unseen at its end.
fn with_visible_end(line: &str, differs_at: usize) -> String {
    let (text, end) = match line.strip_suffix('\n') {
        Some(text) => (text, ""),
        None => (line, " (no line end)"),
    };
    let kept = text.trim_end_matches(' ');
    let spaces = "·".repeat(text.len() - kept.len());
    format!("{}{end}", shortened(&format!("{kept}{spaces}"), differs_at))
}

/// The part of a line around the character at `differs_at`.
fn shortened(line: &str, differs_at: usize) -> String {
    let line = line.trim_end_matches('\n');
    let length = line.chars().count();
    if length <= MAX_CHARACTERS {
        return visible(line);
    }
    let start = differs_at.saturating_sub(LEAD).min(length - MAX_CHARACTERS);
    let part: String = line.chars().skip(start).take(MAX_CHARACTERS).collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if start + MAX_CHARACTERS < length {
        "…"
    } else {
        ""
    };
    format!("{before}{}{after}", visible(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(output: Option<usize>, part: &str, stored: &str, fresh: &str) -> Difference {
        Difference {
            output,
            part: part.into(),
            stored: Some(Content::Text(stored.into())),
            fresh: Some(Content::Text(fresh.into())),
        }
    }

    fn plain(cell: &str, all: &[Difference]) -> String {
        anstream::adapter::strip_str(&differences(cell, all, Sides::StoredAndNow)).to_string()
    }

    #[test]
    fn a_long_line_is_shown_around_what_differs() {
        let line: String = (0..=MAX_CHARACTERS + LEAD)
            .map(|at| char::from(b'a' + (at % 26) as u8))
            .collect();
        let at_its_start = shortened(&line, 0);
        assert!(at_its_start.starts_with("abc") && at_its_start.ends_with('…'));
        let at_its_end = shortened(&line, line.len() - 1);
        let end = &line[line.len() - MAX_CHARACTERS..];
        assert_eq!(at_its_end, format!("…{end}"));
        let inside = shortened(&line, LEAD + 1);
        assert!(
            inside.starts_with("…b") && inside.ends_with('…'),
            "{inside}"
        );
        assert_eq!(shortened(end, 0), end);
    }

    #[test]
    fn text_is_shown_as_a_unified_diff() {
        let stored: String = (1..=20).map(|n| format!("{n}\n")).collect();
        let fresh = stored.replace("10\n", "ten \n").replace("20\n", "20");
        assert_eq!(
            plain("cell 2", &[difference(None, "stdout", &stored, &fresh)]),
            "cell 2, stdout differs\n--- stored\n+++ now\n@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten·\n 11\n 12\n 13\n\
             @@ -17,4 +17,4 @@\n 17\n 18\n 19\n-20\n+20 (no line end)\n"
        );
    }

    #[test]
    fn one_text_of_an_output_is_shown_and_the_others_are_named() {
        let bytes = |n| Some(Content::Bytes(vec![0; n]));
        let image = Difference {
            output: Some(2),
            part: "image/png".into(),
            stored: bytes(12_345),
            fresh: bytes(1_012_349),
        };
        let html = difference(Some(2), "text/html", "<b>1</b>", "<b>22</b>");
        let text = difference(Some(2), "text/plain", "1\n", "22\n");
        assert_eq!(
            plain("cell 1", &[image.clone(), html.clone(), text]),
            "cell 1, output 2, text/plain differs\n--- stored\n+++ now\n@@ -1 +1 @@\n-1\n+22\n\
             cell 1, output 2, image/png differs (12 345 bytes stored, 1 012 349 now)\n\
             cell 1, output 2, text/html differs (8 bytes stored, 9 now)\n"
        );
        assert!(plain("cell 1", &[html]).contains("-<b>1</b> (no line end)\n"));
        let gone = Difference {
            fresh: None,
            ..image
        };
        assert_eq!(
            plain("cell 1", &[gone]),
            "cell 1, output 2, image/png is stored, and does not come now\n"
        );
    }

    #[test]
    fn long_diffs_are_shortened_around_what_differs() {
        let stored = "x".repeat(1000) + "old" + &"y".repeat(1000);
        let shown = plain(
            "c",
            &[difference(
                None,
                "stdout",
                &stored,
                &stored.replace("old", "new"),
            )],
        );
        assert!(
            shown.contains("xxxoldyyy") && shown.contains("xxxnewyyy"),
            "{shown}"
        );
        assert!(shown.len() < 600, "{shown}");
        let stored: String = (0..500).map(|n| format!("{n}\n")).collect();
        let shown = plain("c", &[difference(None, "stdout", &stored, "")]);
        assert!(shown.contains("\n-36\n(463 more lines)\n"), "{shown}");
    }

    #[test]
    fn nothing_in_the_data_reaches_the_terminal_as_a_command() {
        let shown = plain(
            "c",
            &[difference(
                None,
                "std\u{1b}out",
                "\u{1b}[31mred\r\n",
                "\u{202e}x\u{7}\u{9b}m\t\n",
            )],
        );
        assert_eq!(
            shown,
            "c, std\\u{1b}out differs\n--- stored\n+++ now\n@@ -1 +1 @@\n-\\u{1b}[31mred\\r\n+\\u{202e}x\\u{7}\\u{9b}m\t\n"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_difference_is_shown(stored in "(?s).{0,400}", fresh in "(?s).{0,400}") {
            let shown = plain("c", &[difference(None, "stdout", &stored, &fresh)]);
            proptest::prop_assert!(shown.starts_with("c, stdout differs\n"));
        }
    }
}

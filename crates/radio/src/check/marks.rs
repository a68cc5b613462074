//! What a cell's tags and comments ask of a comparison: nbval's marks, and Jupyter's.

use radio_notebook::document::Cell;
use serde_json::Value;

/// The tag that has the images of a cell compared by presence.
const IMAGES_BY_PRESENCE: &str = "radio-images-by-presence";

/// What a cell asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The cell does not run.
    pub skips: bool,
    /// The cell's failing is what the notebook wants to show.
    pub raises: bool,
    /// Whether its outputs are compared, where it says so.
    pub compares: Option<bool>,
    /// It is enough that the cell still shows an image where one is stored.
    pub images_by_presence: bool,
}

impl Marks {
    /// Reads a cell's tags and comments. Where both speak of the same thing, the comments count; of two comments or
    /// tags, the later one.
    pub fn of(cell: &Cell) -> Marks {
        let mut marks = Marks::default();
        for tag in cell.tags() {
            match tag {
                "nbval-skip" | "skip-execution" => marks.skips = true,
                "nbval-raises-exception" | "raises-exception" => marks.raises = true,
                "nbval-ignore-output" => marks.compares = Some(false),
                "nbval-check-output" => marks.compares = Some(true),
                IMAGES_BY_PRESENCE => marks.images_by_presence = true,
                _ => {}
            }
        }
        let comments = cell
            .source
            .lines()
            .filter_map(|line| line.trim().strip_prefix("//"));
        for comment in comments {
            match comment.trim_start_matches('/').trim() {
                "NBVAL_SKIP" => marks.skips = true,
                "NBVAL_RAISES_EXCEPTION" => marks.raises = true,
                "NBVAL_IGNORE_OUTPUT" => marks.compares = Some(false),
                "NBVAL_CHECK_OUTPUT" => marks.compares = Some(true),
                _ => {}
            }
        }
        marks
    }

    /// Gives `cell` Jupyter's tags for what its marks ask, which are all that executing looks at. `remove-output` goes
    /// where outputs are stored all the same: then there is something to compare with.
    pub fn apply(self, cell: &mut Cell) {
        let mut tags: Vec<String> = cell.tags().into_iter().map(str::to_owned).collect();
        if !cell.outputs().is_empty() {
            tags.retain(|tag| tag != "remove-output");
        }
        for (asked, tag) in [
            (self.skips, "skip-execution"),
            (self.raises, "raises-exception"),
        ] {
            if asked && !tags.iter().any(|known| known == tag) {
                tags.push(tag.to_owned());
            }
        }
        cell.set_metadata("tags", Value::from(tags));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use radio_notebook::document::CellKind;

    fn marks(tags: &[&str], source: &str) -> Marks {
        let mut cell = Cell::new(CellKind::Code, source);
        cell.set_metadata("tags", tags.into());
        Marks::of(&cell)
    }

    #[test]
    fn tags_and_comments_are_nbvals() {
        assert_eq!(
            marks(&["other"], "// NBVAL_SKIP it\n\"NBVAL_SKIP\""),
            Marks::default()
        );
        assert!(marks(&["nbval-skip"], "").skips);
        assert!(marks(&["skip-execution"], "").skips);
        assert!(marks(&[], "x;\n  /// NBVAL_SKIP ").skips);
        assert!(marks(&[], "//NBVAL_RAISES_EXCEPTION").raises);
        assert_eq!(marks(&["nbval-ignore-output"], "").compares, Some(false));
        assert_eq!(
            marks(&["nbval-ignore-output"], "// NBVAL_CHECK_OUTPUT").compares,
            Some(true)
        );
    }

    #[test]
    fn executing_sees_jupyters_tags() {
        let mut cell = Cell::new(CellKind::Code, "");
        cell.set_metadata(
            "tags",
            ["remove-output", "nbval-raises-exception", "mine"]
                .as_slice()
                .into(),
        );
        Marks::of(&cell).apply(&mut cell);
        assert_eq!(
            cell.tags(),
            [
                "remove-output",
                "nbval-raises-exception",
                "mine",
                "raises-exception"
            ]
        );
        let output = radio_notebook::document::Output::Stream {
            stderr: false,
            text: "x".into(),
        };
        cell.set_outputs(&[output], Some(1));
        Marks::of(&cell).apply(&mut cell);
        assert!(!cell.has_tag("remove-output"));
    }
}

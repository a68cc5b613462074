//! Markdown as text for a terminal.

use super::code;
use super::screen::Screen;
use console::{Alignment, Style, measure_text_width, pad_str};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use textwrap::WordSplitter;

/// `source` in lines of `width` columns at most, where words, code and formulas are not longer. Formulas stay as they
/// are written. Where there are no colours, the marks of emphasis and code stay as well.
pub fn render(source: &str, width: usize, screen: Screen) -> String {
    let mut page = Page {
        screen,
        width,
        text: String::new(),
        inline: String::new(),
        indents: Vec::new(),
        marker: None,
        lists: Vec::new(),
        styles: Vec::new(),
        targets: Vec::new(),
        verbatim: None,
        table: None,
    };
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH;
    for event in Parser::new_ext(source, options) {
        page.take(event);
    }
    page.flush();
    page.text
}

struct Page {
    screen: Screen,
    width: usize,
    text: String,
    /// The words of the paragraph or table cell so far.
    inline: String,
    /// What stands before each line: an entry for each open quotation and list item.
    indents: Vec<String>,
    /// The bullet or number in place of the innermost indent, until a line has it.
    marker: Option<String>,
    /// The open lists: the number of the next item, or none for bullets.
    lists: Vec<Option<u64>>,
    styles: Vec<Style>,
    /// Where the open links and pictures lead, and where in `inline` their text begins.
    targets: Vec<(String, usize)>,
    /// The open code or HTML block, and whether it is Rust.
    verbatim: Option<(String, bool)>,
    table: Option<Vec<Vec<String>>>,
}

impl Page {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) => match &mut self.verbatim {
                Some((block, _)) => block.push_str(&text),
                None => self.words(&text),
            },
            Event::Code(code) => {
                let mark = if self.screen.has_colours { "" } else { "`" };
                self.styles.push(Style::new().cyan());
                self.words(&format!("{mark}{code}{mark}"));
                self.styles.pop();
            }
            Event::InlineMath(formula) => self.words(&format!("${formula}$")),
            Event::DisplayMath(formula) => {
                self.inline = self.inline.trim_end().to_owned();
                self.break_line();
                self.words(&format!("$${formula}$$"));
                self.inline.push('\n');
            }
            Event::InlineHtml(tag) if tag.starts_with("<br") => self.break_line(),
            Event::InlineHtml(tag) => self.words(&tag),
            Event::SoftBreak if self.inline.is_empty() || self.inline.ends_with('\n') => {}
            Event::SoftBreak => self.inline.push(' '),
            Event::HardBreak => self.break_line(),
            Event::Rule => {
                self.blank();
                self.words("---");
                self.flush();
            }
            Event::TaskListMarker(done) => self.words(if done { "[x] " } else { "[ ] " }),
            Event::FootnoteReference(name) => self.words(&format!("[^{name}]")),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.blank(),
            Tag::Heading { level, .. } => {
                self.blank();
                self.styles.push(Style::new().bold());
                self.words(&format!("{} ", "#".repeat(level as usize)));
            }
            Tag::BlockQuote(_) => {
                self.blank();
                self.indents.push("> ".into());
            }
            Tag::CodeBlock(kind) => {
                self.blank();
                let is_rust = matches!(&kind, CodeBlockKind::Fenced(name)
                    if name.split([',', ' ']).any(|word| matches!(word, "rust" | "rs")));
                self.verbatim = Some((String::new(), is_rust));
            }
            Tag::HtmlBlock => {
                self.blank();
                self.verbatim = Some((String::new(), false));
            }
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.blank();
                } else {
                    self.flush();
                }
                self.lists.push(first);
            }
            Tag::Item => {
                let marker = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let marker = format!("{number}. ");
                        *number += 1;
                        marker
                    }
                    _ => "- ".to_owned(),
                };
                self.indents.push(" ".repeat(marker.len()));
                self.marker = Some(marker);
            }
            Tag::Table(_) => {
                self.blank();
                self.table = Some(Vec::new());
            }
            Tag::TableHead => {
                self.styles.push(Style::new().bold());
                self.table_row();
            }
            Tag::TableRow => self.table_row(),
            Tag::Strong => self.emphasis("**", Style::new().bold()),
            Tag::Emphasis => self.emphasis("*", Style::new().italic()),
            Tag::Strikethrough => self.emphasis("~~", Style::new().strikethrough()),
            Tag::Link { dest_url, .. } => {
                self.targets
                    .push((dest_url.into_string(), self.inline.len()));
                self.styles.push(Style::new().underlined());
            }
            Tag::Image { dest_url, .. } => {
                self.words("[picture: ");
                self.targets
                    .push((dest_url.into_string(), self.inline.len()));
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.flush(),
            TagEnd::Heading(_) => {
                self.flush();
                self.styles.pop();
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.indents.pop();
            }
            TagEnd::CodeBlock | TagEnd::HtmlBlock => {
                if let Some((text, is_rust)) = self.verbatim.take() {
                    let text = match is_rust {
                        true => code::paint(&text, self.screen),
                        false => self.screen.plain(&text),
                    };
                    for line in text.trim_end().lines() {
                        let line = format!("{}    {line}", self.indent());
                        self.line(&line);
                    }
                }
            }
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            TagEnd::Item => {
                if self.marker.is_some() && self.inline.is_empty() {
                    let line = self.indent();
                    self.line(&line);
                }
                self.flush();
                self.indents.pop();
            }
            TagEnd::TableHead => {
                self.styles.pop();
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.inline);
                if let Some(row) = self.table.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(cell.trim().to_owned());
                }
            }
            TagEnd::Table => {
                let rows = self.table.take().unwrap_or_default();
                let indent = self.indents.concat();
                for line in table(&rows, self.width.saturating_sub(indent.len())) {
                    self.line(&format!("{indent}{line}"));
                }
            }
            TagEnd::Strong => self.end_emphasis("**"),
            TagEnd::Emphasis => self.end_emphasis("*"),
            TagEnd::Strikethrough => self.end_emphasis("~~"),
            TagEnd::Link => {
                self.styles.pop();
                if let Some((target, from)) = self.targets.pop() {
                    let text =
                        console::strip_ansi_codes(self.inline.get(from..).unwrap_or_default());
                    if text.as_ref() != target {
                        self.words(&format!(" ({target})"));
                    }
                }
            }
            TagEnd::Image => {
                self.words("]");
                if let Some((target, _)) = self.targets.pop()
                    && !target.starts_with("data:")
                {
                    self.words(&format!(" ({target})"));
                }
            }
            _ => {}
        }
    }

    fn emphasis(&mut self, mark: &str, style: Style) {
        self.styles.push(style);
        if !self.screen.has_colours {
            self.inline.push_str(mark);
        }
    }

    fn end_emphasis(&mut self, mark: &str) {
        if !self.screen.has_colours {
            self.inline.push_str(mark);
        }
        self.styles.pop();
    }

    /// Adds text to the paragraph; each word has its style for itself, so that lines may be broken between any two.
    fn words(&mut self, text: &str) {
        for piece in self.screen.plain(text).split_inclusive([' ', '\n']) {
            let word = piece.trim_end_matches([' ', '\n']);
            let styles = self.styles.iter();
            let shown = styles.rfold(word.to_owned(), |text, style| {
                self.screen.paint(&text, style)
            });
            self.inline.push_str(&shown);
            self.inline.push_str(&piece[word.len()..]);
        }
    }

    fn break_line(&mut self) {
        if !self.inline.is_empty() && !self.inline.ends_with('\n') {
            self.inline.push('\n');
        }
    }

    fn table_row(&mut self) {
        if let Some(rows) = &mut self.table {
            rows.push(Vec::new());
        }
    }

    /// What stands before the next line.
    fn indent(&mut self) -> String {
        let marker = self.marker.take();
        match (marker, self.indents.split_last()) {
            (Some(marker), Some((_, outer))) => outer.concat() + &marker,
            _ => self.indents.concat(),
        }
    }

    /// Ends what goes before, and leaves a line free after it.
    fn blank(&mut self) {
        self.flush();
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Writes the paragraph.
    fn flush(&mut self) {
        let inline = std::mem::take(&mut self.inline);
        if inline.trim().is_empty() {
            return;
        }
        let (first, rest) = (self.indent(), self.indents.concat());
        let options = textwrap::Options::new(self.width)
            .initial_indent(&first)
            .subsequent_indent(&rest)
            .word_splitter(WordSplitter::NoHyphenation)
            .break_words(false);
        for line in textwrap::wrap(inline.trim_end(), options) {
            self.line(&line);
        }
    }
}

/// The lines of a table whose first row is its head.
fn table(rows: &[Vec<String>], width: usize) -> Vec<String> {
    const LEAST: usize = 4;
    const BETWEEN: &str = " | ";
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let natural = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| measure_text_width(cell))
            .max()
            .unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..columns).map(natural).collect();
    let available = width.saturating_sub(BETWEEN.len() * columns.saturating_sub(1));
    // The widest column gives way first.
    while widths.iter().sum::<usize>() > available {
        match widths.iter_mut().max() {
            Some(widest) if *widest > LEAST => *widest -= 1,
            _ => break,
        }
    }
    let mut lines = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let wrapped = row.iter().zip(&widths).map(|(cell, &width)| {
            let options =
                textwrap::Options::new(width.max(1)).word_splitter(WordSplitter::NoHyphenation);
            textwrap::wrap(cell, options)
        });
        let cells: Vec<_> = wrapped.collect();
        for at in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
            let padded = cells.iter().zip(&widths).map(|(lines, &width)| {
                let line = lines.get(at).map_or("", |line| line.as_ref());
                pad_str(line, width, Alignment::Left, None)
            });
            lines.push(padded.collect::<Vec<_>>().join(BETWEEN));
        }
        if number == 0 {
            let rules: Vec<_> = widths.iter().map(|&width| "-".repeat(width)).collect();
            lines.push(rules.join("-|-"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Screen = Screen {
        is_terminal: false,
        has_colours: false,
        can_erase: false,
    };

    #[test]
    fn blocks_are_laid_out_within_the_width() {
        let source = "# Title\nTwo lines\nof *one* **paragraph**, `code`.\n\n- first item, long enough to wrap\n  - inner\n- [link](a.md)\n\n3. three\n4. four\n\n> quoted text that wraps as well\n\n```rust\nlet n = 1;\n\n```\nend<br>now";
        let expected = "\
# Title

Two lines of *one* **paragraph**,
`code`.

- first item, long enough to wrap
  - inner
- link (a.md)

3. three
4. four

> quoted text that wraps as well

    let n = 1;

end
now
";
        assert_eq!(render(source, 33, PLAIN), expected);
        for line in render(source, 20, PLAIN).lines() {
            assert!(line.len() <= 20, "{line:?}");
        }
    }

    #[test]
    fn formulas_stay_as_they_are_written() {
        let source = "With $a_1 * b_2 * c$:\n\n$$\\frac{a_u}{b_u}\n= \\sqrt{x^*y^*}$$\n\nend";
        let expected = "With $a_1 * b_2 * c$:\n\n$$\\frac{a_u}{b_u}\n= \\sqrt{x^*y^*}$$\n\nend\n";
        assert_eq!(render(source, 80, PLAIN), expected);
    }

    #[test]
    fn a_table_too_wide_wraps_in_its_cells() {
        let source = "| | asked |\n|---|---|\n| **A** | ten recommendations for those who listened |\n| B | one |";
        let expected = [
            "      | asked",
            "------|----------------",
            "**A** | ten",
            "      | recommendations",
            "      | for those who",
            "      | listened",
            "B     | one",
        ];
        let shown = render(source, 23, PLAIN);
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn control_characters_do_not_come_through_any_door() {
        let source = "a\x1b[2J &#27;[31m `\x1b]0;x\x07` [t\x1b[m](u\u{9b}2J)\n\n```\n\x1b[2J\n```\n| \x1b[2J |\n|---|\n| &#x9b;1m |\n\n$\x1b[A$ <b\x1b[2J>\n";
        for has_colours in [false, true] {
            let screen = Screen {
                has_colours,
                ..PLAIN
            };
            let shown = render(source, 80, screen);
            let without_colours = shown.replace("\x1b[36m", "").replace("\x1b[0m", "");
            let without_colours = without_colours
                .replace("\x1b[4m", "")
                .replace("\x1b[1m", "");
            assert!(
                !without_colours.contains(|c: char| c.is_control() && c != '\n'),
                "{without_colours:?}"
            );
        }
    }
}

//! The few elements that a text in markdown may bring of its own: what opens and folds, and letters set otherwise.
//!
//! They are written anew without attributes, and each is closed where the part of the text ends that it was opened in.

use super::markup::{INLINE, Token, tokens, with_entities};
use super::text::escape;

/// Elements that were opened and not closed.
#[derive(Debug, Default)]
pub(super) struct OwnTags {
    /// An element, and how deep in the text's own structure it was opened.
    open: Vec<(String, usize)>,
}

impl OwnTags {
    /// A piece of HTML in a line of text, at this depth. What may not stand is shown as text.
    pub(super) fn inline(&mut self, html: &str, depth: usize) -> String {
        let tokens = tokens(html);
        let Some([token]) = tokens.as_deref() else {
            return escape(html);
        };
        match token {
            Token::Comment => String::new(),
            Token::Open(name, _) if name == "br" => "<br>".into(),
            Token::Open(name, _) if INLINE.contains(&name.as_str()) => self.opened(name, depth),
            Token::Close(name) if INLINE.contains(&name.as_str()) => {
                self.closed(name, depth).unwrap_or_else(|| escape(html))
            }
            _ => escape(html),
        }
    }

    /// A block of HTML at this depth; `None` where there is nothing in it but text and what may not stand.
    pub(super) fn block(&mut self, html: &str, depth: usize) -> Option<String> {
        let tokens = tokens(html)?;
        let is_ours = |token: &Token<'_>| match token {
            Token::Open(name, _) | Token::Close(name) => {
                matches!(name.as_str(), "details" | "summary" | "br")
                    || INLINE.contains(&name.as_str())
            }
            Token::Text(_) | Token::Comment => true,
        };
        let folds = |token: &Token<'_>| matches!(token, Token::Open(name, _) | Token::Close(name) if name == "details");
        if !tokens.iter().all(is_ours) || !tokens.iter().any(folds) {
            return None;
        }
        let mut written = String::new();
        let mut may_summarise = false;
        for token in &tokens {
            let had_just_opened = std::mem::take(&mut may_summarise);
            match token {
                Token::Comment => may_summarise = had_just_opened,
                Token::Text(text) => {
                    may_summarise = had_just_opened && text.trim().is_empty();
                    written.push_str(&with_entities(text));
                }
                Token::Open(name, _) if name == "br" => written.push_str("<br>"),
                Token::Open(name, _) if name == "details" => {
                    // Opened in a line of its own, not in one of text.
                    written.push_str(&self.close_letters(depth));
                    written.push_str(&self.opened(name, depth));
                    may_summarise = true;
                }
                Token::Open(name, _) if name == "summary" => {
                    if had_just_opened {
                        written.push_str(&self.opened(name, depth));
                    }
                }
                Token::Open(name, _) => written.push_str(&self.opened(name, depth)),
                Token::Close(name) => {
                    written.push_str(&self.closed(name, depth).unwrap_or_default())
                }
            }
        }
        written.push_str(&self.close_letters(depth));
        Some(written)
    }

    fn opened(&mut self, name: &str, depth: usize) -> String {
        self.open.push((name.to_owned(), depth));
        format!("<{name}>")
    }

    /// Closes an element that was opened at this depth, and those in it; `None` where there is none.
    fn closed(&mut self, name: &str, depth: usize) -> Option<String> {
        let at = self
            .open
            .iter()
            .rposition(|(open, at)| open == name && *at == depth)?;
        Some(self.close_down_to(at))
    }

    /// Closes what was opened at this depth, from the first that is no `<details>` on.
    fn close_letters(&mut self, depth: usize) -> String {
        let at = self
            .open
            .iter()
            .position(|(name, at)| *at == depth && name != "details");
        at.map(|at| self.close_down_to(at)).unwrap_or_default()
    }

    /// Closes what was opened at this depth or deeper: that part of the text is over.
    pub(super) fn end(&mut self, depth: usize) -> String {
        let at = self
            .open
            .iter()
            .position(|(_, at)| *at >= depth)
            .unwrap_or(self.open.len());
        self.close_down_to(at)
    }

    fn close_down_to(&mut self, at: usize) -> String {
        let closed = self.open.drain(at..).rev();
        closed.map(|(name, _)| format!("</{name}>")).collect()
    }
}

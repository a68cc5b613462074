//! Rust code in colours.

use super::screen::Screen;
use console::Style;
use ra_ap_rustc_lexer::{FrontmatterAllowed, LiteralKind, TokenKind, tokenize};

/// `code` without what could harm the terminal, in colours if the screen has them.
pub fn highlight(code: &str, screen: Screen) -> String {
    let code = screen.plain(code);
    if !screen.has_colours {
        return code;
    }
    let mut shown = String::new();
    let mut rest = code.as_str();
    for token in tokenize(&code, FrontmatterAllowed::No) {
        let Some((text, after)) = rest.split_at_checked(token.len as usize) else {
            break;
        };
        match style_of(token.kind, text, after) {
            // Line by line: a pager or a wrapped line does not know what began further up.
            Some(style) => {
                let lines: Vec<_> = text.split('\n').map(|l| screen.paint(l, &style)).collect();
                shown.push_str(&lines.join("\n"));
            }
            None => shown.push_str(text),
        }
        rest = after;
    }
    shown.push_str(rest);
    shown
}

fn style_of(kind: TokenKind, text: &str, after: &str) -> Option<Style> {
    match kind {
        TokenKind::LineComment { .. } | TokenKind::BlockComment { .. } => Some(Style::new().dim()),
        TokenKind::Literal {
            kind: LiteralKind::Int { .. } | LiteralKind::Float { .. },
            ..
        } => Some(Style::new().yellow()),
        TokenKind::Literal { .. } => Some(Style::new().green()),
        TokenKind::Lifetime { .. } | TokenKind::RawLifetime => Some(Style::new().yellow()),
        TokenKind::Ident if matches!(text, "true" | "false") => Some(Style::new().yellow()),
        // What may not name a variable is a keyword.
        TokenKind::Ident if syn::parse_str::<syn::Ident>(text).is_err() => {
            Some(Style::new().magenta())
        }
        TokenKind::Ident if after.starts_with('!') && !after.starts_with("!=") => {
            Some(Style::new().cyan())
        }
        TokenKind::Ident if text.starts_with(char::is_uppercase) => Some(Style::new().cyan()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_add_nothing_else() {
        let code = ":dep x = \"1\"\nlet n: Vec<&'static str> = vec![\"a\", r#\"b\nc\"#]; // é\nn != 1.5e3 /* open\n'";
        let mut screen = Screen {
            is_terminal: false,
            has_colours: true,
            can_erase: false,
        };
        let coloured = highlight(code, screen);
        assert_eq!(console::strip_ansi_codes(&coloured), code);
        for shown in [
            "\x1b[35mlet\x1b[0m",
            "\x1b[36mVec\x1b[0m",
            "\x1b[36mvec\x1b[0m!",
            "n != ",
            "\x1b[33m1.5e3\x1b[0m",
            "\x1b[2m// é\x1b[0m",
        ] {
            assert!(coloured.contains(shown), "{shown:?} in {coloured:?}");
        }
        screen.has_colours = false;
        assert_eq!(highlight(code, screen), code);
    }
}

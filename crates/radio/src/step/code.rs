//! Rust code in the terminal's colours.

use super::screen::Screen;
use console::Style;
use radio_pages::highlight::{Class, stretches};

/// `code` without what could harm the terminal, in colours if the screen has them.
pub fn paint(code: &str, screen: Screen) -> String {
    let code = screen.plain(code);
    if !screen.has_colours {
        return code;
    }
    let painted = stretches(&code).into_iter().map(|(class, text)| {
        let style = match class {
            Class::Comment => Style::new().dim(),
            Class::Number | Class::Lifetime => Style::new().yellow(),
            Class::Text => Style::new().green(),
            Class::Keyword => Style::new().magenta(),
            Class::Macro | Class::Type => Style::new().cyan(),
            Class::Function | Class::Plain => return text.to_owned(),
        };
        // Line by line: a pager or a wrapped line does not know what began further up.
        let lines: Vec<_> = text.split('\n').map(|l| screen.paint(l, &style)).collect();
        lines.join("\n")
    });
    painted.collect()
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
        let coloured = paint(code, screen);
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
        assert_eq!(paint(code, screen), code);
    }
}

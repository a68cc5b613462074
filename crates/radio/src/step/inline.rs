//! Figures in the terminal itself, where it is one that can show them: kitty's protocol, iTerm's, and sixels.

use super::sixel::sixels;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How a terminal wants its pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// kitty, Ghostty, Konsole.
    Kitty,
    /// iTerm2, WezTerm, VS Code's terminal, mintty.
    ITerm,
    /// xterm, foot, Windows Terminal, tmux and others, which say so themselves. Their columns are so many dots wide.
    Sixel { dots: usize },
}

/// The protocol of the terminal that these variables tell of. None inside tmux and screen, which pass no such pictures
/// on.
pub fn protocol(variable: &dyn Fn(&str) -> Option<String>) -> Option<Protocol> {
    let term = variable("TERM").unwrap_or_default();
    if variable("TMUX").is_some() || term.starts_with("screen") || term.starts_with("tmux") {
        return None;
    }
    let program = variable("TERM_PROGRAM").unwrap_or_default();
    if term == "xterm-kitty"
        || term == "xterm-ghostty"
        || program == "ghostty"
        || variable("KONSOLE_VERSION").is_some()
    {
        return Some(Protocol::Kitty);
    }
    matches!(
        program.as_str(),
        "iTerm.app" | "WezTerm" | "mintty" | "vscode"
    )
    .then_some(Protocol::ITerm)
}

/// What is written to a terminal for it to show a PNG, given in base64, so many columns wide.
pub fn picture(protocol: Protocol, base64: &str, columns: usize) -> String {
    let content: String = base64.split_ascii_whitespace().collect();
    // Nothing but base64 reaches the terminal.
    if content.is_empty()
        || !content
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
    {
        return String::new();
    }
    match protocol {
        Protocol::ITerm => {
            let size = content.trim_end_matches('=').len() * 3 / 4;
            format!(
                "\x1b]1337;File=inline=1;size={size};width={columns};preserveAspectRatio=1:{content}\x07\n"
            )
        }
        Protocol::Sixel { dots } => {
            let png = STANDARD.decode(content).ok();
            let shown = png.and_then(|png| sixels(&png, columns * dots));
            shown.map_or_else(String::new, |shown| shown + "\n")
        }
        Protocol::Kitty => {
            let chunks: Vec<&[u8]> = content.as_bytes().chunks(4096).collect();
            let mut written = String::new();
            for (at, chunk) in chunks.iter().enumerate() {
                let goes_on = u8::from(at + 1 < chunks.len());
                // A PNG (f=100), shown at once (a=T), and no answer (q=2), which would come in as keys.
                let first = match at {
                    0 => format!("a=T,f=100,q=2,c={columns},"),
                    _ => String::new(),
                };
                let chunk = String::from_utf8_lossy(chunk);
                written.push_str(&format!("\x1b_G{first}m={goes_on};{chunk}\x1b\\"));
            }
            written + "\n"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_known_by_their_variables() {
        let of = |set: &[(&str, &str)]| {
            protocol(&|name| {
                set.iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[("TERM", "xterm-kitty")]), Some(Protocol::Kitty));
        assert_eq!(
            of(&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "WezTerm")]),
            Some(Protocol::ITerm)
        );
        assert_eq!(of(&[("TERM", "xterm-256color")]), None);
        assert_eq!(of(&[("TERM", "xterm-kitty"), ("TMUX", "/tmp/x")]), None);
    }

    #[test]
    fn a_picture_is_sent_in_chunks_and_nothing_else_is() {
        let sent = picture(Protocol::Kitty, &"AAAA".repeat(1500), 60);
        assert!(
            sent.starts_with("\x1b_Ga=T,f=100,q=2,c=60,m=1;AAAA"),
            "{sent:?}"
        );
        assert_eq!(sent.matches("\x1b_G").count(), 2);
        assert!(
            sent.ends_with("AAAA\x1b\\\n") && sent.contains("\x1b_Gm=0;"),
            "{sent:?}"
        );
        assert_eq!(
            picture(Protocol::ITerm, "AA\nEC", 60),
            "\x1b]1337;File=inline=1;size=3;width=60;preserveAspectRatio=1:AAEC\x07\n"
        );
        assert_eq!(picture(Protocol::ITerm, "A\x1b]0;x\x07", 60), "");
    }
}

//! The commands that only a session can have: `:clear`, `:restart`, `:explain` and `:doc`. All others are the engine's.

use super::inspect::document;
use super::libraries::Offers;
use super::names::Names;
use crate::wire::Bundle;
use radio_notebook::build::toolchain::Toolchain;
use serde_json::json;
use std::path::Path;

/// A command of the session's.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SessionCommand {
    /// Everything is forgotten.
    Clear,
    /// The process that runs cells begins anew: variables are gone, items and dependencies stay.
    Restart,
    /// What the compiler has to say about an error's code; of the last error, if none is given.
    Explain(Option<String>),
    /// What a name is.
    Doc(String),
}

/// Takes the session's commands from a cell's head; one that is wrong is a sentence for the user. Their lines are left
/// empty, so that the other lines keep their numbers.
pub(super) fn take_commands(source: &str) -> (Vec<Result<SessionCommand, String>>, String) {
    let mut commands = Vec::new();
    let mut in_head = true;
    let lines = source.split_inclusive('\n').map(|line| {
        let text = line.trim();
        let command = in_head.then(|| parse(text)).flatten();
        in_head &= text.is_empty() || text.starts_with([':', '!']) || line.starts_with("//");
        match command {
            Some(command) => {
                commands.push(command);
                &line[line.trim_end_matches('\n').len()..]
            }
            None => line,
        }
    });
    let rest = lines.collect();
    (commands, rest)
}

fn parse(text: &str) -> Option<Result<SessionCommand, String>> {
    let mut words = text.strip_prefix(':')?.split_whitespace();
    let (name, argument) = (words.next()?, words.next().map(str::to_owned));
    Some(match (name, argument) {
        ("clear", None) => Ok(SessionCommand::Clear),
        ("restart", None) => Ok(SessionCommand::Restart),
        ("clear", Some(_)) => Err("`:clear` forgets everything, and takes no name".to_owned()),
        ("restart", Some(_)) => Err("`:restart` takes no name".to_owned()),
        ("explain", code) => Ok(SessionCommand::Explain(code)),
        ("doc", Some(name)) => Ok(SessionCommand::Doc(name)),
        ("doc", None) => Err("`:doc` wants a name: `:doc Vec`".to_owned()),
        _ => return None,
    })
}

/// What the compiler says about an error's code. The error is a sentence for the user.
pub(super) fn explain(code: &str, folder: &Path) -> Result<Bundle, String> {
    let toolchain = Toolchain::find(folder).map_err(|error| error.to_string())?;
    let said = toolchain.ask(folder, &["--explain", code]);
    let text = said.ok().filter(|text| !text.is_empty());
    let text = text
        .ok_or_else(|| format!("rustc has nothing to say about {code:?}: codes look like E0308"))?;
    Ok(both(text.trim(), text.trim()))
}

/// What a name is. The error is a sentence for the user.
pub(super) fn doc(
    name: &str,
    names: &Names,
    libraries: &dyn Fn() -> Offers,
) -> Result<Bundle, String> {
    document(name, names, libraries).ok_or_else(|| {
        format!(
            "no cell and no crate of this notebook has {name:?}; of others there is documentation at \
             https://doc.rust-lang.org/std/?search={name} and https://docs.rs/releases/search?query={name}"
        )
    })
}

fn both(plain: &str, markdown: &str) -> Bundle {
    let data = [("text/plain", plain), ("text/markdown", markdown)];
    data.map(|(mime, text)| (mime.to_owned(), json!(text)))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_the_session_are_taken_from_the_head() {
        let (commands, rest) =
            take_commands("// a\n:clear\n:dep rand\n:explain E0308\nlet a = 1;\n:restart");
        let explain = SessionCommand::Explain(Some("E0308".into()));
        assert_eq!(commands, [Ok(SessionCommand::Clear), Ok(explain)]);
        assert_eq!(rest, "// a\n\n:dep rand\n\nlet a = 1;\n:restart");
        let (commands, rest) = take_commands(":doc\n:vars\n:clear all");
        let (no_name, name) = (commands[0].as_ref(), commands[1].as_ref());
        assert!(no_name.unwrap_err().contains("wants a name"));
        assert!(name.unwrap_err().contains("takes no name"));
        assert_eq!(rest, "\n:vars\n");
        assert_eq!(
            take_commands(":explain").0,
            [Ok(SessionCommand::Explain(None))]
        );
    }

    #[test]
    fn what_is_not_known_is_said() {
        assert!(
            explain("nonsense", Path::new("."))
                .unwrap_err()
                .contains("codes look like")
        );
        assert!(
            explain("E0308", Path::new(".")).unwrap()["text/plain"]
                .as_str()
                .unwrap()
                .contains("type")
        );
        assert!(
            doc("Vec", &Names::default(), &Vec::new)
                .unwrap_err()
                .contains("docs.rs")
        );
    }
}

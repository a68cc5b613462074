//! Reads what cells ask for by `radio_runtime::display_as`, `update` and `clear`.

use crate::document::Output;
use radio_runtime::display::INSTRUCTION;
use serde::Deserialize;

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Instruction {
    /// Show it under this name.
    Show(String),
    /// Replace what was shown under this name.
    Update(String),
    /// Take away what was shown and printed so far; if `wait`, once something new comes.
    Clear {
        /// Whether to wait.
        wait: bool,
    },
}

#[derive(Deserialize)]
struct Written {
    display_id: Option<String>,
    #[serde(default)]
    update: bool,
    #[serde(default)]
    clear: bool,
    #[serde(default)]
    wait: bool,
}

/// What is to be done with a thing, if it says so.
pub fn instruction(bundle: &[(String, String)]) -> Option<Instruction> {
    let (_, text) = bundle.iter().find(|(mime, _)| mime == INSTRUCTION)?;
    let written: Written = serde_json::from_str(text).ok()?;
    match (written.display_id, written.update) {
        _ if written.clear => Some(Instruction::Clear { wait: written.wait }),
        (Some(name), true) => Some(Instruction::Update(name)),
        (Some(name), false) => Some(Instruction::Show(name)),
        (None, _) => None,
    }
}

/// A thing without what is to be done with it.
pub fn content(bundle: &[(String, String)]) -> Vec<(String, String)> {
    let content = bundle.iter().filter(|(mime, _)| mime != INSTRUCTION);
    content.cloned().collect()
}

/// The outputs of one cell as they are in the end, when all was done. What is replaced in another cell's outputs is
/// left out.
pub fn settle(outputs: Vec<Output>) -> Vec<Output> {
    let mut settled: Vec<(Option<String>, Output)> = Vec::new();
    for output in outputs {
        let Output::Data { bundle, is_result } = &output else {
            settled.push((None, output));
            continue;
        };
        let name = match instruction(bundle) {
            None => {
                settled.push((None, output));
                continue;
            }
            Some(Instruction::Clear { .. }) => {
                settled.clear();
                continue;
            }
            Some(Instruction::Update(name)) => {
                for (shown, old) in &mut settled {
                    if let Output::Data { bundle: old, .. } = old
                        && *shown == Some(name.clone())
                    {
                        *old = content(bundle);
                    }
                }
                continue;
            }
            Some(Instruction::Show(name)) => name,
        };
        let bundle = content(bundle);
        let is_result = *is_result;
        settled.push((Some(name), Output::Data { bundle, is_result }));
    }
    settled.into_iter().map(|(_, output)| output).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Output {
        Output::Data {
            bundle: vec![("text/plain".into(), text.into())],
            is_result: false,
        }
    }

    fn told(instruction: &str, text: Option<&str>) -> Output {
        let content = text.map(|text| ("text/plain".to_owned(), text.to_owned()));
        let instruction = (INSTRUCTION.to_owned(), instruction.to_owned());
        Output::Data {
            bundle: [instruction].into_iter().chain(content).collect(),
            is_result: false,
        }
    }

    #[test]
    fn updates_replace_and_clear_takes_away() {
        let outputs = vec![
            shown("gone"),
            told("{\"clear\":true,\"wait\":false}", None),
            told("{\"display_id\":\"a\"}", Some("1")),
            shown("between"),
            told("{\"display_id\":\"a\",\"update\":true}", Some("2")),
            told(
                "{\"display_id\":\"b\",\"update\":true}",
                Some("of another cell"),
            ),
        ];
        assert_eq!(settle(outputs), [shown("2"), shown("between")]);
    }

    #[test]
    fn what_is_no_instruction_is_shown_as_it_is() {
        let outputs = vec![told("{}", Some("1")), told("nonsense", None)];
        assert_eq!(settle(outputs.clone()), outputs);
    }
}

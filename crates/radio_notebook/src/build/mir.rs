//! The types of variables, from the intermediate form of a cell that the compiler prints.
//!
//! That form is not promised to stay as it is. So nothing is believed that is read here: each type is checked when the
//! variable is taken, and a misread line is an error of the compiler's or of the cell's.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The calls by which a cell keeps a variable.
const CALLS: [&str; 5] = [
    "declare::<",
    "declare_away::<",
    "declare_here::<",
    "give_back::<",
    "give_back_here::<",
];

/// The variables that a cell keeps, with their types; those that have no name are left out.
pub fn types(mir: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    // Of the function that is being read: the types of its locals, and the texts that they hold.
    let (mut locals, mut texts) = (HashMap::new(), HashMap::new());
    for line in mir.lines() {
        if !line.is_empty() && !line.starts_with([' ', '}']) {
            locals.clear();
            texts.clear();
        }
        let line = line.trim();
        if let Some((local, of)) = line.strip_prefix("let ").and_then(|l| l.split_once(": ")) {
            let local = local.trim_start_matches("mut ");
            locals.insert(local, of.trim_end_matches(';'));
        } else if let Some((local, text)) = line.split_once(" = const \"") {
            texts.insert(local, text.trim_end_matches("\";"));
        }
        if CALLS.iter().any(|call| line.contains(call))
            && let Some((name, of)) = argument_types(line, &locals, &texts)
        {
            found.insert(name, of);
        }
    }
    found
}

/// The closures that are variables of a cell's function, with the boxes that they fit into: their signatures are known,
/// though their types have no names.
pub(crate) fn closures(mir: &str) -> BTreeMap<String, String> {
    let mut signatures: HashMap<&str, String> = HashMap::new();
    for line in mir
        .lines()
        .filter(|line| line.starts_with("fn __radio_cell::"))
    {
        if let Some((place, boxed)) = signature(line) {
            signatures.insert(place, boxed);
        }
    }
    let (mut locals, mut found) = (HashMap::new(), BTreeMap::new());
    let mut lines = mir
        .lines()
        .skip_while(|line| !line.starts_with("fn __radio_cell("));
    let function: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").collect();
    for line in function {
        let line = line.trim();
        if let Some((local, of)) = line.strip_prefix("let ").and_then(|l| l.split_once(": ")) {
            let of = of.trim_end_matches(';');
            if of.starts_with("{closure@") {
                locals.insert(local.trim_start_matches("mut "), of);
            }
        } else if let Some((name, local)) = line
            .strip_prefix("debug ")
            .and_then(|l| l.split_once(" => "))
            // One that captures nothing is no local.
            && let local = local.trim_end_matches(';')
            && let Some(of) = local.strip_prefix("const ZeroSized: ").or(locals.get(local).copied())
            && let Some(boxed) = signatures.get(of)
        {
            found.insert(name.to_owned(), boxed.clone());
        }
    }
    found
}

/// The closure that a function is of, and the box for it, from the line on which the function begins:
/// `fn __radio_cell::{closure#0}(_1: &{closure@src/a.rs:1:9: 1:12}, _2: i32) -> i32 {`.
fn signature(line: &str) -> Option<(&str, String)> {
    let (_, rest) = line.split_once("}(_1: ")?;
    let (kind, rest) = match rest.strip_prefix("&mut ") {
        Some(rest) => ("FnMut", rest),
        None => match rest.strip_prefix('&') {
            Some(rest) => ("Fn", rest),
            None => ("FnOnce", rest),
        },
    };
    let end = rest.find('}')? + 1;
    let (of, rest) = rest.split_at(end);
    let (arguments, returns) = rest.strip_suffix(" {")?.rsplit_once(") -> ")?;
    let arguments = arguments.trim_start_matches(", ");
    let mut types = Vec::new();
    for argument in split_arguments(arguments) {
        types.push(argument.split_once(": ")?.1);
    }
    let boxed = format!(
        "::std::boxed::Box<dyn ::std::ops::{kind}({}) -> {returns} + '_>",
        types.join(", ")
    );
    (of.starts_with("{closure@") && types.iter().all(|of| has_name(of)) && has_name(returns))
        .then_some((of, boxed))
}

/// The arguments of a function, at the commas that are in no brackets.
fn split_arguments(text: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0i32, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' if text[..at].ends_with('-') => {}
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[from..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// The variables of a cell's function, whoever declares them.
pub fn variables(mir: &str) -> BTreeSet<String> {
    let mut lines = mir.lines();
    let mut found = BTreeSet::new();
    while let Some(line) = lines.next() {
        if line.starts_with("fn __radio_cell(") || line.starts_with("fn __radio_cell::{closure") {
            let function = lines.by_ref().take_while(|line| *line != "}");
            let names = function.filter_map(|line| {
                let (name, _) = line.trim().strip_prefix("debug ")?.split_once(" => ")?;
                Some(name.to_owned())
            });
            found.extend(names);
        }
    }
    found
}

/// The name and the type of the variable in a call such as `_52 = declare::<..>(const "m", move _54) -> ..`.
fn argument_types(
    line: &str,
    locals: &HashMap<&str, &str>,
    texts: &HashMap<&str, &str>,
) -> Option<(String, String)> {
    let call = &line[..line.rfind(" -> ")?];
    let arguments = &call[call.rfind(">(")? + 2..];
    let (name, pointer) = arguments.trim_end_matches(')').rsplit_once(", ")?;
    let name = match name.strip_prefix("const \"") {
        Some(text) => text.trim_end_matches('"'),
        None => texts.get(local(name))?,
    };
    let of = locals.get(local(pointer))?.strip_prefix("*const ")?;
    has_name(of).then(|| (name.to_owned(), of.to_owned()))
}

fn local(operand: &str) -> &str {
    operand
        .trim_start_matches("move ")
        .trim_start_matches("copy ")
}

/// Whether a type can be written down: not that of a closure, a function, a future or a hidden one.
fn has_name(of: &str) -> bool {
    let is_hidden = of
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| word == "impl");
    !of.contains('{') && !is_hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As rustc 1.95 prints it.
    const MIR: &str = r#"// WARNING: This output format is intended for human consumers only
fn __radio_cell(_1: u32) -> Result<(), Raised> {
    let mut _0: std::result::Result<(), radio_runtime::Raised>;
    let _2: std::vec::Vec<__c_1::Point>;
    let mut _53: &str;
    let mut _54: *const std::collections::HashMap<std::string::String, std::vec::Vec<__c_1::Point>>;
    let mut _57: *const {closure@src/1.rs:9:29: 9:32};
    let mut _58: *const impl Iterator<Item = u8>;
    scope 1 {
        let mut _59: *const (i32, &str);
    }

    bb24: {
        _53 = const "m";
        _52 = declare::<HashMap<String, Vec<Point>>>(move _53, move _54) -> [return: bb25, unwind: bb41];
    }
    bb25: {
        _55 = declare::<{closure@src/1.rs:9:29: 9:32}>(const "f", copy _57) -> [return: bb26, unwind: bb41];
        _56 = declare::<impl Iterator<Item = u8>>(const "i", copy _58) -> [return: bb26, unwind: bb41];
        _56 = radio_runtime::variables::give_back::<(i32, &str)>(const "t", copy _59) -> [return: bb27, unwind: bb41];
    }
}
fn other() -> () {
    bb0: {
        _1 = declare::<u8>(const "x", copy _54) -> [return: bb27, unwind: bb41];
    }
}
"#;

    #[test]
    fn types_are_read_with_their_paths() {
        let found: Vec<_> = types(MIR).into_iter().collect();
        let map = "std::collections::HashMap<std::string::String, std::vec::Vec<__c_1::Point>>";
        let expected = [("m", map), ("t", "(i32, &str)")];
        assert_eq!(
            found,
            expected.map(|(name, of)| (name.to_owned(), of.to_owned()))
        );
    }

    #[test]
    fn closures_fit_into_boxes() {
        let mir = "fn __radio_cell(_1: u32) -> Result<(), Raised> {
    let _2: {closure@src/a.rs:9:29: 9:32};
    scope 1 {
        debug f => _2;
        debug g => const ZeroSized: {closure@src/a.rs:9:40: 9:43};
    }
}
fn __radio_cell::{closure#1}(_1: &{closure@src/a.rs:9:40: 9:43}) -> i32 {
}
fn __radio_cell::{closure#0}(_1: &{closure@src/a.rs:9:29: 9:32}, _2: (i32, u8), _3: &str) -> std::vec::Vec<i32> {
}
";
        let found: Vec<_> = closures(mir).into_iter().collect();
        let boxed =
            "::std::boxed::Box<dyn ::std::ops::Fn((i32, u8), &str) -> std::vec::Vec<i32> + '_>";
        let other = "::std::boxed::Box<dyn ::std::ops::Fn() -> i32 + '_>";
        let expected = [("f", boxed), ("g", other)];
        assert_eq!(
            found,
            expected.map(|(name, of)| (name.to_owned(), of.to_owned()))
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "(?s).{0,60}", at in 0..MIR.len()) {
            let at = (0..=at).rev().find(|at| MIR.is_char_boundary(*at)).unwrap_or(0);
            let text = format!("{}{text}{}", &MIR[..at], &MIR[at..]);
            let _ = (types(&text), closures(&text), variables(&text));
        }
    }
}

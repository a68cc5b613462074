//! `-p NAME VALUE`: values from the command line in place of those in the cell tagged `parameters`.
//!
//! As in papermill, the notebook's own cell stays, and a cell tagged `injected-parameters` is put after it. A value
//! takes the type of the literal it replaces.

use crate::dialect::CellCode;
use crate::dialect::commands::split_commands;
use crate::dialect::nesting;
use crate::document::{Cell, CellKind, Notebook};
use crate::error::{Error, Result};
use std::path::Path;
use syn::spanned::Spanned;

/// Puts the values in; returns the names that the notebook does not have.
///
/// A text whose default is the path of an existing file, relative to the notebook (in `folder`), is the path of a file
/// as well: it is taken relative to the current folder, where the user typed it, if it exists there.
///
/// # Errors
/// [`Error::Argument`] if a value does not fit its parameter's type.
pub fn inject(
    notebook: &mut Notebook,
    values: &[(String, String)],
    folder: &Path,
) -> Result<Vec<String>> {
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let is_default = |cell: &Cell| cell.kind == CellKind::Code && cell.has_tag("parameters");
    let default = notebook.cells.iter().find(|cell| is_default(cell));
    let source = default.map(|cell| cell.source.clone()).unwrap_or_default();
    let parameters = parameters_of(&source);
    let mut lines = vec!["// Parameters".to_owned()];
    let mut unknown = Vec::new();
    for (name, value) in values {
        match parameters.iter().find(|parameter| parameter.name == *name) {
            Some(parameter) => lines.push(parameter.with(value, folder)?),
            None if declared(&source).contains(name) => {
                return Err(Error::Argument(format!(
                    "the parameter `{name}` cannot be replaced: its value should be a literal, or a list of literals"
                )));
            }
            None => unknown.push(name.clone()),
        }
    }
    if lines.len() > 1 {
        // Of an earlier run. They may stand anywhere, so the place of the new cell is found without them.
        let is_ours = |cell: &Cell| cell.has_tag("injected-parameters") && !is_default(cell);
        let had_one = notebook.cells.iter().any(is_ours);
        notebook.cells.retain(|cell| !is_ours(cell));
        let mut cell = Cell::new(CellKind::Code, lines.join("\n"));
        cell.set_metadata("tags", vec!["injected-parameters"].into());
        let before = notebook.cells.iter().position(is_default);
        let at = before.map_or(0, |at| at + 1);
        // In the place of one that is counted, it is counted.
        let cell = if had_one { cell } else { cell.added() };
        notebook.cells.insert(at, cell);
        notebook.identify_new_cells();
    }
    Ok(unknown)
}

/// The names of the notebook's parameters, for the hint after a name that none has.
pub fn names(notebook: &Notebook) -> Vec<String> {
    let cells = notebook
        .cells
        .iter()
        .filter(|cell| cell.kind == CellKind::Code && cell.has_tag("parameters"));
    cells
        .flat_map(|cell| parameters_of(&cell.source))
        .map(|parameter| parameter.name)
        .collect()
}

#[derive(Debug)]
struct Parameter {
    name: String,
    /// `let name: Type = `, as the cell has it.
    head: String,
    /// What stands before and after the value: `vec!` and the like are kept.
    before: String,
    after: String,
    value: Kind,
}

#[derive(Debug)]
enum Kind {
    Text(String),
    Character,
    Bool,
    /// The suffix, such as `u32`.
    Integer(String),
    Float(String),
    List(Box<Kind>),
}

/// The `let`s of a cell whose value is a literal or a list of literals.
fn parameters_of(source: &str) -> Vec<Parameter> {
    let source = without_commands(source);
    let of_source = || {
        let statements = statements_of(&source);
        let parameters = statements
            .iter()
            .filter_map(|statement| parameter(statement, &source));
        parameters.collect()
    };
    // What nests too deeply is no parameter, and is refused when the cell runs.
    nesting::with_room(&source, of_source).unwrap_or_default()
}

/// All variables that the cell declares.
fn declared(source: &str) -> std::collections::BTreeSet<String> {
    CellCode::parse(source)
        .map(|cell| cell.declares)
        .unwrap_or_default()
}

fn without_commands(source: &str) -> String {
    split_commands(source).map_or_else(|_| source.to_owned(), |(_, code)| code)
}

fn statements_of(source: &str) -> Vec<syn::Stmt> {
    syn::parse::Parser::parse_str(syn::Block::parse_within, source).unwrap_or_default()
}

fn parameter(statement: &syn::Stmt, source: &str) -> Option<Parameter> {
    let syn::Stmt::Local(local) = statement else {
        return None;
    };
    let pattern = match &local.pat {
        syn::Pat::Type(typed) => &*typed.pat,
        other => other,
    };
    let syn::Pat::Ident(ident) = pattern else {
        return None;
    };
    let start = local.span().byte_range().start;
    let value = local.init.as_ref()?.expr.span().byte_range();
    let mut parameter = Parameter {
        name: ident.ident.to_string(),
        head: source[start..value.start].to_owned(),
        before: String::new(),
        after: String::new(),
        value: Kind::Bool,
    };
    parameter.value = match &*local.init.as_ref()?.expr {
        syn::Expr::Macro(call) if call.mac.path.is_ident("vec") => {
            parameter.before = "vec!".into();
            list(
                &call
                    .mac
                    .parse_body_with(syn::punctuated::Punctuated::parse_terminated)
                    .ok()?,
            )?
        }
        syn::Expr::Reference(reference) => {
            parameter.before = "&".into();
            kind(&reference.expr)?
        }
        syn::Expr::MethodCall(call) if call.args.is_empty() => {
            parameter.after = format!(".{}()", call.method);
            kind(&call.receiver)?
        }
        syn::Expr::Call(call) if call.args.len() == 1 => {
            // `String::from("x")`
            let function = call.func.span().byte_range();
            parameter.before = format!("{}(", &source[function]);
            parameter.after = ")".into();
            kind(&call.args[0])?
        }
        other => kind(other)?,
    };
    Some(parameter)
}

fn kind(expression: &syn::Expr) -> Option<Kind> {
    match expression {
        syn::Expr::Lit(literal) => match &literal.lit {
            syn::Lit::Str(text) => Some(Kind::Text(text.value())),
            syn::Lit::Char(_) => Some(Kind::Character),
            syn::Lit::Bool(_) => Some(Kind::Bool),
            syn::Lit::Int(number) => Some(Kind::Integer(number.suffix().to_owned())),
            syn::Lit::Float(number) => Some(Kind::Float(number.suffix().to_owned())),
            _ => None,
        },
        syn::Expr::Unary(syn::ExprUnary {
            op: syn::UnOp::Neg(_),
            expr,
            ..
        }) => kind(expr),
        syn::Expr::Array(array) => list(&array.elems),
        _ => None,
    }
}

fn list(elements: &syn::punctuated::Punctuated<syn::Expr, syn::Token![,]>) -> Option<Kind> {
    Some(Kind::List(Box::new(kind(elements.first()?)?)))
}

impl Parameter {
    fn with(&self, value: &str, folder: &Path) -> Result<String> {
        let literal = self.value.literal(value, folder).ok_or_else(|| {
            let wanted = self.value.wanted();
            Error::Argument(format!(
                "the parameter `{}` should be {wanted}, and `{value}` is not",
                self.name
            ))
        })?;
        let Parameter {
            head,
            before,
            after,
            ..
        } = self;
        Ok(format!("{head}{before}{literal}{after};"))
    }
}

impl Kind {
    fn wanted(&self) -> String {
        match self {
            Kind::Text(_) => "text".into(),
            Kind::Character => "one character".into(),
            Kind::Bool => "true or false".into(),
            Kind::Integer(_) => "a whole number".into(),
            Kind::Float(_) => "a number".into(),
            Kind::List(of) => format!(
                "a JSON list such as [\"a\", \"b\"] or [1, 2], each entry {}",
                of.wanted()
            ),
        }
    }

    fn literal(&self, value: &str, folder: &Path) -> Option<String> {
        match self {
            Kind::Text(default) => {
                let is_path = !default.is_empty() && folder.join(default).is_file();
                let here = std::path::absolute(value)
                    .ok()
                    .filter(|path| is_path && path.exists());
                Some(format!(
                    "{:?}",
                    here.map_or(value.to_owned(), |path| path.to_string_lossy().into_owned())
                ))
            }
            Kind::Character => {
                let mut characters = value.chars();
                characters
                    .next()
                    .filter(|_| characters.next().is_none())
                    .map(|c| format!("{c:?}"))
            }
            Kind::Bool => value.parse::<bool>().ok().map(|b| b.to_string()),
            Kind::Integer(suffix) => value
                .replace('_', "")
                .parse::<i128>()
                .ok()
                .map(|n| format!("{n}{suffix}")),
            Kind::Float(suffix) => value
                .parse::<f64>()
                .ok()
                .filter(|n| n.is_finite())
                .map(|n| format!("{n:?}{suffix}")),
            Kind::List(of) => {
                let entries: Vec<serde_json::Value> = serde_json::from_str(value).ok()?;
                let literals = entries.iter().map(|entry| {
                    let text = entry
                        .as_str()
                        .map_or_else(|| entry.to_string(), str::to_owned);
                    of.literal(&text, folder)
                });
                Some(format!(
                    "[{}]",
                    literals.collect::<Option<Vec<_>>>()?.join(", ")
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn injected(source: &str, values: &[(&str, &str)]) -> Result<(String, Vec<String>)> {
        let mut notebook =
            crate::percent::read(&format!("// %% tags=[\"parameters\"]\n{source}\n")).unwrap();
        let values: Vec<_> = values
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        let unknown = inject(&mut notebook, &values, Path::new("."))?;
        let cell = notebook
            .cells
            .iter()
            .find(|cell| cell.has_tag("injected-parameters"));
        assert!(notebook.cells.iter().all(|cell| cell.id().is_some()));
        Ok((
            cell.map(|cell| cell.source.clone()).unwrap_or_default(),
            unknown,
        ))
    }

    #[test]
    fn values_take_the_type_of_what_they_replace() {
        let source = "let a = \"x\";\nlet b: u32 = 1;\nlet c = 2u64;\nlet d = -0.5;\nlet e = [\"p\", \"q\"];\nlet f = vec![1.0];\nlet g = true;\nlet h = \"s\".to_string();";
        let values = [
            ("a", "say \"hi\""),
            ("b", "7"),
            ("c", "1_000"),
            ("d", "1e3"),
            ("e", "[\"u2\"]"),
            ("f", "[1, 2.5]"),
            ("g", "false"),
            ("h", "t"),
        ];
        let (cell, unknown) = injected(source, &values).unwrap();
        assert_eq!(
            cell,
            "// Parameters\nlet a = \"say \\\"hi\\\"\";\nlet b: u32 = 7;\nlet c = 1000u64;\nlet d = 1000.0;\nlet e = [\"u2\"];\nlet f = vec![1.0, 2.5];\nlet g = false;\nlet h = \"t\".to_string();"
        );
        assert!(unknown.is_empty());
    }

    #[test]
    fn unknown_names_are_returned_and_misfits_refused() {
        assert_eq!(
            injected("let a = 1;", &[("b", "1")]).unwrap(),
            (String::new(), vec!["b".to_owned()])
        );
        for (source, value) in [
            ("let a = 1;", "x"),
            ("let a = 1.0;", "inf"),
            ("let a = true;", "yes"),
            ("let a = 'c';", "cc"),
            ("let a = [1];", "1"),
        ] {
            let message = injected(source, &[("a", value)]).unwrap_err().to_string();
            assert!(
                message.contains("`a`") && message.contains(value),
                "{message}"
            );
        }
    }

    #[test]
    fn the_names_of_parameters_are_those_of_tagged_code() {
        let script = "// %% [markdown] tags=[\"parameters\"]\n// let a = 1;\n\n// %% tags=[\"parameters\"]\n:opt 2\nlet b = 1;\nlet c = b + 1;\nlet d: &str = \"x\";\n\n// %%\nlet e = 1;\n";
        let mut notebook = crate::percent::read(script).unwrap();
        notebook.cells[0].source = "let a = 1;".into();
        assert_eq!(names(&notebook), ["b", "d"]);
    }

    #[test]
    fn the_cell_of_an_earlier_run_is_replaced_wherever_it_stands() {
        let default = "// %% tags=[\"parameters\"]\nlet n = 1;\n\n";
        let old = "// %% tags=[\"injected-parameters\"]\nlet n = 2;\n\n";
        let other = "// %%\nn\n\n";
        for script in [
            [old, default].concat(),
            [default, old].concat(),
            [default, old, other].concat(),
            [old, default, other].concat(),
            [old, other, default, old, other].concat(),
        ] {
            let mut notebook = crate::percent::read(&script).unwrap();
            let values = [("n".to_owned(), "3".to_owned())];
            inject(&mut notebook, &values, Path::new(".")).unwrap();
            let sources: Vec<&str> = notebook.cells.iter().map(|c| c.source.as_str()).collect();
            let at = sources.iter().position(|s| *s == "let n = 1;").unwrap();
            assert_eq!(sources[at + 1], "// Parameters\nlet n = 3;", "{script}");
            assert!(!sources.contains(&"let n = 2;"), "{script}");
            let others = script.matches("// %%\n").count();
            assert_eq!(sources.len(), 2 + others, "{script}");
        }
    }

    #[test]
    fn only_where_the_default_is_a_file_a_text_that_names_one_becomes_its_path() {
        // Tests run in the package's folder.
        let here = std::path::absolute("Cargo.toml").unwrap();
        for (default, expected) in [
            ("src/lib.rs", here.to_str().unwrap()),
            ("no such file", "Cargo.toml"),
            ("", "Cargo.toml"),
        ] {
            let (cell, _) =
                injected(&format!("let a = {default:?};"), &[("a", "Cargo.toml")]).unwrap();
            assert_eq!(cell, format!("// Parameters\nlet a = {expected:?};"));
        }
        let (cell, _) = injected("let a = \"src/lib.rs\";", &[("a", "missing.rs")]).unwrap();
        assert_eq!(cell, "// Parameters\nlet a = \"missing.rs\";");
    }

    #[test]
    fn a_cell_may_nest_as_deeply_as_it_likes() {
        for (depth, cell) in [(300, "// Parameters\nlet a = 2;"), (100_000, "")] {
            let source = format!(
                "let a = 1;\nlet b = {}1{};",
                "(".repeat(depth),
                ")".repeat(depth)
            );
            assert_eq!(injected(&source, &[("a", "2")]).unwrap().0, cell);
        }
    }

    #[test]
    fn commands_and_constructors_do_not_hide_a_parameter() {
        let source = ":opt 2\nlet a = String::from(\"x\");\nlet b = 1 + 1;\nlet c = array![1];\nlet d = f(1, 2);\nlet e = f();\nlet g = a.f(1);";
        assert_eq!(
            injected(source, &[("a", "y")]).unwrap().0,
            "// Parameters\nlet a = String::from(\"y\");"
        );
        for name in ["b", "c", "d", "e", "g"] {
            let message = injected(source, &[(name, "3")]).unwrap_err().to_string();
            assert!(
                message.contains(&format!("`{name}`")) && message.contains("literal"),
                "{message}"
            );
        }
    }
}

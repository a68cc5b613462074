//! `include!` of files with items: these are the cell's own.

use quote::ToTokens;
use std::path::Path;

/// A cell's text with the items of the files that it includes, each file on the line that includes it; `None` if it
/// includes none. A file with an expression is left to the compiler.
pub(crate) fn with_included_items(source: &str, folder: &Path) -> Option<String> {
    let mut is_changed = false;
    let lines: Vec<String> = source
        .lines()
        .map(|line| {
            let items = included_file(line).and_then(|path| {
                let text = std::fs::read_to_string(folder.join(path)).ok()?;
                let file = syn::parse_file(&text).ok()?;
                (!file.items.is_empty()).then(|| file.to_token_stream().to_string())
            });
            is_changed |= items.is_some();
            items.unwrap_or_else(|| line.to_owned())
        })
        .collect();
    is_changed.then(|| lines.join("\n"))
}

/// The path in a line `include!("path");`.
fn included_file(line: &str) -> Option<String> {
    let call: syn::Macro = syn::parse_str(line.trim().trim_end_matches(';')).ok()?;
    let path: syn::LitStr = call
        .path
        .is_ident("include")
        .then(|| call.parse_body().ok())??;
    Some(path.value())
}

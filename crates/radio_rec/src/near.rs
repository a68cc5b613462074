//! Which names are similar to one that does not exist.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::Error;

/// How many names are offered at most.
const OFFERED: usize = 3;

/// Longer names are not compared: nobody mistypes one of so many bytes, and comparing it with a large catalogue takes
/// long.
const LONGEST: usize = 1000;

/// The names that `name` may have been meant for, nearest first.
///
/// A name that differs only in capitals or surrounding space is the only answer. Otherwise near is what takes few edits
/// (Damerau and Levenshtein's distance, up to 2 in 5 letters, and 1 in any name), and a name that contains what was
/// asked for.
pub(crate) fn nearest_names<N: AsRef<str>>(name: &str, names: &[N]) -> Vec<String> {
    if name.len() > LONGEST {
        return Vec::new();
    }
    let wanted = name.trim().to_lowercase();
    let mut near: Vec<(f64, &str)> = names
        .iter()
        .filter_map(|candidate| {
            let candidate = candidate.as_ref();
            farness(&wanted, &candidate.to_lowercase()).map(|farness| (farness, candidate))
        })
        .collect();
    // Stable: what is equally near stays in the catalogue's order.
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    let only_equal = near.first().is_some_and(|first| first.0 == 0.0);
    near.into_iter()
        .take_while(|&(farness, _)| !only_equal || farness == 0.0)
        .take(OFFERED)
        .map(|(_, candidate)| candidate.to_owned())
        .collect()
}

/// The error for a file that is not there: where it was looked for, and what may have been meant.
pub(crate) fn missing_file(path: &Path) -> Error {
    let (folder, missing, rest) = first_missing(path);
    let there: Vec<String> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    // A path that was meant to begin in a folder above: that of the program, where a notebook lies deeper.
    let above = ["..", "../.."].map(|up| Path::new(up).join(path));
    let above = above.iter().filter(|above| {
        let is_relative = path
            .components()
            .next()
            .is_some_and(|first| matches!(first, Component::Normal(_)));
        is_relative && above.is_file()
    });
    let near = nearest_names(&missing, &there).into_iter().map(|name| {
        let whole = Path::new(&name).join(&rest);
        match rest.as_os_str().is_empty() || !folder.join(&whole).exists() {
            true => name,
            false => whole.display().to_string(),
        }
    });
    // Where the same path is in a folder above, that is meant.
    let above: Vec<String> = above.map(|above| above.display().to_string()).collect();
    let suggestions = match above.is_empty() {
        true => near.take(OFFERED).collect(),
        false => above,
    };
    Error::FileNotFound {
        path: path.into(),
        looked_in: std::path::absolute(&folder).unwrap_or(folder.clone()),
        suggestions,
    }
}

/// The deepest existing folder on the way to `path`, the name that is missing in it, and the rest of the path after
/// that name.
fn first_missing(path: &Path) -> (PathBuf, String, PathBuf) {
    let mut folder = PathBuf::new();
    let mut components = path.components();
    while let Some(component) = components.next() {
        let next = folder.join(component);
        if !next.exists() {
            let name = component.as_os_str().to_string_lossy().into_owned();
            if folder.as_os_str().is_empty() {
                folder.push(".");
            }
            return (folder, name, components.as_path().to_owned());
        }
        folder = next;
    }
    (PathBuf::from("."), String::new(), PathBuf::new())
}

/// From 0 (equal) to 1, or `None` if the candidate is too far.
fn farness(wanted: &str, candidate: &str) -> Option<f64> {
    let lengths = [wanted.chars().count(), candidate.chars().count()];
    let longer = lengths[0].max(lengths[1]);
    let least = lengths[0].abs_diff(lengths[1]);
    if least > 1 && 5 * least > 2 * longer && !candidate.contains(wanted) {
        // So many edits it takes at least, and counting them is what takes time.
        return None;
    }
    let edits = strsim::damerau_levenshtein(wanted, candidate);
    // Two names without a letter in common are not alike, however short.
    let few = edits < longer && (edits <= 1 || 5 * edits <= 2 * longer);
    let part = wanted.chars().count() >= 3 && candidate.contains(wanted);
    match (edits, few || part) {
        (0, _) => Some(0.0),
        (_, true) => Some(edits as f64 / longer as f64),
        (_, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_of_another_length_is_ruled_out_as_by_counting(wanted in "[ab]{0,9}", candidate in "[ab]{0,9}") {
            let longer = wanted.len().max(candidate.len());
            let edits = strsim::damerau_levenshtein(&wanted, &candidate);
            let near = edits < longer && (edits <= 1 || 5 * edits <= 2 * longer);
            let near = edits == 0 || near || wanted.len() >= 3 && candidate.contains(&wanted);
            prop_assert_eq!(farness(&wanted, &candidate).is_some(), near);
        }
    }

    const NAMES: [&str; 6] = ["abba", "pink", "pink floyd", "u2", "U2", "the beatles"];

    #[test]
    fn near_names_are_offered_nearest_first() {
        assert_eq!(nearest_names("pink floid", &NAMES), ["pink floyd"]);
        assert_eq!(nearest_names("pnik", &NAMES), ["pink"]);
        assert_eq!(nearest_names("beatles", &NAMES), ["the beatles"]);
        assert_eq!(nearest_names("pin", &NAMES), ["pink", "pink floyd"]);
        assert_eq!(nearest_names("u3", &NAMES), ["u2", "U2"]);
    }

    #[test]
    fn capitals_and_space_around_are_forgiven_before_anything_else() {
        assert_eq!(nearest_names(" ABBA ", &NAMES), ["abba"]);
        assert_eq!(nearest_names(" u2", &NAMES), ["u2", "U2"]);
    }

    #[test]
    fn far_names_are_not_offered() {
        assert!(nearest_names("metallica", &NAMES).is_empty());
        assert!(nearest_names("", &NAMES).is_empty());
        assert!(nearest_names("x", &["y"]).is_empty());
        assert!(nearest_names(&"abba".repeat(300), &NAMES).is_empty());
    }
}

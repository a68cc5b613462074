//! "Did you mean ...?"

/// How many names are offered at most.
const OFFERED: usize = 3;

/// The names that `name` may have been meant for, nearest first.
///
/// A name that differs only in capitals or surrounding space is the only answer. Otherwise near is what takes few edits
/// (Damerau and Levenshtein's distance, up to 2 in 5 letters, and 1 in any name), and a name that contains what was asked for.
pub(super) fn nearest_names<N: AsRef<str>>(name: &str, names: &[N]) -> Vec<String> {
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

/// From 0 (equal) to 1, or nothing if the candidate is too far.
fn farness(wanted: &str, candidate: &str) -> Option<f64> {
    let longer = wanted.chars().count().max(candidate.chars().count());
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
    }
}

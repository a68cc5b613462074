//! Which name was meant by one that there is not.

/// From here on, two names are taken for alike: `fil` and `file`, `nme` and `name`.
const ALIKE: f64 = 0.75;
/// The same of many names, of which some are alike by chance.
const ALIKE_OF_MANY: f64 = 0.9;

/// The most similar of `names`, if it is similar at all.
pub fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    alike(name, names, ALIKE)
}

/// The most similar of hundreds of `names`, if it is very similar.
pub(crate) fn nearest_of_many<'n>(
    name: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    alike(name, names, ALIKE_OF_MANY)
}

fn alike<'n>(name: &str, names: impl IntoIterator<Item = &'n str>, least: f64) -> Option<&'n str> {
    let alike = names
        .into_iter()
        .map(|other| {
            (
                strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase()),
                other,
            )
        })
        .filter(|(likeness, _)| *likeness >= least);
    let nearest = alike.max_by(|a, b| a.0.total_cmp(&b.0));
    nearest.map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_similar_is_near() {
        let names = ["data", "weight_seed", "n_hidden"];
        assert_eq!(nearest("dat", names), Some("data"));
        assert_eq!(nearest("wieght_seed", names), Some("weight_seed"));
        assert_eq!(nearest("xyz", names), None);
        assert_eq!(nearest_of_many("numpy", ["num_complex"]), None);
        assert_eq!(nearest_of_many("ndaray", ["ndarray"]), Some("ndarray"));
    }
}

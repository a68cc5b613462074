//! Which hand-ins are alike. What is compared are the runs of tokens in the answers, so that other names, other
//! numbers, other comments and another layout hide nothing.

use radio_pages::highlight::{Class, stretches};
use std::collections::{BTreeMap, BTreeSet};

/// How many tokens in a row are compared.
const RUN: usize = 6;
/// From how many of these two hand-ins are compared: short answers are alike of themselves.
const MIN_RUNS: usize = 30;
/// Hand-ins that share at least this much are named.
const MIN_SHARE: f64 = 0.9;
/// From how many hand-ins on it is known what most have in common.
const MANY: usize = 5;

/// The measure, in words.
pub const MEASURE: &str = "the share of runs of 6 tokens that two hand-ins' answers have in common, of all that \
    either has; names and literals count as any other, and runs that were handed out, or that more than half of \
    all hand-ins have, are left out; from 0.9 on, and 30 runs";

/// Hand-ins that are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Alike {
    /// Whose they are.
    pub students: Vec<String>,
    /// The least that two of them have in common, of those that were found to be alike.
    pub share: f64,
}

/// Groups of hand-ins that are alike, of all answers by whose they are. `handed_out` is what everybody got.
pub fn alike(answers: &BTreeMap<String, Vec<String>>, handed_out: &[String]) -> Vec<Alike> {
    let given: BTreeSet<Run> = handed_out.iter().flat_map(|text| runs(text)).collect();
    let own: Vec<(&String, BTreeSet<Run>)> = answers
        .iter()
        .map(|(student, texts)| {
            let runs = texts.iter().flat_map(|text| runs(text));
            (student, runs.filter(|run| !given.contains(run)).collect())
        })
        .collect();
    let mut counts: BTreeMap<&Run, usize> = BTreeMap::new();
    for run in own.iter().flat_map(|(_, runs)| runs) {
        *counts.entry(run).or_default() += 1;
    }
    let is_common = |run: &Run| own.len() >= MANY && counts[run] * 2 > own.len();
    let rare: Vec<BTreeSet<&Run>> = own
        .iter()
        .map(|(_, runs)| runs.iter().filter(|run| !is_common(run)).collect())
        .collect();
    // Who is like somebody of a group belongs to it.
    let mut group: Vec<usize> = (0..own.len()).collect();
    let mut shares = Vec::new();
    for a in 0..own.len() {
        for b in a + 1..own.len() {
            let both = rare[a].intersection(&rare[b]).count();
            let either = rare[a].len() + rare[b].len() - both;
            let share = both as f64 / either.max(1) as f64;
            if both >= MIN_RUNS && share >= MIN_SHARE {
                let (from, to) = (group[b], group[a]);
                group
                    .iter_mut()
                    .filter(|of| **of == from)
                    .for_each(|of| *of = to);
                shares.push((a, share));
            }
        }
    }
    let ids: BTreeSet<usize> = shares.iter().map(|(a, _)| group[*a]).collect();
    let groups = ids.into_iter().map(|id| Alike {
        students: (0..own.len())
            .filter(|at| group[*at] == id)
            .map(|at| own[at].0.clone())
            .collect(),
        share: shares
            .iter()
            .filter(|(a, _)| group[*a] == id)
            .fold(1.0, |least, (_, share)| share.min(least)),
    });
    groups.collect()
}

/// Tokens in a row.
type Run = Vec<String>;

fn runs(text: &str) -> Vec<Run> {
    let tokens: Vec<String> = stretches(text)
        .into_iter()
        .filter_map(|(class, text)| {
            let is_word = text.starts_with(|c: char| c == '_' || c.is_alphabetic());
            let token = match class {
                Class::Comment => return None,
                _ if text.trim().is_empty() => return None,
                Class::Keyword => text,
                Class::Text | Class::Number => "0",
                Class::Lifetime => "'a",
                Class::Macro => "m",
                _ if is_word => "a",
                _ => text,
            };
            Some(token.to_owned())
        })
        .collect();
    tokens.windows(RUN).map(<[String]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "fn score(user: usize) -> Vec<f64> {\n    let mut all = Vec::new();\n    for (item, row) in table.iter().enumerate() {\n        if row[user] > 0.0 { all.push(row[user] * weight(item)); } else { all.push(0.0); }\n    }\n    all.sort_by(|a, b| b.total_cmp(a));\n    while all.len() > 10 { all.pop(); }\n    match all.first() { Some(first) => println!(\"{first}\"), None => return Vec::new() }\n    all.iter().map(|x| x / total).collect::<Vec<f64>>()\n}";

    fn groups(texts: &[(&str, &str)], handed_out: &[&str]) -> Vec<Vec<String>> {
        let answers = texts
            .iter()
            .map(|(who, text)| ((*who).to_owned(), vec![(*text).to_owned()]));
        let handed_out: Vec<String> = handed_out.iter().map(|text| (*text).to_owned()).collect();
        let found = alike(&answers.collect(), &handed_out);
        found.into_iter().map(|of| of.students).collect()
    }

    #[test]
    fn other_names_and_comments_hide_nothing() {
        let renamed = LONG
            .replace("all", "result")
            .replace("row", "line")
            .replace("{\n", "{ // mine\n\n")
            .replace("10", "12");
        let other = "fn score(u: usize) -> Vec<f64> { (0..n).map(|i| dot(u, i)).filter(|s| s.is_finite()).take(10).collect() }";
        assert_eq!(
            groups(&[("ann", LONG), ("bob", &renamed), ("cy", other)], &[]),
            [["ann", "bob"]]
        );
        assert!(groups(&[("ann", LONG), ("cy", other)], &[]).is_empty());
    }

    #[test]
    fn what_was_handed_out_or_is_everybodys_does_not_count() {
        assert!(groups(&[("ann", LONG), ("bob", LONG)], &[LONG]).is_empty());
        let all: Vec<_> = ["a", "b", "c", "d", "e", "f"].map(|who| (who, LONG)).into();
        assert!(groups(&all, &[]).is_empty());
        assert!(groups(&[("ann", "a + b"), ("bob", "a + b")], &[]).is_empty());
    }
}

//! What is learned from, and what is hidden.
//!
//! Both parts keep all users and items of the matrix, in its order, so that a [`User`] or an [`Item`] means the same in
//! all three; those of [`strangers`] keep all items, and each its own users. Each value goes to one of the parts, with
//! its timestamp if the matrix has timestamps. Everything random takes a seed, and gives the same parts for the same
//! seed.

use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::interactions::{Interactions, Item, User};
use crate::{Error, Result};

/// A matrix in two parts.
#[derive(Clone, Debug)]
pub struct Split {
    /// What is learned from.
    pub train: Interactions,
    /// What is hidden from learning.
    pub test: Interactions,
}

/// Hides the share `test` of each user's plays, chosen by chance.
///
/// A user with m plays keeps the nearest whole number to (1 - `test`) m, so that one with a single play keeps it while
/// `test` is at most a half.
///
/// # Errors
///
/// [`Error::InvalidParameter`] unless `test` is from 0 to 1.
pub fn stratified_by_user(data: &Interactions, test: f64, seed: u64) -> Result<Split> {
    check_share(test)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    divide(data, |user| {
        hidden_share(data.items_of(user).len(), test, &mut rng)
    })
}

/// Hides one play of each user who has at least two, chosen by chance.
pub fn leave_one_out(data: &Interactions, seed: u64) -> Split {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let parts = divide(data, |user| {
        let mut hidden = vec![false; data.items_of(user).len()];
        if hidden.len() >= 2 {
            let chosen = rng.random_range(0..hidden.len());
            hidden[chosen] = true;
        }
        hidden
    });
    parts.expect("the names of a matrix are unique")
}

/// Hides the latest play of each user who has at least two; of several at the same moment, the last in the catalogue's
/// order.
///
/// `time` says when a user played an item, in any unit.
///
/// # Errors
///
/// [`Error::InvalidParameter`] for a time that is not a number.
///
/// ```
/// use radio_rec::evaluate::split;
/// use radio_rec::interactions::LongTable;
///
/// let table = "user,item,timestamp\nann,u2,30\nann,abba,10\nbob,u2,20\n";
/// let data = LongTable::new().read_from(table.as_bytes(), "plays.csv")?;
/// let parts = split::leave_last_out(&data, |user, item| data.timestamp(user, item).unwrap_or(f64::NAN))?;
/// assert_eq!((parts.train.nnz(), parts.test.nnz()), (2, 1));
/// assert_eq!(parts.test.value(data.user("ann")?, data.item("u2")?), 1.0);
/// # Ok::<(), radio_rec::Error>(())
/// ```
pub fn leave_last_out(data: &Interactions, time: impl Fn(User, Item) -> f64) -> Result<Split> {
    let all = times_of_plays(data, &time)?;
    let mut rest = all.as_slice();
    divide(data, |user| {
        let (times, others) = rest.split_at(data.items_of(user).len());
        rest = others;
        let mut hidden = vec![false; times.len()];
        let latest = (0..times.len()).max_by(|&a, &b| times[a].total_cmp(&times[b]));
        if let Some(latest) = latest.filter(|_| times.len() >= 2) {
            hidden[latest] = true;
        }
        hidden
    })
}

/// Hides the latest share `test` of all plays: what came after one moment is to be told from what came before it.
///
/// `time` says when a user played an item, in any unit. Plays of the same moment stay together, in the part that is
/// learned from if the moment is the first of the hidden ones, so that nothing is learned from what happens at the same
/// time as what is hidden.
///
/// # Errors
///
/// [`Error::InvalidParameter`] unless `test` is from 0 to 1, and for a time that is not a number.
pub fn temporal(data: &Interactions, test: f64, time: impl Fn(User, Item) -> f64) -> Result<Split> {
    check_share(test)?;
    let mut times = times_of_plays(data, &time)?;
    times.sort_unstable_by(f64::total_cmp);
    let kept = ((1.0 - test) * times.len() as f64).round() as usize;
    // The hidden part begins after the last moment that is learned from.
    let last = kept.checked_sub(1).map(|at| times[at]);
    divide(data, |user| {
        let hidden = |(item, _)| last.is_none_or(|last| time(user, item) > last);
        data.items_of(user).map(hidden).collect()
    })
}

/// Hides the share `test` of all plays, chosen by chance, whosever they are.
///
/// # Errors
///
/// [`Error::InvalidParameter`] unless `test` is from 0 to 1.
pub fn random(data: &Interactions, test: f64, seed: u64) -> Result<Split> {
    check_share(test)?;
    let kept = ((1.0 - test) * data.nnz() as f64).round() as usize;
    let mut hidden: Vec<bool> = (0..data.nnz()).map(|place| place >= kept).collect();
    hidden.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    let mut hidden = hidden.into_iter();
    divide(data, |user| {
        hidden.by_ref().take(data.items_of(user).len()).collect()
    })
}

/// Two groups of people, for strong generalisation: those who are learned from, and others of whom a part of the plays
/// is known.
#[derive(Clone, Debug)]
pub struct Strangers {
    /// What is learned from: all that the others played, with all items of the matrix.
    pub train: Interactions,
    /// What is known of the strangers, with all items of the matrix.
    pub fold_in: Interactions,
    /// What is hidden of the strangers, with the same users and items.
    pub test: Interactions,
}

/// Takes `strangers` users out of what is learned from, chosen by chance, and hides the share `test` of the plays of
/// each.
///
/// As Liang et al. do ("Variational autoencoders for collaborative filtering", WWW 2018, section 4.1), with `test` 0.2,
/// what the strangers played of items that nobody else did is in neither part: no model can know it. A stranger with m
/// other plays keeps the nearest whole number to (1 - `test`) m. [`evaluate_strangers`](super::evaluate_strangers)
/// measures by it.
///
/// # Errors
///
/// [`Error::InvalidParameter`] unless `test` is from 0 to 1, and for as many strangers as there are users, or more.
pub fn strangers(data: &Interactions, strangers: usize, test: f64, seed: u64) -> Result<Strangers> {
    check_share(test)?;
    let users = data.users().len();
    if strangers >= users {
        return Err(Error::invalid(
            "strangers",
            strangers,
            format!("less than the number of users, {users}"),
        ));
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut is_stranger: Vec<bool> = (0..users).map(|user| user < strangers).collect();
    is_stranger.shuffle(&mut rng);
    let group = |of_strangers: bool| {
        let users = data.user_indices();
        users.filter(move |user| is_stranger[user.index()] == of_strangers)
    };
    let names = |users: &[User]| users.iter().map(|&u| data.user_name(u).clone()).collect();
    let matrix = |users: &[User], Part { entries, times }| {
        Interactions::from_timed_parts(names(users), data.items().to_vec(), entries, times)
    };

    let (mut train, mut fold_in, mut hidden) = (Part::of(data), Part::of(data), Part::of(data));
    let known: Vec<User> = group.clone()(false).collect();
    for (row, &user) in (0..).zip(&known) {
        for (item, value) in data.items_of(user) {
            train.push(data, row, user, item, value);
        }
    }
    let train = matrix(&known, train)?;
    let strangers: Vec<User> = group(true).collect();
    for (row, &user) in (0..).zip(&strangers) {
        let is_known = |&(item, _): &(Item, f64)| train.users_of(item).len() > 0;
        let plays: Vec<(Item, f64)> = data.items_of(user).filter(is_known).collect();
        for ((item, value), is_hidden) in
            plays.iter().zip(hidden_share(plays.len(), test, &mut rng))
        {
            let part = if is_hidden { &mut hidden } else { &mut fold_in };
            part.push(data, row, user, *item, *value);
        }
    }
    Ok(Strangers {
        fold_in: matrix(&strangers, fold_in)?,
        test: matrix(&strangers, hidden)?,
        train,
    })
}

/// Which of `plays` plays are hidden: the share `test`, chosen by chance.
fn hidden_share(plays: usize, test: f64, rng: &mut ChaCha8Rng) -> Vec<bool> {
    let kept = ((1.0 - test) * plays as f64).round() as usize;
    let mut hidden: Vec<bool> = (0..plays).map(|place| place >= kept).collect();
    hidden.shuffle(rng);
    hidden
}

/// Divides by a function that says of each user which plays are hidden, in the catalogue's order.
fn divide(data: &Interactions, mut hidden: impl FnMut(User) -> Vec<bool>) -> Result<Split> {
    let (mut train, mut test) = (Part::of(data), Part::of(data));
    for user in data.user_indices() {
        for ((item, value), hidden) in data.items_of(user).zip(hidden(user)) {
            let part = if hidden { &mut test } else { &mut train };
            part.push(data, user.index() as u32, user, item, value);
        }
    }
    let matrix = |Part { entries, times }| {
        let (users, items) = (data.users().to_vec(), data.items().to_vec());
        Interactions::from_timed_parts(users, items, entries, times)
    };
    Ok(Split {
        train: matrix(train)?,
        test: matrix(test)?,
    })
}

/// What goes to one of the parts.
struct Part {
    entries: Vec<(u32, u32, f64)>,
    /// Of each entry, if there are timestamps.
    times: Option<Vec<f64>>,
}

impl Part {
    /// Nothing yet of a matrix.
    fn of(data: &Interactions) -> Self {
        Self {
            entries: Vec::new(),
            times: data.has_timestamps().then(Vec::new),
        }
    }

    /// Adds a play of a user of `data`, who has the number `row` here.
    fn push(&mut self, data: &Interactions, row: u32, user: User, item: Item, value: f64) {
        self.entries.push((row, item.index() as u32, value));
        if let Some(times) = &mut self.times {
            times.extend(data.timestamp(user, item));
        }
    }
}

/// When each play was, user by user; an error for a time that is not a number.
fn times_of_plays(data: &Interactions, time: &impl Fn(User, Item) -> f64) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(data.nnz());
    for user in data.user_indices() {
        for (item, _) in data.items_of(user) {
            let time = time(user, item);
            if time.is_nan() {
                let (user, item) = (data.user_name(user), data.item_name(item));
                return Err(Error::invalid(
                    "time",
                    format!("NaN for user `{user}` and item `{item}`"),
                    "a number",
                ));
            }
            times.push(time);
        }
    }
    Ok(times)
}

fn check_share(test: f64) -> Result<()> {
    if (0.0..=1.0).contains(&test) {
        return Ok(());
    }
    Err(Error::invalid("test", test, "a share, from 0 to 1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 10 users, of whom user `u` played `u` of 12 items.
    fn staircase() -> Interactions {
        let plays = (0..10).flat_map(|user| {
            (0..12).map(move |item| {
                let value = if item < user { 1.0 + item as f64 } else { 0.0 };
                (format!("u{user}"), format!("i{item}"), value)
            })
        });
        Interactions::from_triplets(plays).unwrap()
    }

    fn assert_parts(data: &Interactions, parts: &Split) {
        assert_eq!(parts.train.items(), data.items());
        assert_eq!(parts.test.users(), data.users());
        assert_eq!(
            &parts.train.to_dense() + &parts.test.to_dense(),
            data.to_dense()
        );
        assert_eq!(parts.train.nnz() + parts.test.nnz(), data.nnz());
    }

    fn hidden(parts: &Split) -> Vec<usize> {
        let users = parts.test.user_indices();
        users.map(|user| parts.test.items_of(user).len()).collect()
    }

    #[test]
    fn of_each_user_a_share_is_hidden() {
        let data = staircase();
        let parts = stratified_by_user(&data, 0.25, 1).unwrap();
        assert_parts(&data, &parts);
        // 0.75 of 0, 1, 2, ... 9 is kept, rounded: 0 1 2 2 3 4 5 5 6 7.
        assert_eq!(hidden(&parts), [0, 0, 0, 1, 1, 1, 1, 2, 2, 2]);
        let again = stratified_by_user(&data, 0.25, 1).unwrap();
        assert_eq!(again.test.to_dense(), parts.test.to_dense());
        let other = stratified_by_user(&data, 0.25, 2).unwrap();
        assert_ne!(other.test.to_dense(), parts.test.to_dense());
    }

    #[test]
    fn one_is_left_out_of_those_with_two() {
        let data = staircase();
        let parts = leave_one_out(&data, 5);
        assert_parts(&data, &parts);
        assert_eq!(hidden(&parts), [0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
        let other = leave_one_out(&data, 6);
        assert_ne!(other.test.to_dense(), parts.test.to_dense());
    }

    #[test]
    fn the_latest_are_hidden_and_a_moment_stays_together() {
        let data = staircase();
        let time = |_: User, item: Item| item.index() as f64;
        let parts = temporal(&data, 0.25, time).unwrap();
        assert_parts(&data, &parts);
        // 45 plays, 9 of item 0 down to 1 of item 8. The 34th is of item 4, which all are learned from.
        let first = parts
            .test
            .item_indices()
            .find(|&item| parts.test.users_of(item).len() > 0);
        assert_eq!(first.unwrap().index(), 5);
        assert_eq!(parts.test.nnz(), 4 + 3 + 2 + 1);
        assert!(temporal(&data, 0.25, |_, _| f64::NAN).is_err());
    }

    #[test]
    fn the_last_is_left_out_of_those_with_two() {
        let data = staircase();
        // Later items are earlier, and two at a time.
        let time = |_: User, item: Item| -((item.index() / 2) as f64);
        let parts = leave_last_out(&data, time).unwrap();
        assert_parts(&data, &parts);
        assert_eq!(hidden(&parts), [0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
        for user in parts.test.user_indices().skip(2) {
            let items: Vec<usize> = parts
                .test
                .items_of(user)
                .map(|(item, _)| item.index())
                .collect();
            assert_eq!(items, [1]);
        }
        assert!(leave_last_out(&data, |_, _| f64::NAN).is_err());
    }

    #[test]
    fn strangers_are_not_learned_from() {
        let data = staircase();
        let parts = strangers(&data, 4, 0.25, 3).unwrap();
        let Strangers {
            train,
            fold_in,
            test,
        } = &parts;
        assert_eq!((train.users().len(), fold_in.users().len()), (6, 4));
        assert_eq!(fold_in.users(), test.users());
        assert!(
            !train
                .users()
                .iter()
                .any(|user| test.find_user(user).is_some())
        );
        for user in data.user_indices() {
            let name = data.user_name(user);
            for (item, value) in data.items_of(user) {
                let of = |part: &Interactions| {
                    let user = part.find_user(name);
                    user.map_or(0.0, |user| {
                        part.value(user, part.item_at(item.index()).unwrap())
                    })
                };
                let known = train.users_of(item).len() > 0;
                let expected = if known { value } else { 0.0 };
                assert_eq!(
                    of(train) + of(fold_in) + of(test),
                    expected,
                    "{name} {item:?}"
                );
            }
            if let Some(user) = test.find_user(name) {
                let counts = [fold_in, test].map(|part| part.items_of(user).len());
                let all = counts[0] + counts[1];
                assert_eq!(counts[0], (0.75 * all as f64).round() as usize);
            }
        }
        let names = |seed| {
            strangers(&data, 4, 0.25, seed)
                .unwrap()
                .test
                .users()
                .to_vec()
        };
        assert_eq!(names(3), test.users());
        assert!(
            (4..9).any(|seed| names(seed) != names(3)),
            "another seed, other strangers"
        );
        assert_eq!(
            strangers(&data, 10, 0.2, 1).unwrap_err().to_string(),
            "`strangers` is 10, but must be less than the number of users, 10"
        );
        assert!(strangers(&data, 1, 1.5, 1).is_err());
        assert_eq!(strangers(&data, 0, 0.2, 1).unwrap().train.nnz(), data.nnz());
    }

    #[test]
    fn timestamps_are_handed_on() {
        let rows = (0..40).map(|row| format!("u{},i{},{}\n", row % 4, row / 4, 1000 + row));
        let table = std::iter::once("user,item,timestamp\n".to_string()).chain(rows);
        let table: String = table.collect();
        let data = crate::interactions::LongTable::new()
            .read_from(table.as_bytes(), "-")
            .unwrap();
        for parts in [
            stratified_by_user(&data, 0.25, 1).unwrap(),
            leave_one_out(&data, 1),
            random(&data, 0.25, 1).unwrap(),
            temporal(&data, 0.25, |user, item| {
                data.timestamp(user, item).unwrap()
            })
            .unwrap(),
        ] {
            for part in [&parts.train, &parts.test] {
                assert!(part.has_timestamps() && part.nnz() > 0);
                for user in part.user_indices() {
                    for (item, _) in part.items_of(user) {
                        assert_eq!(part.timestamp(user, item), data.timestamp(user, item));
                    }
                }
            }
        }
        assert!(!leave_one_out(&staircase(), 1).train.has_timestamps());
    }

    #[test]
    fn a_share_is_from_0_to_1() {
        for share in [-0.1, 1.1, f64::NAN] {
            assert!(stratified_by_user(&staircase(), share, 1).is_err());
        }
        let error = random(&staircase(), 2.0, 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`test` is 2, but must be a share, from 0 to 1"
        );
    }

    proptest! {
        #[test]
        fn every_value_goes_to_one_part(share in 0.0..=1.0f64, seed in any::<u64>()) {
            let data = staircase();
            let parts = random(&data, share, seed).unwrap();
            assert_parts(&data, &parts);
            prop_assert_eq!(parts.train.nnz(), ((1.0 - share) * 45.0).round() as usize);
            if (0.2..=0.8).contains(&share) {
                let others = (1..20).map(|more| random(&data, share, seed.wrapping_add(more)).unwrap());
                prop_assert!(others.into_iter().any(|other| other.test.to_dense() != parts.test.to_dense()));
            }
            assert_parts(&data, &stratified_by_user(&data, share, seed).unwrap());
            assert_parts(&data, &temporal(&data, share, |user, item| (user.index() * item.index()) as f64).unwrap());
        }
    }
}

//! Random walks of three steps, from items to items by their users.

use serde::{Deserialize, Serialize};

use super::history::PlayWeight;
use super::{Fit, ItemWeightsModel, check_not_empty};
use crate::interactions::{Interactions, Item};
use crate::parallel;
use crate::ranking::{at_least_one, best};
use crate::similarity::{ItemNeighbours, Neighbour};
use crate::{Error, Result};

/// Scores an item by how often a walk from the user comes to it: to an item that they played, to one of its users, to
/// an item of theirs; and by how few play it.
///
/// With x the weighted plays, the weight of item i for item j is
///
/// ```text
/// w_ij = Σ over users v  (x_vi / Σ_u x_ui)^α · (x_vj / Σ_k x_vk)^α   /   n_j^β       n_j the number of users of j
/// ```
///
/// of which each item i keeps its `k` largest, and the score of item j is Σ x_ui w_ij (Paudel, Christoffel, Newell and
/// Bernstein, "Updatable, accurate, diverse, and scalable recommendations for interactive applications", TiiS 2017,
/// section 4, with α as in Cooper, Lee, Radzik and Siantos, "Random walks in recommender systems", WWW 2014; the user's
/// own first step is x_ui itself, which orders items alike where plays count the same). An item to which no walk comes
/// has no score.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `k` | 100 | how many weights of each item are kept | at least 1 |
/// | `alpha` | 1 | how much likely steps are preferred to others | above 0, at most 10 |
/// | `beta` | 0.6 | how much popular items are discounted | from 0 to 10 |
/// | `weight` | 1 | how strongly a play counts, in learning and in scoring | see [`PlayWeight`] |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rp3Beta {
    /// How many weights of each item are kept.
    pub k: usize,
    /// How much likely steps are preferred to others.
    pub alpha: f64,
    /// How much popular items are discounted.
    pub beta: f64,
    /// How strongly a play counts.
    pub weight: PlayWeight,
}

impl Default for Rp3Beta {
    fn default() -> Self {
        Self {
            k: 100,
            alpha: 1.0,
            beta: 0.6,
            weight: PlayWeight::ONE,
        }
    }
}

impl Fit for Rp3Beta {
    type Model = ItemWeightsModel;

    fn check(&self) -> Result<()> {
        at_least_one("k", self.k)?;
        if !(self.alpha > 0.0 && self.alpha <= 10.0) {
            return Err(Error::invalid(
                "alpha",
                self.alpha,
                "above 0 and at most 10",
            ));
        }
        if !(0.0..=10.0).contains(&self.beta) {
            return Err(Error::invalid("beta", self.beta, "from 0 to 10"));
        }
        self.weight.check()
    }

    /// Goes all walks.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range, and for a matrix
    /// without values.
    fn fit(&self, data: &Interactions) -> Result<ItemWeightsModel> {
        self.check()?;
        check_not_empty(data)?;
        let of = |value| self.weight.of(value);
        let of_users: Vec<f64> = (data.user_indices())
            .map(|user| data.items_of(user).map(|(_, value)| of(value)).sum())
            .collect();
        let discounts: Vec<f64> = (data.item_indices())
            .map(|item| (data.users_of(item).len() as f64).powf(-self.beta))
            .collect();
        let items: Vec<Item> = data.item_indices().collect();
        let rows: Vec<Vec<Neighbour>> = parallel::map_init(
            items.len(),
            || vec![0.0; items.len()],
            |walks, item| {
                let item = items[item];
                let all: f64 = data.users_of(item).map(|(_, value)| of(value)).sum();
                for (user, value) in data.users_of(item) {
                    let to_user = (of(value) / all).powf(self.alpha);
                    let all = of_users[user.index()];
                    for (other, value) in data.items_of(user) {
                        let step = (of(value) / all).powf(self.alpha);
                        walks[other.index()] += to_user * step;
                    }
                }
                walks[item.index()] = 0.0;
                let weights = (items.iter().zip(walks.iter_mut()).zip(&discounts))
                    .map(|((&other, walks), discount)| (other, std::mem::take(walks) * discount))
                    .filter(|&(_, weight)| weight > 0.0);
                let kept = best(self.k, weights.collect()).into_iter();
                kept.map(|(item, similarity)| Neighbour { item, similarity })
                    .collect()
            },
        );
        Ok(ItemWeightsModel {
            data: data.clone(),
            weight: self.weight,
            weights: ItemNeighbours::from_rows(rows),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_by_hand() {
        let data = Interactions::from_triplets([
            ("ann", "abba", 1.0),
            ("ann", "u2", 1.0),
            ("bob", "u2", 1.0),
            ("bob", "air", 3.0),
        ])
        .unwrap();
        let rp3 = Rp3Beta {
            beta: 0.5,
            weight: PlayWeight::VALUE,
            ..Rp3Beta::default()
        };
        let model = rp3.fit(&data).unwrap();
        let weights = |item| {
            let neighbours = model.weights().neighbours(data.item(item).unwrap());
            let weight = |n: &Neighbour| (data.item_name(n.item).as_str(), n.similarity);
            neighbours.iter().map(weight).collect::<Vec<_>>()
        };
        // From u2 to ann or bob, each as likely, and on to what they play; 1 user plays each of the others.
        assert_eq!(weights("u2"), [("air", 0.5 * 0.75), ("abba", 0.5 * 0.5)]);
        // From abba to ann, and to u2, which 2 play.
        assert_eq!(weights("abba"), [("u2", 0.5 * 2.0f64.powf(-0.5))]);
        let few = Rp3Beta { k: 1, ..rp3 }.fit(&data).unwrap();
        assert_eq!(few.weights().neighbours(data.item("u2").unwrap()).len(), 1);
    }

    #[test]
    fn parameters_are_checked() {
        let data = Interactions::from_triplets([("a", "x", 1.0)]).unwrap();
        let message = |rp3: Rp3Beta| rp3.fit(&data).err().unwrap().to_string();
        let rp3 = Rp3Beta::default();
        assert!(message(Rp3Beta { k: 0, ..rp3 }).starts_with("`k` is 0"));
        assert!(message(Rp3Beta { alpha: 0.0, ..rp3 }).starts_with("`alpha` is 0"));
        let beta = f64::NAN;
        assert!(message(Rp3Beta { beta, ..rp3 }).starts_with("`beta` is NaN"));
    }
}

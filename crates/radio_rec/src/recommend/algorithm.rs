//! Any of the models, chosen at run time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::*;
use crate::interactions::Item;
use crate::{Error, Result};

/// Makes [`Algorithm`] and [`Model`] of a table: variant, parameters, fitted model, name, what else it can be asked.
macro_rules! algorithms {
    ($($(#[$doc:meta])* $Variant:ident, $Fitted:ident, $name:literal, $default:expr, [$($can:ident)*];)*) => {
        /// Any of the models before it has learned: its name and its parameters.
        ///
        /// [`str::parse`] gives the algorithm of a name with usual parameters. Written by serde, in JSON say, it is its
        /// name with its parameters: `{"als": {"factors": 32}}`.
        ///
        /// ```
        /// use radio_rec::recommend::Algorithm;
        ///
        /// let ease: Algorithm = "ease".parse()?;
        /// assert_eq!(ease.to_string(), "ease");
        /// let error = "eese".parse::<Algorithm>().unwrap_err();
        /// assert!(error.to_string().starts_with("`model` is eese, but must be one of popularity, "));
        /// # Ok::<(), radio_rec::Error>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Algorithm {
            $($(#[$doc])* #[serde(rename = $name)] $Variant($Variant),)*
        }

        /// Any of the models, fitted.
        #[derive(Clone, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Model {
            $(#[doc = concat!("A fitted [`", stringify!($Variant), "`].")] $Variant($Fitted),)*
        }

        impl Algorithm {
            /// The names there are.
            pub const NAMES: &[&str] = &[$($name),*];

            /// The name, as [`str::parse`] reads it.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Algorithm::$Variant(_) => $name,)*
                }
            }
        }

        impl Fit for Algorithm {
            type Model = Model;

            fn check(&self) -> Result<()> {
                match self {
                    $(Algorithm::$Variant(algorithm) => algorithm.check(),)*
                }
            }

            fn fit(&self, data: &Interactions) -> Result<Model> {
                match self {
                    $(Algorithm::$Variant(algorithm) => Ok(Model::$Variant(algorithm.fit(data)?)),)*
                }
            }
        }

        impl FromStr for Algorithm {
            type Err = Error;

            fn from_str(name: &str) -> Result<Self> {
                match name {
                    $($name => Ok(Algorithm::$Variant($default)),)*
                    _ => {
                        let names = format!("one of {}", Self::NAMES.join(", "));
                        Err(Error::invalid("model", crate::text::excerpt(name), names))
                    }
                }
            }
        }

        impl Model {
            /// The name of the algorithm.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Model::$Variant(_) => $name,)*
                }
            }

            fn fitted(&self) -> &dyn Recommender {
                match self {
                    $(Model::$Variant(model) => model,)*
                }
            }

            /// The model, if it knows which items are alike.
            pub fn as_similar_items(&self) -> Option<&dyn SimilarItems> {
                match self {
                    $(Model::$Variant(_model) => algorithms!(@ similar _model $($can)*),)*
                }
            }

            /// The model, if it knows which users are alike.
            pub fn as_similar_users(&self) -> Option<&dyn SimilarUsers> {
                match self {
                    $(Model::$Variant(_model) => algorithms!(@ users _model $($can)*),)*
                }
            }

            /// The model, if it takes in new plays.
            pub fn as_update(&mut self) -> Option<&mut dyn Update> {
                match self {
                    $(Model::$Variant(_model) => algorithms!(@ update _model $($can)*),)*
                }
            }

            /// The model, if it can explain its recommendations.
            pub fn as_explain(&self) -> Option<&dyn Explain> {
                match self {
                    $(Model::$Variant(_model) => algorithms!(@ explain _model $($can)*),)*
                }
            }
        }
    };
    (@ similar $model:ident similar $($rest:ident)*) => { Some($model) };
    (@ users $model:ident users $($rest:ident)*) => { Some($model) };
    (@ update $model:ident update $($rest:ident)*) => { Some($model) };
    (@ explain $model:ident explain $($rest:ident)*) => { Some($model) };
    (@ $what:ident $model:ident $other:ident $($rest:ident)*) => { algorithms!(@ $what $model $($rest)*) };
    (@ $what:ident $model:ident) => { None };
}

algorithms! {
    /// What has the most listeners.
    Popularity, PopularityModel, "popularity", Popularity, [update];
    /// What the most similar user played.
    NearestUser, NearestUserModel, "nearest-user", NearestUser, [users update explain];
    /// What similar users played; 50 of them.
    UserKnn, UserKnnModel, "user-knn", UserKnn::new(50), [users update explain];
    /// The share of an item's 20 neighbours that was played.
    ItemScore, ItemScoreModel, "item-score", ItemScore::new(20), [similar update explain];
    /// What is similar to what was played, with 100 neighbours of each item.
    ItemKnn, ItemKnnModel, "item-knn", ItemKnn::new(100), [similar update explain];
    /// A weight between every two items, with the penalty 300.
    Ease, EaseModel, "ease", Ease::new(300.0), [similar explain];
    /// The same with dropout 0.6 and the penalty 200.
    Edlae, EaseModel, "edlae", Edlae::new(0.6, 200.0), [similar explain];
    /// The same with 200 weights of each item, for large catalogues.
    SparseEase, ItemWeightsModel, "sparse-ease", SparseEase { dropout: 0.6, ..SparseEase::new(200, 200.0) }, [similar explain];
    /// EDLAE of the items and of the users, added up.
    TwoSided, TwoSidedModel, "two-sided", TwoSided::default(), [similar users];
    /// A few weights of each item, by an elastic net.
    Slim, ItemWeightsModel, "slim", Slim::default(), [similar explain];
    /// Walks of three steps, with 100 weights of each item.
    Rp3Beta, ItemWeightsModel, "rp3beta", Rp3Beta::default(), [similar explain];
    /// Points by alternating least squares, with 64 factors.
    Als, AlsModel, "als", Als::default(), [similar users update explain];
    /// Points by Bayesian personalised ranking, with 64 factors.
    Bpr, BprModel, "bpr", Bpr::default(), [similar users update];
    /// Points by alternating least squares with a penalty by frequency, with 64 factors.
    Ials, IalsModel, "ials", Ials::default(), [similar users update explain];
    /// Points whose products are the odds of a play, with 32 factors.
    LogisticMf, LogisticMfModel, "logistic-mf", LogisticMf::default(), [similar users update];
    /// What has the tags of what was played. By its name alone it has no tags, and its `fit` says so.
    ContentBased, ContentModel, "content", ContentBased::default(), [similar update explain];
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Recommender for Model {
    fn data(&self) -> &Interactions {
        self.fitted().data()
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        self.fitted().score(history)
    }

    fn best(&self, histories: &[History<'_>], wanted: &Wanted) -> Vec<Vec<(Item, f64)>> {
        self.fitted().best(histories, wanted)
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", self.name(), self.data())
    }
}

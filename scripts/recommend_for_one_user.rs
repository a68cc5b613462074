// %% [markdown]
// # Recommend for one user
//
// What one user of a radio played, who played much the same, and which artists to play next: those nearest to what the user
// played, by the item-based score of notebook 01. Another user or another file: the parameters.

// %%
:dep radio_rec = { path = "../crates/radio_rec" }
use radio_rec::interactions::{Interactions, ItemName, User};
use radio_rec::ranking::Ranking;
use radio_rec::recommend::{
    Fit, ItemScore, ItemScoreModel, NearestUser, NearestUserModel, Recommender, Request, SimilarUsers,
};

// %% tags=["parameters"]
let data: &str = "../data/radio_songs.csv";
let user: &str = "1606";
let n_neighbors: usize = 10; // how many similar artists make up a score
let n_best: usize = 10; // how many artists to recommend

// %% [markdown]
// ## What the user played
//
// Users who played nothing are left out: nothing is known of them.

// %%
fn listed(names: &[ItemName]) -> String {
    names.iter().map(ItemName::as_str).collect::<Vec<&str>>().join(", ")
}

let plays: Interactions = Interactions::from_wide_csv(data)?.without_empty_users();
let me: User = plays.user(user)?;
let played: Vec<ItemName> = plays.items_of(me).map(|(item, _)| plays.item_name(item).clone()).collect();
println!("user {user} played {} artists: {}", played.len(), listed(&played));

// %% [markdown]
// ## Who is alike
//
// By the cosine of what they played.

// %%
let listeners: NearestUserModel = NearestUser.fit(&plays)?;
listeners.similar_users(me.into(), 5)?

// %% [markdown]
// ## What to play next

// %%
let model: ItemScoreModel = ItemScore::new(n_neighbors).fit(&plays)?;
let next: Ranking<ItemName> = model.recommend(me.into(), &Request::new(n_best))?.ranking;
next

// %%
println!("to begin with: {}", next.first().map_or("nothing", |best| best.name.as_str()));

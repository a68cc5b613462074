# %% [markdown]
# # Collaborative filtering, in Python
#
# The peer of `notebooks/01_collaborative_filtering.ipynb`, a cell for each of its cells, for `scripts/bench/notebooks.py`.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics.pairwise import cosine_similarity

pd.options.display.width = 160

# %% tags=["parameters"]
data = "../data/radio_songs.csv"
artists = ["u2", "pink floyd"]
user = 1606
n_similar = 10
n_neighbors = 10
n_best = 5

# %%
plays = pd.read_csv(data, index_col="user")
plays

# %%
n_users, n_items = plays.shape
print(f"{100 * plays.to_numpy().sum() / plays.size:.1f} % of the cells are 1")
print(f"{(plays.sum(axis=1) == 0).sum()} of {n_users} users played nothing")
print(f"{(plays.sum(axis=0) == 0).sum()} of {n_items} artists were played by nobody")

# %%
by_popularity = plays.sum().sort_values(ascending=False, kind="stable").head(15)
by_popularity[::-1].plot.barh(figsize=(6.4, 6.1), title="The most-played artists")
plt.xlabel("listeners")
plt.show()

# %% [markdown]
# ## A. As printed

# %%
user_item_matrix = plays + 1e-8
user_item_matrix.shape

# %%
song_similarity = pd.DataFrame(
    cosine_similarity(user_item_matrix.T), index=plays.columns, columns=plays.columns
)
song_similarity


# %%
def most_similar(similarity, item, n):
    others = similarity[item].drop(item).round(6)
    return others.sort_values(ascending=False, kind="stable").head(n).index.to_list()


printed = most_similar(song_similarity, artists[0], n_similar)
listened = " and ".join(f"'{artist.title()}'" for artist in artists)
print(f"Top {n_similar} recommended songs for users who have listened to {listened}:")
print(printed)

# %% [markdown]
# ### As asked

# %%
played_all = int((plays[artists] > 0).all(axis=1).sum())
caption = f"listeners; {played_all} users played all of them"
plays[artists].sum().rename(caption).to_frame()

# %%
#| label: readings
matrix = plays.to_numpy(dtype=float)
common = matrix.T @ matrix
listeners = common.diagonal()
with np.errstate(invalid="ignore"):
    cosine = np.nan_to_num(np.sqrt(common**2 / np.outer(listeners, listeners)))
cosine = pd.DataFrame(cosine, index=plays.columns, columns=plays.columns)


def best(scores, n):
    """The `n` highest scores; what is equal but for rounding stays in the order of the table."""
    order = scores.round(12).sort_values(ascending=False, kind="stable")
    return scores[order.index].head(n)


by_sum = best(cosine[artists].sum(axis=1).drop(artists), n_similar)
either = (plays[artists] > 0).any(axis=1).to_numpy(dtype=float)
with np.errstate(invalid="ignore"):
    by_either = np.nan_to_num(np.sqrt((either @ matrix) ** 2 / (either.sum() * listeners)))
by_either = best(pd.Series(by_either, index=plays.columns).drop(artists), n_similar)
readings = pd.DataFrame(
    {
        "as printed": printed,
        "by sum": by_sum.index,
        "sum": by_sum.to_numpy(),
        "by either": by_either.index,
        "cosine": by_either.to_numpy(),
    },
    index=pd.RangeIndex(1, n_similar + 1, name="rank"),
)
readings

# %%
by_sum[::-1].plot.barh(figsize=(6.4, 4.5), title=f"For listeners of {' and '.join(artists)}")
plt.xlabel("sum of the cosine similarities")
plt.show()

# %%
shown = artists + by_sum.index.to_list()
fig, ax = plt.subplots(figsize=(7.6, 6.4))
image = ax.imshow(cosine.loc[shown, shown], vmin=0, vmax=1)
ax.set_xticks(range(len(shown)), shown, rotation=90)
ax.set_yticks(range(len(shown)), shown)
for row in range(len(shown)):
    for column in range(len(shown)):
        value = cosine.loc[shown[row], shown[column]]
        color = "black" if value > 0.5 else "white"
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=color, fontsize=8)
ax.set_title("Cosine similarity of the artists")
fig.colorbar(image)
plt.show()

# %% [markdown]
# ## B. The user most similar to user 1606, as printed

# %%
active = plays.loc[(plays != 0).any(axis=1)]
active_matrix = active.to_numpy(dtype=float)
common_users = active_matrix @ active_matrix.T
played = common_users.diagonal()
user_cosine = pd.DataFrame(
    np.sqrt(common_users**2 / np.outer(played, played)), index=active.index, columns=active.index
)
most_similar_user = user_cosine[user].drop(user).idxmax()
print(f"{len(active)} users are left; most similar to user {user}: {most_similar_user}")

# %%
recommended_songs = active.loc[most_similar_user][active.loc[user] == 0]
print(f"Recommended songs for user {user} based on user-user collaborative filtering:")
for name, value in recommended_songs.head(10).items():
    print(name, value)
print(f"Name: {recommended_songs.name}, dtype: {recommended_songs.dtype}")

# %% [markdown]
# ### As asked

# %%
#| label: neighbours
neighbours = best(user_cosine[user].drop(user), 5)
pd.DataFrame(
    {"name": neighbours.index, "score": neighbours.to_numpy()},
    index=pd.RangeIndex(1, len(neighbours) + 1, name="rank"),
)

# %%
#| label: songs
nearest = neighbours.index[0]
songs = active.columns[active.loc[nearest] > 0]
pd.DataFrame(
    {"name": songs, "score": neighbours.iloc[0]},
    index=pd.RangeIndex(1, len(songs) + 1, name="rank"),
)

# %% [markdown]
# ## C. How many has user 1606 already played?

# %%
already = int((active.loc[user, recommended_songs.index] > 0).sum())
print(f"Number of recommended songs already listened to by user {user}: {already}")

# %%
overlap = pd.DataFrame(
    {"played by the user": np.where(active.loc[user, songs] > 0, "yes", "")},
    index=songs.rename("recommended"),
)
overlap

# %% [markdown]
# ## D. A score for each artist and each user, as printed


# %%
def recommend_songs(user_id, top_n):
    user_row = active.loc[user_id]
    similarities = cosine_similarity([user_row], active.to_numpy())[0]
    most_similar_user_row = active.iloc[np.argsort(similarities)[-2]]
    recommended = most_similar_user_row[most_similar_user_row == 1].index.difference(
        user_row[user_row == 1].index
    )
    scores = most_similar_user_row[recommended] / similarities.sum()
    return scores.sort_values(ascending=False, kind="stable").head(top_n)


top_recommendations = recommend_songs(user, n_best)
print(f"Top {n_best} song recommendations for user {user}:")
print(top_recommendations.index.to_list())

# %%
top_recommendations.rename("score as printed").to_frame()

# %% [markdown]
# ### As asked

# %%
item_common = active_matrix.T @ active_matrix
item_listeners = item_common.diagonal()
with np.errstate(invalid="ignore"):
    similarity = np.nan_to_num(
        np.sqrt(item_common**2 / np.outer(item_listeners, item_listeners))
    )
np.fill_diagonal(similarity, 0)
nearest_items = np.argsort(-similarity.round(12), axis=1, kind="stable")[:, :n_neighbors]
weights = np.take_along_axis(similarity, nearest_items, axis=1)
history = active_matrix[:, nearest_items]  # users x artists x neighbours
with np.errstate(invalid="ignore"):
    scores = np.nan_to_num((history * weights).sum(axis=2) / weights.sum(axis=1))
scores = pd.DataFrame(scores, index=active.index, columns=active.columns)
print(scores.shape)
scores.round(2)

# %%
#| label: five
best_all = best(scores.loc[user], n_best)
best_new = best(scores.loc[user][active.loc[user] == 0], n_best)
pd.DataFrame(
    {
        "all artists": best_all.index,
        "score": best_all.to_numpy(),
        "not played yet": best_new.index,
        "score ": best_new.to_numpy(),
    },
    index=pd.RangeIndex(1, n_best + 1, name="rank"),
)

# %%
example = active.columns.get_loc(best_new.index[0])
neighborhood = pd.DataFrame(
    {
        "similarity": weights[example],
        "history": active.loc[user].to_numpy()[nearest_items[example]],
    },
    index=active.columns[nearest_items[example]].rename("neighbor"),
)
neighborhood["history x similarity"] = neighborhood["history"] * neighborhood["similarity"]
neighborhood

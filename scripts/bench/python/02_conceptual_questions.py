# %% [markdown]
# # Conceptual questions, in Python
#
# The peer of `notebooks/02_conceptual_questions.ipynb`, a cell for each of its cells, for `scripts/bench/notebooks.py`.
# Which plays are hidden comes from another generator here, so the hit rates differ a little.

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
n = 10
n_neighbors = 10
rounds = 20
seed = 1606

# %%
plays = pd.read_csv(data, index_col="user")
plays = plays.loc[(plays != 0).any(axis=1)]
plays

# %%
edges = [1, 5, 9, 13, 17, 21, 31, np.inf]
names = ["1 to 4", "5 to 8", "9 to 12", "13 to 16", "17 to 20", "21 to 30", "31 or more"]
counts = pd.cut(plays.sum(axis=1), edges, right=False, labels=names).value_counts(sort=False)
counts[::-1].plot.barh(figsize=(6.4, 3.5), title="How many artists the users played")
plt.xlabel("users")
plt.ylabel("artists played")
plt.show()


# %% [markdown]
# ## 1. Two other similarity measures


# %%
def ratio(numerator, denominator):
    """A quotient that is 0 where nothing is known."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def cosine(a, b, common, users):
    return np.sqrt(ratio(common * common, a * b))


def jaccard(a, b, common, users):
    return ratio(common, a + b - common)


def pearson(a, b, common, users):
    return ratio(users * common - a * b, np.sqrt(a * (users - a) * b * (users - b)))


def conditional_probability(a, b, common, users):
    return ratio(common, a + 0 * b)


# %%
def best(scores, n):
    """The `n` highest scores; what is equal but for rounding stays in the order of the table."""
    order = scores.round(9).sort_values(ascending=False, kind="stable")
    return scores[order.index].head(n)


def top_by(measure, n):
    matrix = plays.to_numpy(dtype=float)
    wanted = plays[artists].to_numpy(dtype=float)
    common = wanted.T @ matrix
    a, b = wanted.sum(axis=0)[:, None], matrix.sum(axis=0)[None, :]
    scores = measure(a, b, common, float(len(plays))).sum(axis=0)
    return best(pd.Series(scores, index=plays.columns).drop(artists), n)


tens = {
    "cosine": top_by(cosine, n),
    "Jaccard": top_by(jaccard, n),
    "Pearson": top_by(pearson, n),
    "conditional probability": top_by(conditional_probability, n),
}
library = cosine_similarity(plays[artists].T, plays.T).sum(axis=0)
library = best(pd.Series(library, index=plays.columns).drop(artists), n)
print(f"cosine as the library has it: {library.index.equals(tens['cosine'].index)}")

# %%
#| label: tens
pd.DataFrame(
    {name: ten.index for name, ten in tens.items()}, index=pd.RangeIndex(1, n + 1, name="rank")
)

# %%
others = [name for name in tens if name != "cosine"]
shared = pd.Series([len(tens[name].index.intersection(tens["cosine"].index)) for name in others], others)
shared[::-1].plot.barh(figsize=(6.4, 2.3), title=f"Shared with the cosine's {n}")
plt.xlabel("artists in both lists")
plt.show()

# %%
#| label: leaning
leaning = {name: plays[ten.index].sum().mean() for name, ten in tens.items()}
leaning = pd.Series(leaning, name="mean listeners of the recommended").round(1).to_frame()
leaning

# %% [markdown]
# ## 2. What a content-based recommender needs

# %%
TAGS = {
    "abba": "pop disco seventies harmonies",
    "ac/dc": "hard-rock seventies guitar loud",
    "bob dylan": "folk sixties songwriter acoustic",
    "bob marley & the wailers": "reggae seventies political",
    "coldplay": "rock pop stadium two-thousands",
    "david bowie": "rock art-rock glam seventies",
    "deep purple": "hard-rock seventies guitar organ loud",
    "depeche mode": "new-wave electronic eighties dark",
    "dire straits": "rock guitar eighties stadium",
    "elvis presley": "rock-and-roll fifties crooner",
    "eric clapton": "rock blues guitar seventies",
    "frank sinatra": "jazz fifties crooner orchestra",
    "genesis": "rock progressive art-rock seventies",
    "guns n roses": "hard-rock eighties guitar stadium loud",
    "jimi hendrix": "rock blues psychedelic guitar sixties",
    "johnny cash": "country fifties songwriter acoustic",
    "led zeppelin": "hard-rock blues guitar seventies",
    "metallica": "metal eighties guitar loud",
    "pink floyd": "rock progressive psychedelic art-rock seventies",
    "r.e.m.": "rock alternative eighties stadium",
    "radiohead": "rock alternative art-rock nineties",
    "simon & garfunkel": "folk sixties harmonies acoustic",
    "the beach boys": "pop sixties harmonies",
    "the beatles": "rock pop sixties psychedelic harmonies",
    "the rolling stones": "rock blues sixties guitar",
    "u2": "rock alternative eighties stadium political",
}
described = [name for name in TAGS if name in plays.columns]
vocabulary = sorted({tag for name in described for tag in TAGS[name].split()})
print(f"{len(described)} of {len(TAGS)} described artists are in the table")
print(f"{len(vocabulary)} different tags")


# %%
def tf_idf(texts, vocabulary):
    has = np.array([[word in text.split() for word in vocabulary] for text in texts])
    weights = has * np.log(len(texts) / has.sum(axis=0))
    return weights / np.linalg.norm(weights, axis=1, keepdims=True)


vectors = pd.DataFrame(
    tf_idf([TAGS[name] for name in described], vocabulary), index=described, columns=vocabulary
)
vectors.round(2)

# %%
fig, ax = plt.subplots(figsize=(8.2, 7.6))
image = ax.imshow(vectors @ vectors.T, vmin=0, vmax=1)
ax.set_xticks(range(len(described)), described, rotation=90)
ax.set_yticks(range(len(described)), described)
ax.set_title("Cosine similarity of the tags")
fig.colorbar(image)
plt.show()


# %%
#| label: by-content
def closest(liked, n):
    profile = vectors.loc[liked].sum()
    scores = vectors @ (profile / np.linalg.norm(profile))
    scores = scores.drop(liked)
    return best(scores[scores.round(9) > 0], n)


liked_by_user = [name for name in described if plays.loc[user, name] > 0]
for_request = closest([name for name in described if name in artists], n)
for_user = closest(liked_by_user, n)
by_content = pd.DataFrame(
    {
        f"likes {' and '.join(artists)}": pd.Series(for_request.index),
        "cosine": pd.Series(for_request.to_numpy()),
        f"user {user}": pd.Series(for_user.index),
        "cosine ": pd.Series(for_user.to_numpy()),
    },
)
by_content.index = pd.RangeIndex(1, len(by_content) + 1, name="rank")
by_content

# %%
liked_tags = {tag for name in artists for tag in TAGS[name].split()}
reasons = {
    name: ", ".join(tag for tag in TAGS[name].split() if tag in liked_tags)
    for name in for_request.index[:5]
}
pd.Series(reasons, name="because of").to_frame()

# %%
cold = {}
for name in described:
    if plays[name].sum() == 0:
        by_plays = pd.Series(cosine_similarity(plays[[name]].T, plays.T)[0], index=plays.columns)
        by_plays = best(by_plays[by_plays > 0], 3)
        cold[name] = (", ".join(by_plays.index) or "nothing", ", ".join(closest([name], 3).index))
pd.DataFrame.from_dict(cold, orient="index", columns=["similar by plays", "similar by tags"])

# %% [markdown]
# ## 3. Two ways to evaluate a recommender


# %%
def hide_one_each(matrix, rng):
    rest, hidden = matrix.copy(), []
    for row in range(len(rest)):
        played = np.flatnonzero(rest[row])
        if len(played) >= 2:
            column = rng.choice(played)
            rest[row, column] = 0
            hidden.append((row, column))
    return rest, hidden


matrix = plays.to_numpy(dtype=float)
rest, hidden = hide_one_each(matrix, np.random.default_rng(seed))
print(f"{len(hidden)} plays hidden, {int(rest.sum())} left to learn from")


# %%
def all_cosines(rows):
    common = rows @ rows.T
    squares = common.diagonal()
    similarity = np.sqrt(ratio(common**2, np.outer(squares, squares)))
    np.fill_diagonal(similarity, 0)
    return similarity


def scores_for(known, n_neighbors):
    """For each model the scores of users x artists; 0 where there is none, and for what the user played."""
    similarity = all_cosines(known.T)
    neighbours = np.argsort(-similarity.round(12), axis=1, kind="stable")[:, :n_neighbors]
    weights = np.take_along_axis(similarity, neighbours, axis=1)
    totals = weights.sum(axis=1)
    item_score = ratio((known[:, neighbours] * weights).sum(axis=2), np.broadcast_to(totals, known.shape))
    users = all_cosines(known)
    nearest = users.argmax(axis=1)
    nearest_user = known[nearest] * users.max(axis=1, keepdims=True)
    popularity = np.broadcast_to(known.sum(axis=0), known.shape)
    scores = {"item score": item_score, "nearest user": nearest_user, "popularity": popularity}
    return {name: np.where(known > 0, 0, of_model).round(12) for name, of_model in scores.items()}


def lists_for(known, n, n_neighbors):
    """For each model a list for each user: up to `n` artists that are new to the user."""
    lists = {}
    for name, scores in scores_for(known, n_neighbors).items():
        order = np.argsort(-scores, axis=1, kind="stable")[:, :n]
        lists[name] = [row[scores[user, row] > 0] for user, row in enumerate(order)]
    return lists


def report(known, hidden, n, n_neighbors):
    """Every metric of the item score, with bootstrap intervals over the users."""
    scores = scores_for(known, n_neighbors)["item score"]
    lists = lists_for(known, n, n_neighbors)["item score"]
    similarity, shares = all_cosines(known.T), np.maximum(known.sum(axis=0), 1) / len(known)
    of_users = []
    for row, column in hidden:
        at = np.flatnonzero(lists[row] == column)
        place = at[0] + 1 if len(at) else np.inf
        others = (known[row] == 0) & (np.arange(len(known[row])) != column)
        of_users.append(
            {
                f"MAP@{n}": 1 / place,
                f"nDCG@{n}": 1 / np.log2(place + 1),
                f"precision@{n}": np.isfinite(place) / n,
                f"recall@{n}": np.isfinite(place),
                f"MRR@{n}": 1 / place,
                f"hit rate@{n}": np.isfinite(place),
                "AUC": ((scores[row, column] > scores[row, others]) + 0.5 * (scores[row, column] == scores[row, others])).mean(),
                "novelty (bits)": -np.log2(shares[lists[row]]).mean(),
                "diversity": 1 - similarity[np.ix_(lists[row], lists[row])].sum() / (len(lists[row]) * (len(lists[row]) - 1)),
            }
        )
    of_users = pd.DataFrame(of_users, dtype=float)
    rng = np.random.default_rng(0)
    drawn = [of_users.iloc[rng.integers(len(of_users), size=len(of_users))].mean() for _ in range(1000)]
    low, high = pd.DataFrame(drawn).quantile(0.025), pd.DataFrame(drawn).quantile(0.975)
    found = pd.DataFrame({"mean": of_users.mean(), "low": low, "high": high})
    found.loc["coverage", "mean"] = len(np.unique(np.concatenate(lists))) / known.shape[1]
    return found


report(rest, hidden, n, n_neighbors)

# %%
def places_of(matrix, rng, n, n_neighbors):
    rest, hidden = hide_one_each(matrix, rng)
    lists = lists_for(rest, n, n_neighbors)
    places = {}
    for name, of_model in lists.items():
        found = [np.flatnonzero(of_model[row] == column) for row, column in hidden]
        places[name] = np.array([at[0] + 1 if len(at) else np.inf for at in found])
    return places


rng = np.random.default_rng(seed)
results = [places_of(matrix, rng, 2 * n, n_neighbors) for _ in range(rounds)]
print(f"{rounds} rounds of {len(results[0]['popularity'])} hidden plays each")

# %%
accuracy = {}
for name in results[0]:
    rates = np.array([100 * (places[name] <= n).mean() for places in results])
    ranks = np.array([(1 / places[name]).mean() for places in results])
    accuracy[name] = (rates.mean(), rates.min(), rates.max(), rates.mean() / n, ranks.mean())
accuracy = pd.DataFrame.from_dict(
    accuracy,
    orient="index",
    columns=[
        f"hit rate at {n} (%)",
        "lowest round",
        "highest round",
        f"precision at {n} (%)",
        f"MRR at {2 * n}",
    ],
)
accuracy.round(2)

# %%
lengths = range(1, 2 * n + 1)
for name in results[0]:
    rates = [np.mean([(places[name] <= k).mean() for places in results]) for k in lengths]
    plt.plot(lengths, rates, marker="o", label=name)
plt.title("Hidden plays that were found")
plt.xlabel("length of the list, k")
plt.ylabel("hit rate at k")
plt.legend()
plt.show()

# %%
#| label: properties
listeners = matrix.sum(axis=0)
properties = {}
for name, lists in lists_for(matrix, n, n_neighbors).items():
    recommended = np.concatenate(lists)
    distinct = len(np.unique(recommended))
    properties[name] = (distinct, 100 * distinct / matrix.shape[1], listeners[recommended].mean())
properties = pd.DataFrame.from_dict(
    properties, orient="index", columns=["artists recommended", "coverage (%)", "mean listeners"]
)
properties.round(1)

# %% [markdown]
# # Choosing a recommender, in Python
#
# The peer of `notebooks/04_choosing_a_recommender.ipynb`, a cell for each of its cells, for `scripts/bench/notebooks.py`.
# ALS and BPR are those of the library implicit, the others are numpy's arithmetic. Which plays are hidden comes from another
# generator here, so the numbers differ a little.

# %%
import os

# As implicit asks for: its own threads and OpenBLAS's would be in each other's way.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from scipy.stats import rankdata

pd.options.display.width = 160

# %% tags=["parameters"]
data = "../data/radio_songs.csv"
movielens = ""
user = 1201
k = 10
share = 0.25
rounds = 5
seed = 1606

# %%
if movielens:
    ratings = pd.read_csv(movielens, sep="\t")
    plays = ratings.pivot(index="user_id:token", columns="item_id:token", values="rating:float")
    plays = plays.notna().astype(float)
else:
    print("For MovieLens 100K, run `python3 scripts/fetch-movielens` once, and this notebook with")
    print("`-p movielens ../data/ml-100k/ml-100k.inter -p user 196`.")
    plays = pd.read_csv(data, index_col="user").astype(float)
    plays = plays.loc[(plays != 0).any(axis=1)]
plays

# %%
matrix = plays.to_numpy()
by_popularity = np.argsort(-matrix.sum(axis=0), kind="stable")
plt.plot(np.arange(1, matrix.shape[1] + 1), matrix.sum(axis=0)[by_popularity], marker="o", markevery=0.1)
plt.title("A few favorites and a long tail")
plt.xlabel("rank of the item by popularity")
plt.ylabel("users who played it")
plt.show()


# %%
def stratified_by_user(known, share, rng):
    """What is learned from, and the share of each user's plays that is hidden."""
    train, test = known.copy(), np.zeros_like(known)
    for row in range(len(known)):
        played = rng.permutation(np.flatnonzero(known[row]))
        hidden = played[int(np.floor((1 - share) * len(played) + 0.5)) :]
        train[row, hidden], test[row, hidden] = 0, known[row, hidden]
    return train, test


rng = np.random.default_rng(seed)
parts = [stratified_by_user(matrix, share, rng) for _ in range(rounds)]
train, test = parts[0]
print(f"{int(train.sum())} plays to learn from, {int(test.sum())} hidden")


# %%
def cosines(rows):
    """Of every two rows; 0 on the diagonal and where a row is empty."""
    common = rows @ rows.T
    squares = common.diagonal()
    norms = np.sqrt(np.outer(squares, squares))
    similarity = np.divide(common, norms, out=np.zeros_like(common), where=norms > 0)
    np.fill_diagonal(similarity, 0)
    return similarity


def nearest(similarity, k):
    """Of each row the k largest, and 0 for the rest."""
    order = np.argsort(-similarity.round(12), axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(similarity)
    np.put_along_axis(kept, order, np.take_along_axis(similarity, order, axis=1), axis=1)
    return kept


def popularity(known, _):
    return np.broadcast_to(known.sum(axis=0), known.shape)


def user_knn(known, k):
    return nearest(cosines(known), k) @ known


def item_knn(known, k):
    return known @ nearest(cosines(known.T), k)


def factorised(model, known):
    model.fit(sp.csr_matrix(known), show_progress=False)
    return model.user_factors @ model.item_factors.T


def als(known, penalty):
    # A play's confidence is alpha x value here, and 1 + alpha x value in the notebook, with alpha = 1.
    model = AlternatingLeastSquares(factors=16, regularization=penalty, alpha=2.0, random_state=0)
    return factorised(model, known)


def bpr(known, penalty):
    model = BayesianPersonalizedRanking(
        factors=16, regularization=penalty, learning_rate=0.05, iterations=100, random_state=0
    )
    return factorised(model, known)


def edlae_weights(known, dropout, penalty):
    gram = known.T @ known
    diagonal = gram.diagonal() * dropout / (1 - dropout) + penalty
    inverse = np.linalg.inv(gram + np.diag(diagonal))
    weights = -inverse / inverse.diagonal()
    np.fill_diagonal(weights, 0)
    return weights


def ease(known, penalty):
    return known @ edlae_weights(known, 0, penalty)


def edlae(known, penalty):
    return known @ edlae_weights(known, 0.6, penalty)


CANDIDATES = {
    "popularity": (popularity, [None]),
    "user kNN": (user_knn, [5, 20, 100]),
    "item kNN": (item_knn, [5, 20, 100]),
    "ALS": (als, [1.0, 3.0, 10.0]),
    "BPR": (bpr, [0.003, 0.01, 0.03]),
    "EASE": (ease, [3.0, 30.0, 300.0]),
    "EDLAE": (edlae, [3.0, 30.0, 300.0]),
}


def recommend(scores, known, n):
    """For each user the n best items that are new to them."""
    new = np.where(known > 0, -np.inf, scores).round(9)
    return np.argsort(-new, axis=1, kind="stable")[:, :n]


def measured(scores, known, hidden, k):
    """Of each user with hidden plays every metric."""
    lists = recommend(scores, known, k)
    hits = np.take_along_axis(hidden, lists, axis=1) > 0
    relevant = hidden.sum(axis=1)
    places = np.arange(1, k + 1)
    gains = 1 / np.log2(places + 1)
    ideal = np.concatenate([[0], np.cumsum(gains)])[np.minimum(relevant, k).astype(int)]
    first = np.where(hits.any(axis=1), 1 / (hits.argmax(axis=1) + 1), 0)
    auc = np.zeros(len(hidden))
    for row in np.flatnonzero(relevant):
        new = known[row] == 0
        ranks, is_hidden = rankdata(scores[row, new].round(9)), hidden[row, new] > 0
        positives, others = is_hidden.sum(), (~is_hidden).sum()
        auc[row] = (ranks[is_hidden].sum() - positives * (positives + 1) / 2) / (positives * others)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_users = pd.DataFrame(
            {
                "nDCG": (hits * gains).sum(axis=1) / ideal,
                "MAP": (hits * np.cumsum(hits, axis=1) / places).sum(axis=1) / relevant,
                "precision": hits.mean(axis=1),
                "recall": hits.sum(axis=1) / relevant,
                "hit rate": hits.any(axis=1).astype(float),
                "MRR": first,
                "AUC": auc,
            }
        )
    return of_users[relevant > 0]


validation = [stratified_by_user(train, share, rng) for _ in range(3)]
chosen, choice = {}, []
for name, (model, settings) in CANDIDATES.items():
    results = [
        np.mean([measured(model(known, setting), known, hidden, k)["nDCG"].mean() for known, hidden in validation])
        for setting in settings
    ]
    best = int(np.argmax(results))
    chosen[name] = settings[best]
    for setting, result in zip(settings, results):
        choice.append((name, setting, result, "yes" if setting == settings[best] else ""))
pd.DataFrame(choice, columns=["model", "setting", "nDCG in validation", "chosen"]).round(3)

# %%
scores = [{name: CANDIDATES[name][0](known, chosen[name]) for name in chosen} for known, _ in parts]
reports = [
    {name: measured(of_model, known, hidden, k) for name, of_model in of_part.items()}
    for of_part, (known, hidden) in zip(scores, parts)
]
accuracy = {name: np.mean([report[name].mean() for report in reports], axis=0) for name in chosen}
accuracy = pd.DataFrame.from_dict(accuracy, orient="index", columns=reports[0]["ALS"].columns)
accuracy.round(3)

# %%
intervals = {}
for name, report in reports[0].items():
    ndcg = report["nDCG"].to_numpy()
    resampled = rng.choice(ndcg, (1000, len(ndcg))).mean(axis=1)
    intervals[name] = (ndcg.mean(), *np.quantile(resampled, [0.025, 0.975]))
intervals = pd.DataFrame.from_dict(intervals, orient="index", columns=["nDCG, first round", "low", "high"])
intervals.round(3)

# %%
shown = ["popularity", "user kNN", "item kNN", "ALS", "EASE"]
for name, marker in zip(shown, "o^sDv"):
    curve = []
    for length in [1, 2, 3, 5, 7, 10, 15, 20]:
        hits, relevant = [], []
        for of_part, (known, hidden) in zip(scores, parts):
            found = np.take_along_axis(hidden, recommend(of_part[name], known, length), axis=1) > 0
            some = hidden.sum(axis=1) > 0
            hits.append(found.sum(axis=1)[some])
            relevant.append(hidden.sum(axis=1)[some])
        hits, relevant = np.concatenate(hits), np.concatenate(relevant)
        curve.append(((hits / relevant).mean(), (hits / length).mean()))
    plt.plot(*zip(*curve), marker=marker, label=name)
plt.title("Precision and recall, lists of 1 to 20")
plt.xlabel("recall")
plt.ylabel("precision")
plt.legend()
plt.show()

# %%
properties = {}
for name in chosen:
    of_rounds = []
    for of_part, (known, hidden) in zip(scores, parts):
        lists = recommend(of_part[name], known, k)
        bits = np.log2(len(known) / np.maximum(known.sum(axis=0), 1))
        similarity = cosines(known.T)
        pairs = similarity[lists[:, :, None], lists[:, None, :]].sum(axis=(1, 2)) / (k * (k - 1))
        coverage = len(np.unique(lists)) / known.shape[1]
        of_rounds.append((100 * coverage, bits[lists].mean(), 1 - pairs.mean()))
    properties[name] = np.mean(of_rounds, axis=0)
columns = ["coverage (%)", "novelty (bits)", "diversity"]
properties = pd.DataFrame.from_dict(properties, orient="index", columns=columns)
properties.round(2)


# %%
def cumulated(counts):
    return 100 * np.cumsum(counts[by_popularity]) / counts.sum()


places = np.arange(1, matrix.shape[1] + 1)
plt.plot(places, cumulated(test.sum(axis=0)), label="hidden plays", marker="o", markevery=0.1)
for name in shown:
    counts = np.bincount(recommend(scores[0][name], train, k).ravel(), minlength=matrix.shape[1])
    plt.plot(places, cumulated(counts), label=name, marker="o", markevery=0.1)
plt.title("How far down the charts the lists go")
plt.xlabel("the r most popular items")
plt.ylabel("their share (%)")
plt.legend()
plt.show()

# %%
me = plays.index.get_loc(user)
lists = {name: recommend(scores[0][name], train, k)[me] for name in chosen if name != "EDLAE"}
side_by_side = pd.DataFrame(
    {
        name: [("* " if test[me, item] else "") + str(plays.columns[item]) for item in found]
        for name, found in lists.items()
    },
    index=pd.RangeIndex(1, k + 1, name="rank"),
)
side_by_side

# %%
weights = edlae_weights(train, 0, chosen["EASE"])
why = {}
for item in lists["EASE"]:
    shares = train[me] * weights[:, item]
    largest = np.argsort(-np.abs(shares), kind="stable")[:2]
    reasons = [(plays.columns[at], 100 * shares[at] / np.abs(shares).sum()) for at in largest]
    why[plays.columns[item]] = (shares.sum(), *reasons[0], *reasons[1])
columns = ["score", "because of", "share (%)", "and of", "share (%) "]
why = pd.DataFrame.from_dict(why, orient="index", columns=columns)
why.round(2)

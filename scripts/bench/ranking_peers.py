"""The peers' side of ranking.py: tunes implicit's and skrecsys's models on splits that radio_rec wrote, and writes the nDCG@10 of each
user. Run by the Python of the benchmark's virtual environment."""

import argparse
import csv
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np
from scipy.sparse import csr_matrix

K, SEED, RESAMPLES = 10, 1606, 10_000
DISCOUNTS = 1 / np.log2(np.arange(2, K + 2))


class Part:
    """What is learned from and what is hidden, as users x items."""

    def __init__(self, folder, users=None, items=None):
        rows = {name: list(csv.DictReader(open(folder / f"{name}.csv", newline=""))) for name in ("train", "test")}
        both = rows["train"] + rows["test"]
        self.users = users or {name: at for at, name in enumerate(dict.fromkeys(row["user"] for row in both))}
        self.items = items or {name: at for at, name in enumerate(dict.fromkeys(row["item"] for row in both))}
        self.train, self.test = (self.matrix(rows[name]) for name in ("train", "test"))

    def matrix(self, rows):
        users = [self.users[row["user"]] for row in rows]
        items = [self.items[row["item"]] for row in rows]
        values = [float(row["rating"]) for row in rows]
        return csr_matrix((values, (users, items)), shape=(len(self.users), len(self.items)))

    def ndcgs(self, lists):
        """Of each user with hidden items, by the best K items of all users."""
        hidden = (self.test > 0).toarray()
        hits = np.take_along_axis(hidden, lists, axis=1)
        relevant = hidden.sum(axis=1)
        ideal = np.concatenate([[np.nan], DISCOUNTS.cumsum()])[np.minimum(relevant, K)]
        ndcgs = (hits * DISCOUNTS).sum(axis=1) / ideal
        return {name: ndcgs[at] for name, at in self.users.items() if relevant[at]}


def weighted(train, base):
    """Each rating counts `base` for having been given, and for how good it is up to 1."""
    out = train.copy()
    out.data = base + (1 - base) * train.data / train.data.max()
    return out


def best(scores, train):
    scores = np.where(train.toarray() > 0, -np.inf, scores)
    return np.argsort(-scores, axis=1, kind="stable")[:, :K]


def by_implicit(model, train):
    model.fit(train, show_progress=False)
    lists, _ = model.recommend(np.arange(train.shape[0]), train, N=K, filter_already_liked_items=True)
    return lists


def by_skrecsys(model, train):
    users, items = train.nonzero()
    model.fit(np.column_stack([users, items]), train.data)
    # Who has too few items left, or is not known, gets what is popular: no list is shorter than another's.
    popular = best(np.tile(np.asarray((train > 0).sum(axis=0)), (train.shape[0], 1)), train)
    known = np.flatnonzero(np.diff(train.indptr))
    popular[known], _ = model.recommend(known, n_recommendations=K, exclude_seen=True)
    return popular


def numpy_ease(train, base, penalty):
    x = weighted(train, base).toarray()
    inverse = np.linalg.inv(x.T @ x + penalty * np.eye(x.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return best(x @ weights, train)


def log_uniform(random, low, high):
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def models():
    """{name: (what draws a setting, what makes lists of a matrix by it)}."""
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking
    from implicit.lmf import LogisticMatrixFactorization
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
    from skrecsys.recommendation import EASE, RP3Beta, SLIMElasticNet

    base = lambda random: float(random.choice([1.0, 0.75, 0.5, 0.25]))
    factors = lambda random: int(random.choice([16, 32, 64]))
    return {
        "skrecsys EASE": (
            lambda random: {"l2_reg": log_uniform(random, 100, 1000), "base": base(random)},
            lambda train, base, **s: by_skrecsys(EASE(**s), weighted(train, base)),
        ),
        "skrecsys SLIM": (
            lambda random: {
                "alpha": log_uniform(random, 0.02, 0.5),
                "l1_ratio": log_uniform(random, 0.003, 0.3),
                "n_neighbors": 1000,
                "base": base(random),
            },
            lambda train, base, **s: by_skrecsys(SLIMElasticNet(**s), weighted(train, base)),
        ),
        "skrecsys RP3beta": (
            lambda random: {
                "n_neighbors": int(log_uniform(random, 50, 800)),
                "alpha": random.uniform(0.5, 1.5),
                "beta": random.uniform(0.1, 0.7),
                "base": base(random),
            },
            lambda train, base, **s: by_skrecsys(RP3Beta(**s), weighted(train, base)),
        ),
        "implicit ALS": (
            lambda random: {
                "factors": factors(random),
                "regularization": log_uniform(random, 0.1, 100),
                "alpha": log_uniform(random, 0.5, 20),
                "base": base(random),
            },
            lambda train, base, **s: by_implicit(AlternatingLeastSquares(random_state=SEED, **s), weighted(train, base)),
        ),
        "implicit BPR": (
            lambda random: {
                "factors": factors(random),
                "learning_rate": log_uniform(random, 0.01, 0.1),
                "regularization": log_uniform(random, 0.001, 0.1),
                "iterations": int(random.choice([50, 100, 200])),
            },
            lambda train, **s: by_implicit(BayesianPersonalizedRanking(random_state=SEED, **s), weighted(train, 1.0)),
        ),
        "implicit LMF": (
            lambda random: {
                "factors": factors(random),
                "learning_rate": log_uniform(random, 0.1, 2),
                "regularization": log_uniform(random, 0.1, 10),
                "neg_prop": int(random.choice([5, 15, 30])),
            },
            lambda train, **s: by_implicit(LogisticMatrixFactorization(random_state=SEED, **s), weighted(train, 1.0)),
        ),
        "implicit cosine": (
            lambda random: {"K": int(log_uniform(random, 20, 800)), "base": base(random)},
            lambda train, base, **s: by_implicit(CosineRecommender(**s), weighted(train, base)),
        ),
        "implicit BM25": (
            lambda random: {"K": int(log_uniform(random, 20, 800)), "K1": random.uniform(0.1, 3), "B": random.uniform(0, 1), "base": base(random)},
            lambda train, base, **s: by_implicit(BM25Recommender(**s), weighted(train, base)),
        ),
    }


def tuned(name, draw, lists, inner, trials, split):
    """The setting with the largest mean nDCG on the validation part."""
    random = np.random.RandomState(SEED + 1000 * split)
    settings = [draw(random) for _ in range(trials)]
    found = [np.mean(list(inner.ndcgs(lists(inner.train, **setting)).values())) for setting in settings]
    chosen = int(np.argmax(found))
    print(f"{name}, split {split}: {found[chosen]:.4f} by {settings[chosen]}", file=sys.stderr)
    return settings[chosen]


def intervals(path):
    """Of each list of differences the 95 % of the means of samples."""
    out = {}
    for name, values in json.loads(path.read_text()).items():
        random, values = np.random.RandomState(SEED), np.array(values)
        means = [values[random.randint(len(values), size=len(values))].mean() for _ in range(RESAMPLES)]
        out[name] = np.percentile(means, [2.5, 97.5]).tolist()
    print(json.dumps(out))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--models", default="")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--intervals", type=Path)
    arguments = parser.parse_args()
    if arguments.intervals:
        return intervals(arguments.intervals)
    if arguments.check:
        wanted = {"ease": (None, lambda train: numpy_ease(train, 0.5, 500.0))}
    else:
        wanted = models()
        if arguments.models:
            wanted = {name: wanted[name] for name in arguments.models.split(",")}
    with open(arguments.out, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["model", "split", "user", "ndcg"])
        for split in range(arguments.splits):
            part = Part(arguments.folder / str(split))
            inner = Part(arguments.folder / str(split) / "0", part.users, part.items) if not arguments.check else None
            for name, (draw, lists) in wanted.items():
                setting = tuned(name, draw, lists, inner, arguments.trials, split) if draw else {}
                for user, ndcg in part.ndcgs(lists(part.train, **setting)).items():
                    out.writerow([name, split, user, repr(float(ndcg))])
                file.flush()


if __name__ == "__main__":
    main()

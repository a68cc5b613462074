"""The peers' side of ranking.py: tunes implicit's and skrecsys's models on splits that radio_rec wrote, and writes the nDCG@10 of each
user. Run by the Python of the benchmark's virtual environment."""

import json
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np

from ranking_splits import K, SEED, Model, arguments, best, log_uniform, measure

RESAMPLES = 10_000


def weighted(train, base):
    """Each rating counts `base` for having been given, and for how good it is up to 1."""
    out = train.copy()
    out.data = base + (1 - base) * train.data / train.data.max()
    return out


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


def models():
    """{name: what draws a setting, and what makes lists of a matrix by it}."""
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking
    from implicit.lmf import LogisticMatrixFactorization
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
    from skrecsys.recommendation import EASE, RP3Beta, SLIMElasticNet

    base = lambda random: float(random.choice([1.0, 0.75, 0.5, 0.25]))
    factors = lambda random: int(random.choice([16, 32, 64]))
    return {
        "skrecsys EASE": Model(
            lambda random: {"l2_reg": log_uniform(random, 100, 1000), "base": base(random)},
            lambda train, base, **s: by_skrecsys(EASE(**s), weighted(train, base)),
        ),
        "skrecsys SLIM": Model(
            lambda random: {
                "alpha": log_uniform(random, 0.02, 0.5),
                "l1_ratio": log_uniform(random, 0.003, 0.3),
                "n_neighbors": 1000,
                "base": base(random),
            },
            lambda train, base, **s: by_skrecsys(SLIMElasticNet(**s), weighted(train, base)),
        ),
        "skrecsys RP3beta": Model(
            lambda random: {
                "n_neighbors": int(log_uniform(random, 50, 800)),
                "alpha": random.uniform(0.5, 1.5),
                "beta": random.uniform(0.1, 0.7),
                "base": base(random),
            },
            lambda train, base, **s: by_skrecsys(RP3Beta(**s), weighted(train, base)),
        ),
        "implicit ALS": Model(
            lambda random: {
                "factors": factors(random),
                "regularization": log_uniform(random, 0.1, 100),
                "alpha": log_uniform(random, 0.5, 20),
                "base": base(random),
            },
            lambda train, base, **s: by_implicit(AlternatingLeastSquares(random_state=SEED, **s), weighted(train, base)),
        ),
        "implicit BPR": Model(
            lambda random: {
                "factors": factors(random),
                "learning_rate": log_uniform(random, 0.003, 0.1),
                "regularization": log_uniform(random, 0.001, 0.3),
                "iterations": int(random.choice([10, 20, 50, 100])),
            },
            lambda train, **s: by_implicit(BayesianPersonalizedRanking(random_state=SEED, **s), weighted(train, 1.0)),
        ),
        "implicit LMF": Model(
            lambda random: {
                "factors": factors(random),
                "learning_rate": log_uniform(random, 0.1, 2),
                "regularization": log_uniform(random, 0.1, 10),
                "neg_prop": int(random.choice([5, 15, 30])),
            },
            lambda train, **s: by_implicit(LogisticMatrixFactorization(random_state=SEED, **s), weighted(train, 1.0)),
        ),
        "implicit cosine": Model(
            lambda random: {"K": int(log_uniform(random, 20, 800)), "base": base(random)},
            lambda train, base, **s: by_implicit(CosineRecommender(**s), weighted(train, base)),
        ),
        "implicit BM25": Model(
            lambda random: {"K": int(log_uniform(random, 20, 800)), "K1": random.uniform(0.1, 3), "B": random.uniform(0, 1), "base": base(random)},
            lambda train, base, **s: by_implicit(BM25Recommender(**s), weighted(train, base)),
        ),
    }


def intervals(path):
    """Of each list of differences the 95 % of the means of samples."""
    out = {}
    for name, values in json.loads(path.read_text()).items():
        random, values = np.random.RandomState(SEED), np.array(values)
        means = [values[random.randint(len(values), size=len(values))].mean() for _ in range(RESAMPLES)]
        out[name] = np.percentile(means, [2.5, 97.5]).tolist()
    print(json.dumps(out))


def main():
    parser = arguments(__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--intervals", type=Path)
    given = parser.parse_args()
    if given.intervals:
        return intervals(given.intervals)
    measure(given, {"ease": Model(None, lambda train: numpy_ease(train, 0.5, 500.0))} if given.check else models())


if __name__ == "__main__":
    main()

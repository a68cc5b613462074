#!/usr/bin/env python3
"""Writes crates/radio_rec/tests/golden/neighbours.json: similarities by scikit-learn, SciPy and implicit, for the Rust tests.

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 implicit==0.7.3
    python3 scripts/golden/neighbours.py

The plays are drawn from numpy.random.RandomState(1606), whose stream numpy has frozen, so that the file can be made again.
Every measure is computed by a function of a library where there is one; lift and conditional probability are counted, and adjusted
cosine is scikit-learn's cosine of what is left when the users' means are subtracted.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from scipy.spatial import distance
from scipy.stats import pearsonr
from sklearn.metrics import jaccard_score
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances

SEED = 1606
OUT = Path(__file__).resolve().parents[2] / "crates/radio_rec/tests/golden/neighbours.json"
K = 5


def draw(rng, users, items, density, highest):
    """Plays of users x items: each item played by at least two users, but not by all."""
    plays = np.where(rng.random_sample((users, items)) < density, rng.randint(1, highest + 1, (users, items)), 0)
    plays[0, :], plays[1, :] = 0, 1
    plays[2, :] = highest
    return plays.astype(float)


def measures(plays):
    """Of each measure the items x items similarities."""
    played = plays > 0
    items = plays.shape[1]
    pairs = [(a, b) for a in range(items) for b in range(items)]

    def of_pairs(similarity, columns):
        return np.array([similarity(columns[:, a], columns[:, b]) for a, b in pairs]).reshape(items, items)

    counts = played.sum(axis=1)
    means = np.divide(plays.sum(axis=1), counts, out=np.zeros(len(plays)), where=counts > 0)
    left = np.where(played, plays - means[:, None], 0.0)
    both = played.T.astype(float) @ played
    of_one = played.sum(axis=0).astype(float)
    return {
        "cosine": cosine_similarity(plays.T),
        "adjusted-cosine": cosine_similarity(left.T),
        "pearson": of_pairs(lambda a, b: pearsonr(a, b).statistic, plays),
        "jaccard": of_pairs(jaccard_score, played),
        "dice": of_pairs(lambda a, b: 1 - distance.dice(a, b), played),
        "euclidean": 1 / (1 + euclidean_distances(plays.T)),
        "conditional-probability": both / of_one[:, None],
        "lift": len(plays) * both / np.outer(of_one, of_one),
        "dot-product": plays.T @ plays,
    }


def neighbours(model, plays):
    """Of each item implicit's neighbours without the item itself, best first: [number, score]."""
    model.fit(sp.csr_matrix(plays), show_progress=False)
    found = []
    for item in range(plays.shape[1]):
        row = model.similarity[item]
        scores = [[int(other), float(score)] for other, score in zip(row.indices, row.data) if other != item]
        found.append(sorted(scores, key=lambda pair: -pair[1])[:K])
    return found


def recommended(model, plays):
    """Of each user the items that implicit recommends, all that have a score, best first: [number, score]."""
    plays = sp.csr_matrix(plays)
    model.fit(plays, show_progress=False)
    found = []
    for user in range(plays.shape[0]):
        items, scores = model.recommend(user, plays[user], N=plays.shape[1], filter_already_liked_items=True)
        pairs = [[int(item), float(score)] for item, score in zip(items, scores) if item >= 0]
        # What was played, and what nothing speaks for, fills the end of the list.
        played = set(plays[user].indices)
        found.append([pair for pair in pairs if pair[0] not in played and pair[1] > 0])
    return found


def case(rng, *shape):
    plays = draw(rng, *shape)
    every = plays.shape[1]
    recommendations = {
        "cosine": recommended(CosineRecommender(K=every, num_threads=1), plays),
        "tf-idf": recommended(TFIDFRecommender(K=every, num_threads=1), plays),
        "bm25": recommended(BM25Recommender(K=every, K1=1.2, B=0.75, num_threads=1), plays),
    }
    found = {
        "cosine": neighbours(CosineRecommender(K=K + 1, num_threads=1), plays),
        "tf-idf": neighbours(TFIDFRecommender(K=K + 1, num_threads=1), plays),
        # Not bounded, so that an item may not be the nearest to itself: all are asked for.
        "bm25": neighbours(BM25Recommender(K=plays.shape[1], K1=1.2, B=0.75, num_threads=1), plays),
    }
    similarities = {name: matrix.tolist() for name, matrix in measures(plays).items()}
    return {
        "plays": plays.tolist(),
        "measures": similarities,
        "k": K,
        "neighbours": found,
        "recommendations": recommendations,
    }


def main():
    rng = np.random.RandomState(SEED)
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "scikit-learn", "implicit"))
    golden = {
        "recipe": f"scripts/golden/neighbours.py, {versions}, RandomState({SEED})",
        # Play counts, few of them; and 0/1 data, many.
        "cases": [case(rng, 30, 12, 0.25, 9), case(rng, 24, 10, 0.5, 1)],
    }
    OUT.write_text(json.dumps(golden, sort_keys=True) + "\n")
    print(f"wrote {OUT.name}, {OUT.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()

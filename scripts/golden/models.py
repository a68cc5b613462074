#!/usr/bin/env python3
"""Writes crates/radio_rec/tests/golden/models.json: what other libraries learn of a small matrix.

    pip install scikit-learn==1.9.1 skrecsys==0.9.0 scipy==1.17.1 numpy==2.4.6
    python3 scripts/golden/models.py

`slim` has the weights of scikit-learn's ElasticNet of each item on the others, `rp3beta` the scores that skrecsys's RP3Beta gives to
each user, `logistic` the vectors of users and of items that scipy's BFGS finds with those of the other side as they are.
`sparse_ease`, `two_sided` and `ials` are by numpy: no library known to us has them. The first is a ridge regression of each item on the few
others that alone restore it best. The second is the closed form of EDLAE for the matrix and
for its transpose, with the users and items that are to be restored left out of what they are restored from; the third solves
the least squares of each user and each item in turn, as equation 5 of Rendle et al. (arXiv 2110.14037) has them, by lstsq.
"""

import json
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from skrecsys.recommendation import RP3Beta
from sklearn.linear_model import ElasticNet

SEED, USERS, ITEMS = 1606, 40, 23
OUT = Path(__file__).resolve().parents[2] / "crates/radio_rec/tests/golden/models.json"


def slim(x, l1, l2):
    weights = np.zeros((ITEMS, ITEMS))
    for item in range(ITEMS):
        others = np.delete(np.arange(ITEMS), item)
        model = ElasticNet(
            alpha=(l1 + l2) / USERS, l1_ratio=l1 / (l1 + l2), fit_intercept=False, positive=True, tol=1e-14, max_iter=100_000
        )
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            weights[others, item] = model.fit(x[:, others], x[:, item]).coef_
    return {"l1": l1, "l2": l2, "weights": weights.tolist()}


def rp3beta(x, alpha, beta):
    """Of all weights: skrecsys leaves some out of a column too. Of plays that count 1: it takes values for one of the steps only."""
    pairs = np.column_stack(np.nonzero(x))
    model = RP3Beta(n_neighbors=ITEMS, alpha=alpha, beta=beta, normalize_similarity=False)
    model.fit(pairs)
    pairs = np.array([(u, i) for u in range(USERS) for i in range(ITEMS)])
    scores = model.predict(pairs).reshape(USERS, ITEMS)
    return {"alpha": alpha, "beta": beta, "scores": scores.tolist()}


def restored(x, dropout, penalty):
    """Each column of x from the others, by weighted ridge regression."""
    gram = x.T @ x
    gram = gram + np.diag(dropout / (1 - dropout) * np.diag(gram) + penalty)
    out = np.zeros_like(x)
    for column in range(x.shape[1]):
        others = np.delete(np.arange(x.shape[1]), column)
        weights = np.linalg.solve(gram[np.ix_(others, others)], x[:, others].T @ x[:, column])
        out[:, column] = x[:, others] @ weights
    return out


def two_sided(x, parameters):
    items = restored(x, parameters["dropout"], parameters["lambda"])
    users = restored(x.T, parameters["user_dropout"], parameters["user_lambda"]).T
    return {"parameters": parameters, "scores": (items + parameters["share"] * users).tolist()}


def sparse_ease(x, parameters):
    gram = x.T @ x
    odds = parameters["dropout"] / (1 - parameters["dropout"])
    held = (1 + odds) * np.diag(gram) + parameters["lambda"]
    weights = np.zeros((ITEMS, ITEMS))
    for item in range(ITEMS):
        alone = gram[:, item] ** 2 / held
        alone[item] = -1
        order = np.argsort(-alone)
        # What is kept does not hang on a rounding.
        assert alone[order[parameters["k"] - 1]] > alone[order[parameters["k"]]] * (1 + 1e-9)
        kept = order[: parameters["k"]]
        block = gram[np.ix_(kept, kept)]
        np.fill_diagonal(block, held[kept])
        weights[kept, item] = np.linalg.solve(block, gram[kept, item])
    return {"parameters": parameters, "weights": weights.tolist()}


def logistic(random, x, parameters):
    """The best of each vector of one side, given random ones of the other; both end with the number that is added to all products."""
    factors, penalty = parameters["factors"], parameters["lambda"]

    def best(weights, other):
        """Of each row of weights."""

        def loss(row, vector):
            s = other[:, :factors] @ vector[:factors] + vector[factors] + other[:, factors]
            slopes = (1 + row) / (1 + np.exp(-s)) - row
            value = np.sum((1 + row) * np.logaddexp(0, s) - row * s) + penalty / 2 * np.sum(vector[:factors] ** 2)
            slope = np.append(slopes @ other[:, :factors] + penalty * vector[:factors], slopes.sum())
            return value, slope

        found = []
        for row in weights:
            of_row = minimize(lambda vector: loss(row, vector), np.zeros(factors + 1), jac=True, method="BFGS", options={"gtol": 1e-9})
            assert np.abs(of_row.jac).max() < 1e-6, of_row
            found.append(of_row.x.tolist())
        return found

    users, items = random.normal(0, 1, (USERS, factors + 1)), random.normal(0, 1, (ITEMS, factors + 1))
    return {
        "parameters": parameters,
        "users": users.tolist(),
        "items": items.tolist(),
        "best_users": best(x, items),
        "best_items": best(x.T, users),
    }


def ials(random, x, parameters):
    base, slope = parameters["weight"]["base"], parameters["weight"]["slope"]
    factors, unobserved = parameters["factors"], parameters["unobserved"]
    weights = np.where(x > 0, base + slope * x, 0.0)
    users, items = random.normal(0, 0.3, (USERS, factors)), random.normal(0, 0.3, (ITEMS, factors))

    def turn(weights, other):
        vectors = []
        for row in weights:
            held = parameters["lambda"] * ((row > 0).sum() + unobserved * len(other)) ** parameters["exponent"]
            played = np.flatnonzero(row)
            roots = np.sqrt(row[played])
            # w (xᵀy - 1)² of plays, α (xᵀy)² of all, λ ‖x‖²: the rows of one least squares problem.
            left = np.vstack([roots[:, None] * other[played], np.sqrt(unobserved) * other, np.sqrt(held) * np.eye(factors)])
            right = np.concatenate([roots, np.zeros(len(other) + factors)])
            vectors.append(np.linalg.lstsq(left, right, rcond=None)[0])
        return np.array(vectors)

    begin = users, items
    for _ in range(parameters["iterations"]):
        users = turn(weights, items)
        items = turn(weights.T, users)
    return {
        "parameters": parameters,
        "users": begin[0].tolist(),
        "items": begin[1].tolist(),
        "users_after": users.tolist(),
        "items_after": items.tolist(),
    }


def main():
    random = np.random.RandomState(SEED)
    taste = random.random_sample((USERS, 3)) @ random.random_sample((3, ITEMS))
    x = np.where(random.random_sample(taste.shape) < 0.35 * taste, random.randint(1, 6, taste.shape), 0).astype(float)
    # Everybody plays something, and everything is played.
    x[np.arange(USERS), np.arange(USERS) % ITEMS] = 1 + np.arange(USERS) % 5
    ones = {"base": 0.5, "slope": 0.25}
    packages = ["scikit-learn", "skrecsys", "scipy", "numpy"]
    golden = {
        "recipe": "scripts/golden/models.py, " + ", ".join(f"{p} {version(p)}" for p in packages),
        "users": USERS,
        "items": ITEMS,
        "plays": [(int(u), int(i), x[u, i]) for u, i in zip(*np.nonzero(x))],
        "slim": [slim(x, 2.0, 10.0), slim(x, 0.5, 100.0)],
        "rp3beta": [rp3beta(x, 1.0, 0.6), rp3beta(x, 1.4, 0.3)],
        "two_sided": two_sided(
            x, {"dropout": 0.4, "lambda": 20.0, "user_dropout": 0.2, "user_lambda": 30.0, "share": 0.7, "weight": {"base": 0.0, "slope": 1.0}}
        ),
        "sparse_ease": sparse_ease(x, {"k": 5, "lambda": 20.0, "dropout": 0.3, "weight": {"base": 0.0, "slope": 1.0}}),
        "ials": ials(
            random, x, {"factors": 4, "iterations": 3, "lambda": 0.05, "unobserved": 0.2, "exponent": 0.7, "weight": ones, "seed": 0}
        ),
        "logistic": logistic(
            random, x, {"factors": 3, "iterations": 20000, "rate": 0.5, "lambda": 0.7, "weight": {"base": 0.0, "slope": 1.0}, "seed": 0}
        ),
    }
    OUT.write_text(json.dumps(golden) + "\n")
    print(OUT)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes crates/radio_rec/tests/golden/network.json: what numpy and scikit-learn say, for the Rust tests to agree with.

    pip install numpy==2.3.5 scikit-learn==1.9.1
    python3 scripts/golden/network.py

Everything is drawn from numpy.random.RandomState(1606), whose stream numpy has frozen, so that the file can be made again.
"""

import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn.datasets import make_gaussian_quantiles

SEED = 1606
RATES = [0.0001, 0.01, 1.0]
OUT = Path(__file__).resolve().parents[2] / "crates/radio_rec/tests/golden/network.json"


def quantiles(seed, n_samples, n_features, n_classes, cov):
    """The unshuffled data set, and the normal draws scikit-learn made it from: the first ones of the generator."""
    x, labels = make_gaussian_quantiles(
        mean=None,
        cov=cov,
        n_samples=n_samples,
        n_features=n_features,
        n_classes=n_classes,
        shuffle=False,
        random_state=np.random.RandomState(seed),
    )
    draws = np.random.RandomState(seed).standard_normal((n_samples, n_features))
    return {
        "n_classes": n_classes,
        "covariance": cov,
        "draws": draws.tolist(),
        "x": x.tolist(),
        "labels": labels.tolist(),
    }


def forward(p, x):
    z1 = p["w1"] @ x + p["b1"]
    a1 = np.tanh(z1)
    z2 = p["w2"] @ a1 + p["b2"]
    a2 = 1 / (1 + np.exp(-z2))
    return {"z1": z1, "a1": a1, "z2": z2, "a2": a2}


def cost(a2, y):
    return float(-np.sum(y * np.log(a2) + (1 - y) * np.log(1 - a2)) / y.shape[1])


def gradients(p, f, x, y):
    m = x.shape[1]
    dz2 = f["a2"] - y
    dz1 = (p["w2"].T @ dz2) * (1 - f["a1"] ** 2)
    return {
        "dz2": dz2,
        "dw2": dz2 @ f["a1"].T / m,
        "db2": dz2.sum(axis=1, keepdims=True) / m,
        "dz1": dz1,
        "dw1": dz1 @ x.T / m,
        "db1": dz1.sum(axis=1, keepdims=True) / m,
    }


def update(p, g, rate):
    return {name: value - rate * g["d" + name] for name, value in p.items()}


def start(rng, n_x, n_h, n_y, scale):
    return {
        "w1": rng.standard_normal((n_h, n_x)) * scale,
        "b1": np.zeros((n_h, 1)),
        "w2": rng.standard_normal((n_y, n_h)) * scale,
        "b2": np.zeros((n_y, 1)),
    }


def network(seed, m, n_h, scale, full):
    rng = np.random.RandomState(seed)
    x, labels = make_gaussian_quantiles(
        mean=None, cov=0.7, n_samples=m, n_features=2, n_classes=2, shuffle=True, random_state=rng
    )
    x, y = x.T, labels.reshape(1, -1).astype(float)
    first = start(rng, 2, n_h, 1, scale)
    f = forward(first, x)
    g = gradients(first, f, x, y)

    # Cell [39] of the assignment: one gradient, applied again and again on top of the last step.
    same_gradient, p = [], first
    for rate in RATES:
        p = update(p, g, rate)
        same_gradient.append({"rate": rate, "parameters": p})

    # What its text asks for: ten iterations from the same start, for each rate.
    trained = []
    for rate in RATES:
        p, costs = first, []
        for _ in range(10):
            now = forward(p, x)
            costs.append(cost(now["a2"], y))
            p = update(p, gradients(p, now, x, y), rate)
        costs.append(cost(forward(p, x)["a2"], y))
        trained.append({"rate": rate, "parameters": p, "costs": costs})

    # A training that gets somewhere: the rate of the benchmark.
    p, costs = first, []
    for _ in range(100):
        now = forward(p, x)
        costs.append(cost(now["a2"], y))
        p = update(p, gradients(p, now, x, y), 1.2)
    hundred = {"rate": 1.2, "parameters": p, "costs": costs}

    case = {
        "x": x,
        "y": y,
        "parameters": first,
        "cost": cost(f["a2"], y),
        "gradients": g if full else {k: v for k, v in g.items() if not k.startswith("dz")},
        "same_gradient": same_gradient,
        "ten_iterations": trained,
        "hundred_iterations": hundred,
    }
    if full:
        case["forward"] = f
    return case


def as_lists(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {k: as_lists(v) for k, v in value.items()}
    if isinstance(value, list):
        return [as_lists(v) for v in value]
    return value


def main():
    golden = {
        "recipe": f"scripts/golden/network.py, numpy {np.__version__}, scikit-learn {sklearn.__version__}, "
        f"RandomState({SEED})",
        "quantiles": [
            quantiles(SEED, 50, 2, 2, 0.7),
            quantiles(SEED + 1, 23, 3, 4, 2.5),
            quantiles(SEED + 2, 5, 1, 5, 0.0),
        ],
        # The assignment's start (weights near 0), and one whose units are far from linear.
        "networks": [
            network(SEED, 50, 4, 0.01, full=True),
            network(SEED + 1, 40, 3, 1.5, full=True),
            network(SEED + 2, 2000, 4, 0.01, full=False),
        ],
    }
    OUT.write_text(json.dumps(as_lists(golden), sort_keys=True) + "\n")
    print(f"wrote {OUT.name}, {OUT.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()

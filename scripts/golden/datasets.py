#!/usr/bin/env python3
"""Writes crates/radio_rec/tests/golden/datasets.json: the data sets of scikit-learn, for the Rust tests to agree with.

    pip install numpy==2.3.5 scikit-learn==1.9.1
    python3 scripts/golden/datasets.py

Unshuffled, these functions draw their noise first of all, so the same draws can be had from a second generator with the same
seed. It is numpy.random.RandomState, whose stream numpy has frozen. (Gaussian quantiles are in network.json, by network.py.)
"""

import json
import sys
from pathlib import Path

import numpy as np
import sklearn
from sklearn.datasets import make_blobs, make_circles, make_moons

SEED = 1606
OUT = Path(__file__).resolve().parents[2] / "crates/radio_rec/tests/golden/datasets.json"


def case(maker, seed, shape, parameters, **arguments):
    x, labels = maker(n_samples=shape[0], shuffle=False, random_state=np.random.RandomState(seed), **arguments)
    assert x.shape == shape
    draws = np.random.RandomState(seed).standard_normal(shape)
    return {**parameters, "draws": draws.tolist(), "x": x.tolist(), "labels": labels.tolist()}


def moons(seed, n, noise):
    return case(make_moons, seed, (n, 2), {"noise": noise}, noise=noise)


def circles(seed, n, factor, noise):
    return case(make_circles, seed, (n, 2), {"factor": factor, "noise": noise}, factor=factor, noise=noise)


def blobs(seed, n, centers, std):
    shape = (n, len(centers[0]))
    return case(make_blobs, seed, shape, {"centers": centers, "std": std}, centers=np.array(centers), cluster_std=std)


def main():
    golden = {
        "recipe": f"scripts/golden/datasets.py, numpy {np.__version__}, scikit-learn {sklearn.__version__}, "
        f"RandomState({SEED})",
        "moons": [moons(SEED, 25, 0.15), moons(SEED + 1, 8, 0.0), moons(SEED + 2, 3, 2.5)],
        "circles": [circles(SEED, 25, 0.5, 0.1), circles(SEED + 1, 8, 0.8, 0.0), circles(SEED + 2, 3, 0.0, 1.0)],
        "blobs": [
            blobs(SEED, 20, [[-1.5, 0.25], [4.0, 4.0], [0.0, -9.5]], 1.0),
            blobs(SEED + 1, 9, [[1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]], 0.3),
            blobs(SEED + 2, 5, [[7.0], [8.0], [9.0], [10.0], [11.0]], 0.0),
        ],
    }
    OUT.write_text(json.dumps(golden, sort_keys=True) + "\n")
    print(f"wrote {OUT.name}, {OUT.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()

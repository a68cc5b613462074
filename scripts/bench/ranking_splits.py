"""What the peers of ranking.py share: the splits that radio_rec wrote, and the choice of a setting on a part of what is learned from."""

import argparse
import csv
import sys
from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

K, SEED = 10, 1606
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

    def mean(self, lists):
        return float(np.mean(list(self.ndcgs(lists).values())))


def best(scores, train):
    """The K items with the highest scores that were not played, of each user."""
    scores = np.where(train.toarray() > 0, -np.inf, scores)
    return np.argsort(-scores, axis=1, kind="stable")[:, :K]


def log_uniform(random, low, high):
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


class Model(NamedTuple):
    """What draws a setting; what makes lists of a matrix by it; and what a setting is worth on a part, with what that adds to it."""

    draw: Callable
    lists: Callable
    tried: Callable = None

    def worth(self, part, setting):
        if self.tried:
            return self.tried(part, setting)
        return part.mean(self.lists(part.train, **setting)), setting


def tuned(name, model, inner, trials, split):
    """The setting with the largest mean nDCG on the validation part."""
    random = np.random.RandomState(SEED + 1000 * split)
    tried = [model.worth(inner, model.draw(random)) for _ in range(trials)]
    found, setting = max(tried, key=lambda of: of[0])
    print(f"{name}, split {split}: {found:.4f} by {setting}", file=sys.stderr, flush=True)
    return setting


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--models", default="")
    return parser


def measure(given, models):
    """Tunes each model on each split, and writes the nDCG of each user."""
    if given.models:
        models = {name: models[name] for name in given.models.split(",")}
    with open(given.out, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["model", "split", "user", "ndcg"])
        for split in range(given.splits):
            part = Part(given.folder / str(split))
            inner = Part(given.folder / str(split) / "0", part.users, part.items)
            for name, model in models.items():
                setting = tuned(name, model, inner, given.trials, split) if model.draw else {}
                for user, ndcg in part.ndcgs(model.lists(part.train, **setting)).items():
                    out.writerow([name, split, user, repr(float(ndcg))])
                file.flush()

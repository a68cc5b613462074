#!/usr/bin/env python3
"""Writes crates/radio_rec/tests/golden/ratings.json: what Surprise predicts of a small matrix of ratings.

    pip install scikit-surprise==1.1.5 numpy==2.4.6 pandas==3.1.1
    python3 scripts/golden/ratings.py

Each model has the estimates for all pairs, before they are clipped to the scale. The first user rates all items, and rows are in order,
so that Surprise's numbers of users and items, and the order of its gradient descent, are those of the table. `biased_mf` has the
vectors that its SVD begins at too.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from surprise import SVD, BaselineOnly, Dataset, KNNWithMeans, Reader, accuracy

SEED, USERS, ITEMS = 1606, 25, 14
OUT = Path(__file__).resolve().parents[2] / "crates/radio_rec/tests/golden/ratings.json"


def estimates(model):
    pairs = ((u, i) for u in range(USERS) for i in range(ITEMS))
    found = [model.predict(f"u{u}", f"i{i}", clip=False).est for u, i in pairs]
    return np.reshape(found, (USERS, ITEMS)).tolist()


def main():
    random = np.random.RandomState(SEED)
    # Numbers with several digits: similarities are not tied.
    liked = np.clip(random.normal(0, 1, (USERS, 2)) @ random.normal(0, 1, (2, ITEMS)) + 3, -2, 8).round(2)
    known = random.random_sample((USERS, ITEMS)) < 0.6
    known[0] = True
    rows = [(f"u{u}", f"i{i}", float(liked[u, i])) for u in range(USERS) for i in range(ITEMS) if known[u, i]]
    scale = Reader(rating_scale=(-2, 8))
    train = Dataset.load_from_df(pd.DataFrame(rows, columns=["user", "item", "rating"]), scale).build_full_trainset()
    assert [train.to_raw_uid(u) for u in range(USERS)] == [f"u{u}" for u in range(USERS)]
    assert [train.to_raw_iid(i) for i in range(ITEMS)] == [f"i{i}" for i in range(ITEMS)]

    baseline = {"user_lambda": 4.0, "item_lambda": 3.0, "epochs": 7}
    options = {"method": "als", "reg_u": 4.0, "reg_i": 3.0, "n_epochs": 7}
    of_baseline = BaselineOnly(bsl_options=options, verbose=False).fit(train)

    knn = []
    for side, likeness, k, least, support in [
        ("users", "pearson", 5, 1, 3),
        ("users", "cosine", 4, 2, 3),
        ("items", "msd", 3, 1, 2),
        ("items", "pearson", 40, 3, 5),
    ]:
        similarity = {"name": likeness, "user_based": side == "users", "min_support": support}
        model = KNNWithMeans(k=k, min_k=least, sim_options=similarity, verbose=False).fit(train)
        parameters = {"k": k, "least": least, "side": side, "likeness": likeness, "support": support}
        knn.append({"parameters": parameters, "estimates": estimates(model)})

    mf = {"factors": 5, "epochs": 8, "rate": 0.01, "lambda": 0.03, "seed": 0}
    arguments = {"n_factors": 5, "lr_all": 0.01, "reg_all": 0.03, "random_state": SEED}
    begin = SVD(n_epochs=0, **arguments).fit(train)
    end = SVD(n_epochs=8, **arguments).fit(train)

    hidden = [(f"u{u}", f"i{i}", float(liked[u, i])) for u in range(USERS) for i in range(ITEMS) if not known[u, i]]
    of_hidden = of_baseline.test(hidden)
    packages = ["scikit-surprise", "numpy"]
    golden = {
        "recipe": "scripts/golden/ratings.py, " + ", ".join(f"{p} {version(p)}" for p in packages),
        "ratings": rows,
        "hidden": hidden,
        "baseline": {
            "parameters": baseline,
            "estimates": estimates(of_baseline),
            "rmse": accuracy.rmse(of_hidden, verbose=False),
            "mae": accuracy.mae(of_hidden, verbose=False),
        },
        "knn": knn,
        "biased_mf": {"parameters": mf, "users": begin.pu.tolist(), "items": begin.qi.tolist(), "estimates": estimates(end)},
    }
    OUT.write_text(json.dumps(golden) + "\n")
    print(OUT)


if __name__ == "__main__":
    main()

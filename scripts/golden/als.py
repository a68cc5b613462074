#!/usr/bin/env python3
"""Writes crates/radio_rec/tests/golden/als.json: what implicit learns, for the Rust tests to agree with.

    pip install implicit==0.7.3 numpy==2.3.5 scipy==1.17.1
    python3 scripts/golden/als.py

implicit multiplies each entry by its `alpha` and takes the product as the confidence; ours is 1 + alpha * value. So implicit
is given the confidences, and alpha = 1. Both begin at the same vectors. Everything is drawn from
numpy.random.RandomState(1606), whose stream numpy has frozen.
"""

import json
from pathlib import Path

import implicit
import numpy as np
import scipy.sparse
from implicit.als import AlternatingLeastSquares
from implicit.cpu._als import calculate_loss

SEED, USERS, ITEMS, FACTORS = 1606, 40, 25, 6
LAMBDA, ALPHA, ITERATIONS = 0.1, 2.0, 12
OUT = Path(__file__).resolve().parents[2] / "crates/radio_rec/tests/golden/als.json"


def main():
    random = np.random.RandomState(SEED)
    played = random.random_sample((USERS, ITEMS)) < 0.25
    values = np.where(played, random.randint(1, 5, (USERS, ITEMS)), 0).astype(float)
    users = (random.random_sample((USERS, FACTORS)) * 0.01).astype(np.float32)
    items = (random.random_sample((ITEMS, FACTORS)) * 0.01).astype(np.float32)
    confidences = scipy.sparse.csr_matrix(np.where(played, 1 + ALPHA * values, 0))
    model = AlternatingLeastSquares(
        factors=FACTORS,
        regularization=LAMBDA,
        alpha=1.0,
        iterations=ITERATIONS,
        num_threads=1,
        use_gpu=False,
    )
    model.user_factors, model.item_factors = users.copy(), items.copy()
    model.fit(confidences, show_progress=False)
    loss = calculate_loss(
        confidences.astype(np.float32), model.user_factors, model.item_factors, LAMBDA, num_threads=1
    )
    user_of, item_of = np.nonzero(played)
    golden = {
        "recipe": f"scripts/golden/als.py, implicit {implicit.__version__}, numpy {np.__version__}",
        "plays": [[int(u), int(i), float(values[u, i])] for u, i in zip(user_of, item_of)],
        "users": users.tolist(),
        "items": items.tolist(),
        "lambda": LAMBDA,
        "alpha": ALPHA,
        "iterations": ITERATIONS,
        "loss": float(loss),
        "item_factors": model.item_factors.tolist(),
    }
    OUT.write_text(json.dumps(golden) + "\n")
    print(f"{OUT}: loss {loss}")


if __name__ == "__main__":
    main()

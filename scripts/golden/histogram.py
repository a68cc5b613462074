#!/usr/bin/env python3
"""Writes crates/radio_rec/tests/golden/histogram.json: the bins of numpy's rule `auto`, for those of fractions to agree with.

    pip install numpy==2.3.5
    python3 scripts/golden/histogram.py
"""

import json
import sys
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parents[2] / "crates/radio_rec/tests/golden/histogram.json"


def case(values):
    counts, edges = np.histogram(values, bins="auto")
    ten, _ = np.histogram(values, bins=10)
    return {"values": values.tolist(), "counts": counts.tolist(), "edges": edges.tolist(), "ten": ten.tolist()}


random = np.random.RandomState(1606)
samples = [
    random.standard_normal(500),
    random.uniform(size=40),
    random.exponential(size=200),
    np.array([0.5, 2.25, 7.75]),
    # The middle half is one number: only the other rule can say how wide.
    np.concatenate([np.full(60, 0.5), random.standard_normal(20)]),
]
golden = {
    "python": sys.version.split()[0],
    "numpy": np.__version__,
    "cases": [case(values) for values in samples],
}
OUT.write_text(json.dumps(golden) + "\n")

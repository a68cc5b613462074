#!/usr/bin/env python3
"""Writes crates/radio_rec/tests/golden/evaluation.json: ranking metrics as trec_eval and scikit-learn compute them.

    pip install pytrec-eval-terrier==0.5.11 scikit-learn==1.9.1 numpy==2.3.5
    python3 scripts/golden/evaluation.py

Each case has scores of items and which of them are relevant. trec_eval gives precision, recall, average precision, nDCG and
success at k, and the reciprocal rank; its average precision divides by all relevant items, as ours. scikit-learn gives nDCG
once more, average precision over the whole list, and the area under the ROC curve, where the scores may be tied.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytrec_eval
from sklearn.metrics import average_precision_score, ndcg_score, roc_auc_score

SEED, CASES = 1606, 40
OUT = Path(__file__).resolve().parents[2] / "crates/radio_rec/tests/golden/evaluation.json"


def case(random):
    items = random.randint(12, 60)
    scores = random.permutation(items).astype(float)
    # The relevant ones tend to the top.
    chance = random.uniform(0.05, 0.6) * (scores + 1) / items
    relevant = random.random_sample(items) < chance
    relevant[random.randint(items)] = True
    relevant[random.randint(items)] = False
    relevant[0] = relevant.sum() == 0 or relevant[0]
    k = int(random.choice([1, 3, 5, 10]))
    measures = {f"P.{k}", f"recall.{k}", f"map_cut.{k}", f"ndcg_cut.{k}", f"success.{k}", "recip_rank"}
    qrel = {"u": {f"i{i}": int(r) for i, r in enumerate(relevant)}}
    run = {"u": {f"i{i}": float(s) for i, s in enumerate(scores)}}
    (found,) = pytrec_eval.RelevanceEvaluator(qrel, measures).evaluate(run).values()
    ndcg = ndcg_score([relevant.astype(int)], [scores], k=k)
    assert abs(ndcg - found[f"ndcg_cut_{k}"]) < 1e-12
    tied = np.floor(scores / 4)
    return {
        "k": k,
        "scores": scores.tolist(),
        "relevant": relevant.tolist(),
        "precision": found[f"P_{k}"],
        "recall": found[f"recall_{k}"],
        "average_precision": found[f"map_cut_{k}"],
        "ndcg": ndcg,
        "hit_rate": found[f"success_{k}"],
        "reciprocal_rank": found["recip_rank"],
        "average_precision_of_all": average_precision_score(relevant, scores),
        "auc": roc_auc_score(relevant, scores),
        "tied_scores": tied.tolist(),
        "tied_auc": roc_auc_score(relevant, tied),
    }


def main():
    random = np.random.RandomState(SEED)
    packages = ["pytrec-eval-terrier", "scikit-learn", "numpy"]
    golden = {
        "recipe": "scripts/golden/evaluation.py, " + ", ".join(f"{p} {version(p)}" for p in packages),
        "cases": [case(random) for _ in range(CASES)],
    }
    OUT.write_text(json.dumps(golden) + "\n")
    print(OUT)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes crates/radio_rec/tests/golden/evaluation.json: ranking metrics as trec_eval and scikit-learn compute them.

    pip install pytrec-eval-terrier==0.5.11 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.3.5
    python3 scripts/golden/evaluation.py

Each case has scores of items and which of them are relevant. trec_eval gives precision, recall, average precision, nDCG and
success at k, and the reciprocal rank; its average precision divides by all relevant items, as ours. scikit-learn gives nDCG
once more, average precision over the whole list, and the area under the ROC curve, where the scores may be tied.

`report` is a whole evaluation, of lists by popularity: the means of the same measures over the users with test items, the
mean of 1 - scikit-learn's cosine similarity over the pairs of each list, and the mean of SciPy's information content of what is
recommended.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytrec_eval
from scipy.special import entr
from sklearn.metrics import average_precision_score, ndcg_score, roc_auc_score
from sklearn.metrics.pairwise import cosine_similarity

SEED, CASES = 1606, 40
USERS, ITEMS, K = 30, 25, 5
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


def report(random):
    """Popularity on plays of which a third is hidden; every item is played by a user of training, every user plays there."""
    tastes = random.random_sample(ITEMS) * 0.6
    plays = np.where(random.random_sample((USERS, ITEMS)) < tastes, random.randint(1, 5, (USERS, ITEMS)), 0)
    hidden = random.random_sample((USERS, ITEMS)) < 1 / 3
    train, test = np.where(hidden, 0, plays), np.where(hidden, plays, 0)
    item = np.arange(USERS) % ITEMS
    train[np.arange(USERS), item], test[np.arange(USERS), item] = 1, 0
    listeners = (train > 0).sum(axis=0)
    similarity = cosine_similarity(train.T)
    share = listeners / USERS
    bits = entr(share) / share / np.log(2)

    measures = {f"P.{K}", f"recall.{K}", f"map_cut.{K}", f"ndcg_cut.{K}", f"success.{K}", "recip_rank"}
    of_users, recommended = [], set()
    for user in np.flatnonzero(test.sum(axis=1)):
        new = np.flatnonzero(train[user] == 0)
        best = new[np.argsort(-listeners[new], kind="stable")[:K]]
        qrel = {"u": {f"i{i}": int(test[user, i] > 0) for i in new}}
        run = {"u": {f"i{i}": float(-place) for place, i in enumerate(best)}}
        (found,) = pytrec_eval.RelevanceEvaluator(qrel, measures).evaluate(run).values()
        found["auc"] = roc_auc_score(test[user, new] > 0, listeners[new])
        found["novelty"] = bits[best].mean()
        found["diversity"] = 1 - similarity[np.ix_(best, best)][np.triu_indices(len(best), 1)].mean()
        of_users.append(found)
        recommended.update(best.tolist())
    means = {name: float(np.mean([found[name] for found in of_users])) for name in of_users[0]}
    return {
        "k": K,
        "train": train.tolist(),
        "test": test.tolist(),
        "users": len(of_users),
        "coverage": len(recommended) / ITEMS,
        "precision": means[f"P_{K}"],
        "recall": means[f"recall_{K}"],
        "map": means[f"map_cut_{K}"],
        "ndcg": means[f"ndcg_cut_{K}"],
        "hit_rate": means[f"success_{K}"],
        "mrr": means["recip_rank"],
        "auc": means["auc"],
        "novelty": means["novelty"],
        "diversity": means["diversity"],
    }


def main():
    random = np.random.RandomState(SEED)
    packages = ["pytrec-eval-terrier", "scikit-learn", "scipy", "numpy"]
    golden = {
        "recipe": "scripts/golden/evaluation.py, " + ", ".join(f"{p} {version(p)}" for p in packages),
        "cases": [case(random) for _ in range(CASES)],
        "report": report(random),
    }
    OUT.write_text(json.dumps(golden) + "\n")
    print(OUT)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes crates/radio_rec/tests/golden/evaluation.json: ranking metrics as trec_eval and scikit-learn compute them.

    pip install pytrec-eval-terrier==0.5.11 scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6 pandas==3.1.1 tqdm==4.70.1 pyyaml==6.0.4
    pip install --no-deps recpack==0.3.6    # whose metrics need no more than these
    python3 scripts/golden/evaluation.py

Each case has scores of items and which of them are relevant. trec_eval gives precision, recall, average precision, nDCG and
success at k, and the reciprocal rank; its average precision divides by all relevant items, as ours. scikit-learn gives nDCG
once more, average precision over the whole list, and the area under the ROC curve, where the scores may be tied.

`report` is a whole evaluation, of lists by popularity: the means of the same measures over the users with test items, the
mean of 1 - scikit-learn's cosine similarity over the pairs of each list, and the mean of SciPy's information content of what is
recommended.

`strangers` is strong generalisation: EASE, by numpy's inverse, of the plays of some users recommends to others by a part of what
they played. RecPack gives of each the recall over the smaller of k and the number of relevant items, recall, and nDCG@100.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytrec_eval
from recpack.metrics import CalibratedRecallK, NDCGK, RecallK
from scipy.sparse import csr_matrix
from scipy.special import entr
from sklearn.metrics import average_precision_score, ndcg_score, roc_auc_score
from sklearn.metrics.pairwise import cosine_similarity

SEED, CASES = 1606, 40
USERS, ITEMS, K = 30, 25, 5
LEARNED_FROM, STRANGERS, MANY_ITEMS, LAMBDA = 90, 30, 130, 20.0
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


def strangers(random):
    """Each item is played by somebody who is learned from; a stranger has something known and something to find."""
    taste = random.random_sample((LEARNED_FROM + STRANGERS, 3)) @ random.random_sample((3, MANY_ITEMS))
    plays = (random.random_sample(taste.shape) < 0.25 * taste).astype(int)
    plays[np.arange(MANY_ITEMS) % LEARNED_FROM, np.arange(MANY_ITEMS)] = 1
    train, others = plays[:LEARNED_FROM], plays[LEARNED_FROM:]
    hidden = random.random_sample(others.shape) < 0.2
    for user, row in enumerate(others):
        hidden[user, np.flatnonzero(row)[:2]] = [False, True]
    fold_in, test = others * ~hidden, others * hidden

    inverse = np.linalg.inv(train.T @ train + LAMBDA * np.eye(MANY_ITEMS))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    order = np.argsort(-np.where(fold_in > 0, -np.inf, fold_in @ weights), axis=1, kind="stable")
    # RecPack takes what is above 0: the places, from behind.
    places = np.empty(order.shape)
    np.put_along_axis(places, order, np.arange(MANY_ITEMS, 0, -1.0)[None, :].repeat(STRANGERS, 0), axis=1)
    places[fold_in > 0] = 0.0

    def of_users(metric):
        metric.calculate(csr_matrix(test), csr_matrix(places))
        results = metric.results.sort_values("user_id")
        assert results["user_id"].tolist() == list(range(STRANGERS))
        return results["score"].tolist()

    return {
        "lambda": LAMBDA,
        "train": train.tolist(),
        "fold_in": fold_in.tolist(),
        "test": test.tolist(),
        "capped_recall_5": of_users(CalibratedRecallK(5)),
        "capped_recall_20": of_users(CalibratedRecallK(20)),
        "recall_20": of_users(RecallK(20)),
        "ndcg_100": of_users(NDCGK(100)),
    }


def main():
    random = np.random.RandomState(SEED)
    packages = ["pytrec-eval-terrier", "scikit-learn", "scipy", "numpy", "recpack"]
    golden = {
        "recipe": "scripts/golden/evaluation.py, " + ", ".join(f"{p} {version(p)}" for p in packages),
        "cases": [case(random) for _ in range(CASES)],
        "report": report(random),
        "strangers": strangers(random),
    }
    OUT.write_text(json.dumps(golden) + "\n")
    print(OUT)


if __name__ == "__main__":
    main()

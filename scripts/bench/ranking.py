#!/usr/bin/env python3
"""Whose lists are best? radio_rec's models, implicit's and skrecsys's, on the same splits of MovieLens 100K.

    python3 scripts/fetch-movielens
    python3 scripts/bench/ranking.py                # seeds 1 to 5, half an hour
    python3 scripts/bench/ranking.py --seed 101     # five other splits

It makes a virtual environment in target/bench-ranking/ (PyPI). A quarter of each user's ratings is hidden, by radio_rec's
`split::stratified_by_user`. Every model is tuned within the same number of trials, split by split: by its nDCG@10 on a quarter of what
is learned from, the same quarter for all. Then it learns from all of the training part, and is measured once on what is hidden.
Ratings count as plays; whether a model takes how good they are into account is one of its settings.

The table has the mean nDCG@10 of the splits, and how much less that is than the best model's: the mean over users of each user's mean
over the splits, with an interval of 95 % by a bootstrap over users. What an interval has 0 in is not told apart.

Before anything is compared, EASE with one setting is learned on both sides, here by numpy: if the two nDCGs are not the same, the two sides
do not measure the same thing, and the script ends.
"""

import argparse
import csv
import json
import sys
from collections import defaultdict
from pathlib import Path

from peers import ROOT, call, environment, example

WORK = ROOT / "target/bench-ranking"
REQUIREMENTS = Path(__file__).with_name("ranking-requirements.txt")
RATINGS = ROOT / "data/ml-100k/ml-100k.inter"
OURS = ["two-sided", "edlae", "ease", "slim", "rp3beta", "als", "ials", "bpr", "logistic-mf", "item-knn", "user-knn", "popularity"]
K, TUNE_PARTS = 10, 1


def of_users(path):
    """{model: {(split, user): nDCG}} of a file of model,split,user,ndcg."""
    found = defaultdict(dict)
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            found[row["model"]][int(row["split"]), row["user"]] = float(row["ndcg"])
    return found


def mean(numbers):
    numbers = list(numbers)
    return sum(numbers) / len(numbers)


def mean_of_splits(ndcgs):
    splits = defaultdict(list)
    for (split, _), ndcg in ndcgs.items():
        splits[split].append(ndcg)
    return mean(mean(of_split) for of_split in splits.values())


def differences(best, other):
    """Of each user the mean over the splits that count them."""
    users = defaultdict(list)
    for key, ndcg in best.items():
        users[key[1]].append(ndcg - other[key])
    return [mean(of_user) for _, of_user in sorted(users.items())]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the first split (1)")
    parser.add_argument("--splits", type=int, default=5, metavar="N", help="how many (5)")
    parser.add_argument("--trials", type=int, default=12, metavar="N", help="settings that are tried of each model and split (12)")
    parser.add_argument("--peers", default="", metavar="LIST", help="the peers' models, with commas between (all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table's numbers to FILE")
    arguments = parser.parse_args()
    if arguments.splits < 1 or arguments.trials < 1:
        parser.error("--splits and --trials must be at least 1")
    if not RATINGS.exists():
        sys.exit("error: there is no data/ml-100k; run scripts/fetch-movielens")
    WORK.mkdir(parents=True, exist_ok=True)
    python = environment(WORK, REQUIREMENTS)
    leaderboard = [example("leaderboard"), "--ratings", RATINGS, "--seed", arguments.seed, "--splits", arguments.splits, "--k", K]
    folder = WORK / f"splits-{arguments.seed}"
    call([*leaderboard, "--write-splits", folder, "--tune-parts", TUNE_PARTS])
    peers = [python, Path(__file__).with_name("ranking_peers.py"), folder]

    call([*leaderboard, "--models", "ease", "--per-user", WORK / "check-ours.csv"])
    call([*peers, WORK / "check-theirs.csv", "--splits", arguments.splits, "--check"])
    ours, theirs = (of_users(WORK / f"check-{side}.csv")["ease"] for side in ("ours", "theirs"))
    apart = max(abs(ours[key] - theirs[key]) for key in ours.keys() | theirs.keys())
    if apart > 1e-9:
        sys.exit(f"error: the nDCG of a user differs by {apart} between the two sides, for the same EASE")
    print(f"the same EASE has the same nDCG@{K} for all {len(ours)} users of the splits, to {apart:.1e}", flush=True)

    tuned = ["--tune", "--tune-parts", TUNE_PARTS, "--trials", arguments.trials]
    call([*leaderboard, *tuned, "--models", ",".join(OURS), "--per-user", WORK / "ours.csv"])
    chosen = ["--models", arguments.peers] if arguments.peers else []
    call([*peers, WORK / "theirs.csv", "--splits", arguments.splits, "--trials", arguments.trials, *chosen])
    found = {("radio_rec", model): ndcgs for model, ndcgs in of_users(WORK / "ours.csv").items()}
    for name, ndcgs in of_users(WORK / "theirs.csv").items():
        found[tuple(name.split(" ", 1))] = ndcgs

    order = sorted(found, key=lambda name: -mean_of_splits(found[name]))
    best = order[0]
    samples = {"/".join(name): differences(found[best], found[name]) for name in order[1:]}
    (WORK / "differences.json").write_text(json.dumps(samples))
    intervals = json.loads(call([python, Path(__file__).with_name("ranking_peers.py"), "--intervals", WORK / "differences.json"]))
    print(f"\n| | model | nDCG@{K} | less than {best[1]} | 95 % |")
    print("|---|---|---|---|---|")
    table = []
    for name in order:
        row = {"library": name[0], "model": name[1], "ndcg": mean_of_splits(found[name])}
        less = ("", "")
        if name != best:
            low, high = intervals["/".join(name)]
            row |= {"less": mean(samples["/".join(name)]), "low": low, "high": high}
            less = (f"{row['less']:.4f}", f"{low:.4f} to {high:.4f}")
        table.append(row)
        print(f"| {name[0]} | {name[1]} | {row['ndcg']:.4f} | {less[0]} | {less[1]} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

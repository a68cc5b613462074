#!/usr/bin/env python3
"""Whose lists are best? radio_rec's models, and those of implicit, skrecsys and RecBole, on the same splits of MovieLens 100K.

    python3 scripts/fetch-movielens
    python3 scripts/bench/ranking.py               # implicit and skrecsys; half an hour on two cores
    python3 scripts/bench/ranking.py --recbole     # RecBole's networks too: a large download the first time, and some two hours more
    python3 scripts/bench/ranking.py --seed 101    # five other splits than those of the seeds 1 to 5

It makes virtual environments in target/bench-ranking/ (PyPI). A quarter of each user's ratings is hidden, by radio_rec's
`split::stratified_by_user`. Every model is tuned within the same number of trials, split by split: by its nDCG@10 on a quarter of what
is learned from, the same quarter for all. Then it learns from all of the training part, and is measured once on what is hidden.
Ratings count as plays; whether a model takes how good they are into account is one of its settings. RecBole's networks choose in each
trial after how many epochs they end, too, and learn from plays that all count 1, as does its EASE. They want Python 3.11, numpy 1 and
pandas 2, so that they have an environment of their own, with the packages that RecBole imports and not all that it asks for.

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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from peers import ROOT, call, environment, example

WORK = ROOT / "target/bench-ranking"
HERE = Path(__file__).parent
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
    parser.add_argument("--recbole", action="store_true", help="with RecBole's EASE and networks, which take longest")
    parser.add_argument("--again", action="store_true", help="the table of what the last call with these seeds measured")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table's numbers to FILE")
    arguments = parser.parse_args()
    if arguments.splits < 1 or arguments.trials < 1:
        parser.error("--splits and --trials must be at least 1")
    if not RATINGS.exists():
        sys.exit("error: there is no data/ml-100k; run scripts/fetch-movielens")
    WORK.mkdir(parents=True, exist_ok=True)
    python = environment(WORK, HERE / "ranking-requirements.txt")
    found = {}
    for side in measured(arguments, python):
        for name, ndcgs in of_users(side).items():
            found[("radio_rec", name) if side.stem.startswith("ours") else tuple(name.split(" ", 1))] = ndcgs
    table = compared(found, python)
    if arguments.json:
        arguments.json.write_text(json.dumps(table, indent=1) + "\n")


def measured(arguments, python):
    """Measures all sides: the files that have the nDCG of each user."""
    sides = {side: WORK / f"{side}-{arguments.seed}.csv" for side in ("ours", "theirs", "recbole")}
    if not arguments.recbole:
        del sides["recbole"]
    if arguments.again:
        return list(sides.values())
    counted = ["--splits", arguments.splits, "--trials", arguments.trials]
    leaderboard = [example("leaderboard"), "--ratings", RATINGS, "--seed", arguments.seed, "--splits", arguments.splits, "--k", K]
    folder = WORK / f"splits-{arguments.seed}"
    call([*leaderboard, "--write-splits", folder, "--tune-parts", TUNE_PARTS])
    peers = [python, HERE / "ranking_peers.py", folder]

    call([*leaderboard, "--models", "ease", "--per-user", WORK / "check-ours.csv"])
    call([*peers, WORK / "check-theirs.csv", "--splits", arguments.splits, "--check"])
    ours, theirs = (of_users(WORK / f"check-{side}.csv")["ease"] for side in ("ours", "theirs"))
    apart = max(abs(ours[key] - theirs[key]) for key in ours.keys() | theirs.keys())
    if apart > 1e-9:
        sys.exit(f"error: the nDCG of a user differs by {apart} between the two sides, for the same EASE")
    print(f"the same EASE has the same nDCG@{K} for all {len(ours)} users of the splits, to {apart:.1e}", flush=True)

    tuned = ["--tune", "--tune-parts", TUNE_PARTS, "--trials", arguments.trials, "--models", ",".join(OURS)]
    call([*leaderboard, *tuned, "--per-user", sides["ours"]])
    others = [[*peers, sides["theirs"], *counted]]
    if "recbole" in sides:
        # A machine's two cores are used: most of the peers compute on one.
        of_recbole = environment(WORK / "recbole", HERE / "ranking-recbole-requirements.txt", dependencies=False)
        others.append([of_recbole, HERE / "ranking_recbole.py", folder, sides["recbole"], *counted])
    with ThreadPoolExecutor() as pool:
        list(pool.map(call, others))
    return list(sides.values())


def compared(found, python):
    """Prints the table, and returns its rows."""
    order = sorted(found, key=lambda name: -mean_of_splits(found[name]))
    best = order[0]
    samples = {"/".join(name): differences(found[best], found[name]) for name in order[1:]}
    (WORK / "differences.json").write_text(json.dumps(samples))
    intervals = json.loads(call([python, HERE / "ranking_peers.py", "--intervals", WORK / "differences.json"]))
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
    return table


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

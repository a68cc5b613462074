#!/usr/bin/env python3
"""Times radio_rec's recommenders against the Python library implicit, on made-up plays, in turns on the same machine.

    python3 scripts/bench/recommenders.py [--models cosine,als,bpr,ease,sparse-ease] [--runs N] [--threads N] [--no-growth] [--weighted] [--json FILE]

Item-item cosine with k = 20, alternating least squares with 64 factors and 5 iterations, BPR with 64 factors and 5 epochs, and
EASE of 10,000 of the items against numpy; sparse EASE by itself, of a catalogue of 50,000 items. Each then recommends 10 items that they had not played to all users.

60,000 users x 20,000 items and about 4.9 million plays: item popularity falls as rank^-0.9, the number of a user's plays is
log-normal. Each side is a process of its own that is given the same plays and the same number of threads, and times its fit
alone; the sides take turns, and medians are printed with their ratio (ours / implicit's). The processor's seconds are
printed too: other work on the machine disturbs them least. Peak memory is of the whole process, loading included: implicit's is given
the plays as a ready sparse matrix in numpy's own format, ours reads them as text.

Both sides' alternating least squares take three steps of conjugate gradients a turn in single precision, with the same penalty
and the same confidences, from vectors drawn from 0 to 0.01. The losses compared are those of one formula, in double precision:
the one that both minimise divided by the sum of the confidences. Both BPR have the same rate and penalty; their AUC is the mean over
every hundredth user of the share of pairs of what was played and what was not that are in order, of what was learned from.

EASE is numpy's inverse, and for the lists its product of the sparse plays with the weights, in blocks of users, with argpartition, all in
double precision.

The first call makes a virtual environment in target/bench-recommenders (Python 3.11 or newer, PyPI).
"""

import argparse
import csv
import json
import os
import statistics
import sys
from pathlib import Path

from peers import ROOT, call, environment, example, figures

WORK = ROOT / "target" / "bench-recommenders"
REQUIREMENTS = Path(__file__).resolve().parent / "recommenders-requirements.txt"
USERS, ITEMS, SEED, K = 60_000, 20_000, 1606, 20
PARTS = [1 / 8, 1 / 4, 1 / 2, 1]
FACTORS, ITERATIONS, LAMBDA, ALPHA = 64, 5, 0.01, 1.0
RATE, N = 0.05, 10
EASE_ITEMS, EASE_LAMBDA = 10_000, 300
WIDE_ITEMS = 50_000

# The scripts that run in the virtual environment.

GENERATE = """
import sys
import numpy as np
import scipy.sparse as sp

users, items, seed, weighted, out = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "weighted", sys.argv[5]
rng = np.random.default_rng(seed)
popularity = np.arange(1, items + 1) ** -0.9
cumulated = np.cumsum(popularity / popularity.sum())
drawn = np.clip(rng.lognormal(4.11, 1.0, users).astype(np.int64), 1, items // 2)
user = np.repeat(np.arange(users), drawn)
rank = np.minimum(np.searchsorted(cumulated, rng.random(drawn.sum())), items - 1)
# A popular item can stand anywhere in the catalogue, and a play that is drawn twice is one play.
item = rng.permutation(items)[rank]
place, count = np.unique(user * items + item, return_counts=True)
user, item = place // items, place % items
plays = rng.geometric(0.3, len(place)) if weighted else np.ones(len(place), dtype=np.int64)
kept = rng.permutation(users)
for name, share in [("1/8", 1 / 8), ("1/4", 1 / 4), ("1/2", 1 / 2), ("1", 1)]:
    some = np.isin(user, kept[: round(users * share)]) if share < 1 else np.ones(len(user), dtype=bool)
    columns = [user[some], item[some]] + ([plays[some]] if weighted else [])
    stem = f"{out}/plays_{name.replace('/', '_')}"
    header = "user\\titem" + ("\\tplays" if weighted else "")
    np.savetxt(stem + ".tsv", np.column_stack(columns), fmt="%d", delimiter="\\t", header=header, comments="")
    matrix = sp.csr_matrix((plays[some].astype(np.float64), (user[some], item[some])), shape=(users, items))
    np.savez(stem + ".npz", data=matrix.data, indices=matrix.indices, indptr=matrix.indptr, shape=matrix.shape)
    of_each = np.bincount(user[some], minlength=users).astype(np.int64)
    with open(stem + ".work", "w") as file:
        file.write(f"{some.sum()} {(of_each**2).sum()}")
"""

# The plays of the first items alone, for what takes time with the cube of their number.
FEWER = """
import sys
import numpy as np
import scipy.sparse as sp

file, items, stem = np.load(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
plays = sp.csr_matrix((file["data"], file["indices"], file["indptr"]), shape=tuple(file["shape"]))[:, :items]
plays = plays[np.diff(plays.indptr) > 0]
plays = plays[:, np.diff(plays.tocsc().indptr) > 0].tocsr()
coo = plays.tocoo()
np.savetxt(stem + ".tsv", np.column_stack([coo.row, coo.col]), fmt="%d", delimiter="\\t", header="user\\titem", comments="")
np.savez(stem + ".npz", data=plays.data, indices=plays.indices, indptr=plays.indptr, shape=plays.shape)
"""

# What both kinds of implicit's processes begin with: the plays as users x items.
LOAD = """
import os, resource, sys, time
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
import scipy.sparse as sp

file, threads = np.load(sys.argv[1]), int(sys.argv[2])
plays = sp.csr_matrix((file["data"], file["indices"], file["indptr"]), shape=tuple(file["shape"]))

def timed(fit):
    wall, cpu = time.perf_counter(), time.process_time()
    fit()
    print(f"fit_s={time.perf_counter() - wall:.3f}")
    print(f"cpu_s={time.process_time() - cpu:.3f}")
    print(f"peak_mb={resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f}")

def recommended(recommend):
    wall, cpu = time.perf_counter(), time.process_time()
    recommend()
    print(f"recommend_s={time.perf_counter() - wall:.3f}")
    print(f"recommend_cpu_s={time.process_time() - cpu:.3f}")

def auc(x, y):
    # y has a column of ones where x has the b, or the other way round.
    shares = []
    for user in range(0, plays.shape[0], 100):
        played = plays.indices[plays.indptr[user]:plays.indptr[user + 1]]
        others = np.setdiff1d(np.arange(plays.shape[1]), played)
        if len(played) == 0 or len(others) == 0:
            continue
        scores = y @ x[user]
        in_order = np.searchsorted(np.sort(scores[others]), scores[played])
        shares.append(in_order.mean() / len(others))
    print(f"auc={np.mean(shares):.6f}")
"""

COSINE = (
    LOAD
    + """
from implicit.nearest_neighbours import CosineRecommender

k = int(sys.argv[3])
model = CosineRecommender(K=k, num_threads=threads)
timed(lambda: model.fit(plays, show_progress=False))
recommended(lambda: model.recommend(np.arange(plays.shape[0]), plays, N=10, filter_already_liked_items=True))
if len(sys.argv) > 4:
    found = model.similarity.tocoo()
    np.savetxt(sys.argv[4], np.column_stack([found.row, found.col, found.data]), fmt=["%d", "%d", "%.17g"], delimiter=",")
"""
)

# Our confidences are 1 + alpha x value, implicit's are what it is given.
ALS = (
    LOAD
    + """
from implicit.als import AlternatingLeastSquares

factors, iterations, regularization, alpha = int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), float(sys.argv[6])
confidences = plays.copy()
confidences.data = 1 + alpha * confidences.data
confidences = confidences.astype(np.float32)
model = AlternatingLeastSquares(
    factors=factors, iterations=iterations, regularization=regularization, alpha=1.0, num_threads=threads, use_gpu=False, random_state=0
)
timed(lambda: model.fit(confidences, show_progress=False))
recommended(lambda: model.recommend(np.arange(plays.shape[0]), confidences, N=10, filter_already_liked_items=True))

# The loss as our AlsModel::loss has it: as if nothing had been played, then what each play changes.
x, y = model.user_factors.astype(np.float64), model.item_factors.astype(np.float64)
loss = ((x @ (y.T @ y)) * x).sum() + regularization * ((x * x).sum() + (y * y).sum())
users, items, of = np.repeat(np.arange(plays.shape[0]), np.diff(plays.indptr)), plays.indices, 1 + alpha * plays.data
for part in range(0, plays.nnz, 200_000):
    some = slice(part, part + 200_000)
    predicted = (x[users[some]] * y[items[some]]).sum(axis=1)
    loss += (of[some] * (1 - predicted) ** 2 - predicted**2).sum()
print(f"loss={loss / (of.sum() + plays.shape[0] * plays.shape[1] - plays.nnz):.8f}")
"""
)

BPR = (
    LOAD
    + """
from implicit.bpr import BayesianPersonalizedRanking

factors, epochs, rate, regularization = int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), float(sys.argv[6])
model = BayesianPersonalizedRanking(
    factors=factors, iterations=epochs, learning_rate=rate, regularization=regularization, num_threads=threads, use_gpu=False, random_state=0
)
timed(lambda: model.fit(plays, show_progress=False))
recommended(lambda: model.recommend(np.arange(plays.shape[0]), plays, N=10, filter_already_liked_items=True))
auc(model.user_factors.astype(np.float64), model.item_factors.astype(np.float64))
"""
)

EASE = (
    LOAD.replace('"1"', "sys.argv[2]", 1)
    + """
n, regularization = int(sys.argv[3]), float(sys.argv[4])

def fit():
    global weights
    weights = (plays.T @ plays).toarray()
    weights[np.diag_indices_from(weights)] += regularization
    weights = np.linalg.inv(weights)
    weights /= -np.diag(weights)
    np.fill_diagonal(weights, 0.0)

def recommend():
    lists = np.empty((plays.shape[0], n), dtype=np.int64)
    for first in range(0, plays.shape[0], 1000):
        block = plays[first:first + 1000]
        scores = block @ weights
        scores[block.nonzero()] = -np.inf
        best = np.argpartition(scores, -n, axis=1)[:, -n:]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
        lists[first:first + 1000] = np.take_along_axis(best, order, axis=1)
    return lists

timed(fit)
recommended(recommend)
"""
)

# To compare another model: its script for implicit here, a function like `cosine` below, and its line in `MODELS`.


def plays(python, weighted, items=ITEMS):
    """The stems of the made-up plays' files, from the smallest part to the whole; made if they are not there."""
    directory = WORK / ("plays-weighted" if weighted else "plays" if items == ITEMS else f"plays-{items}")
    stems = [directory / f"plays_{name}" for name in ("1_8", "1_4", "1_2", "1")]
    if not stems[-1].with_suffix(".work").exists():
        print("making the plays ...", file=sys.stderr)
        directory.mkdir(parents=True, exist_ok=True)
        kind = "weighted" if weighted else "binary"
        call([python, "-c", GENERATE, USERS, items, SEED, kind, directory])
    return stems


def ours(arguments, stem, *options):
    """One run of the example program."""
    command = [example("neighbours"), "--interactions", stem.with_suffix(".tsv"), "--threads", arguments.threads, *options]
    return figures(call(command))


def theirs(arguments, python, script, stem, *options):
    """One run of implicit."""
    command = [python, "-W", "ignore", "-c", script, stem.with_suffix(".npz"), arguments.threads, *options]
    return figures(call(command))


def in_turns(runs, **sides):
    """Calls each side `runs` times in turns; the medians of what each measured, and all of it."""
    measured = {name: [] for name in sides}
    for _ in range(runs):
        for name, side in sides.items():
            measured[name].append(side())
    medians = {
        name: {figure: statistics.median(run[figure] for run in results) for figure in results[0]}
        for name, results in measured.items()
    }
    return medians, measured


def cosine(arguments, python, stem):
    """Item-item cosine, k = 20: fit time and peak memory of both sides, in turns."""
    return in_turns(
        arguments.runs,
        radio_rec=lambda: ours(arguments, stem, "--measure", "cosine", "--k", K, "--recommend", N),
        implicit=lambda: theirs(arguments, python, COSINE, stem, K),
    )


def als(arguments, python, stem):
    """Alternating least squares, 64 factors, 5 iterations: fit time, peak memory and loss of both sides, in turns."""
    options = ("--model", "als", "--factors", FACTORS, "--iterations", ITERATIONS, "--lambda", LAMBDA, "--alpha", ALPHA, "--recommend", N)
    return in_turns(
        arguments.runs,
        radio_rec=lambda: ours(arguments, stem, *options),
        implicit=lambda: theirs(arguments, python, ALS, stem, FACTORS, ITERATIONS, LAMBDA, ALPHA),
    )


def bpr(arguments, python, stem):
    """Bayesian personalised ranking, 64 factors, 5 epochs: fit time, peak memory and AUC of both sides, in turns."""
    options = ("--model", "bpr", "--factors", FACTORS, "--iterations", ITERATIONS, "--lambda", LAMBDA, "--rate", RATE, "--recommend", N)
    return in_turns(
        arguments.runs,
        radio_rec=lambda: ours(arguments, stem, *options),
        implicit=lambda: theirs(arguments, python, BPR, stem, FACTORS, ITERATIONS, RATE, LAMBDA),
    )


def ease(arguments, python, stem):
    """EASE of some of the items: fit time, peak memory and time of the lists of both sides, in turns."""
    fewer = stem.with_name(f"{stem.name}_{EASE_ITEMS}")
    if not fewer.with_suffix(".npz").exists():
        call([python, "-c", FEWER, stem.with_suffix(".npz"), EASE_ITEMS, fewer])
    return in_turns(
        arguments.runs,
        radio_rec=lambda: ours(arguments, fewer, "--model", "ease", "--lambda", EASE_LAMBDA, "--recommend", N),
        numpy=lambda: theirs(arguments, python, EASE, fewer, N, EASE_LAMBDA),
    )


def sizes(stem):
    """How many plays there are, and how much work they are for item-item similarities."""
    return (int(number) for number in stem.with_suffix(".work").read_text().split())


def same_neighbours(arguments, python, stem):
    """Compares both sides' neighbours up to ties: a message for each item that differs.

    implicit counts the item itself among its neighbours, so it is asked for one more.
    """
    ours(arguments, stem, "--measure", "cosine", "--k", K, "--output", WORK / "ours.csv")
    theirs(arguments, python, COSINE, stem, K + 1, WORK / "theirs.csv")
    found = {"ours": {}, "theirs": {}}
    with open(WORK / "ours.csv", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for item, other, score in rows:
            found["ours"].setdefault(item, {})[other] = float(score)
    with open(WORK / "theirs.csv", newline="") as file:
        for item, other, score in csv.reader(file):
            if item != other:
                found["theirs"].setdefault(item, {})[other] = float(score)
    different = []
    for item in found["ours"].keys() | found["theirs"].keys():
        mine, other = (found[side].get(item, {}) for side in ("ours", "theirs"))
        # implicit drops the item itself rather than another where more than k are tied with it.
        best = [sorted(scores.values(), reverse=True)[:K] for scores in (mine, other)]
        scores_differ = len(best[0]) != len(best[1]) or any(abs(a - b) > 1e-9 for a, b in zip(*best))
        worst = min(best[0], default=0.0)
        # Above the worst score, where ties have room for all, the items themselves must be equal.
        above = [{name for name, score in scores.items() if score > worst + 1e-9} for scores in (mine, other)]
        if scores_differ or above[0] != above[1]:
            different.append(f"item {item}: {best[0][:3]} ... against {best[1][:3]} ...")
    return len(found["ours"]), different


# What was measured above its target.
MISSED = []


def row(name, ours, theirs, at_most=None):
    target = "" if at_most is None else f"   at most {at_most}"
    print(f"{name:22} {ours:12.5g} {theirs:12.5g} {ours / theirs:8.3f}{target}")
    if at_most is not None and ours / theirs > at_most:
        MISSED.append(f"{name}: {ours / theirs:.3f} of the peer's, not {at_most}")


def alone(name, ours, at_most):
    print(f"{name:22} {ours:12.5g} {'':12} {'':8}   at most {at_most}")
    if ours > at_most:
        MISSED.append(f"{name}: {ours:.3g}, not {at_most}")


def compare_cosine(arguments, python, stems):
    """Item-item cosine on the whole and on its parts: all measurements, and what is wrong."""
    whole = stems[-1]
    medians, measured = cosine(arguments, python, whole)
    print(f"{'cosine, k = 20':22} {'radio_rec':>12} {'implicit':>12} {'ratio':>8}")
    sides = medians["radio_rec"], medians["implicit"]
    fitting(sides, at_most=0.25)
    recommending(sides, at_most=0.3)
    print(f"(radio_rec reads the text in {sides[0]['load_s']:.2f} s)")
    compared, different = same_neighbours(arguments, python, whole)
    print(f"neighbours: of {compared} items {len(different)} differ beyond ties")
    print("".join(f"  {message}\n" for message in different[:5]), end="")
    everything = {"cosine": measured}

    if not arguments.no_growth:
        print(f"\n{'growth':>10} {'plays':>10} {'work':>12} {'fit s':>8} {'cpu s':>8} {'cpu ns/work':>12} {'implicit s':>11} {'cpu s':>8} {'ratio':>7}")
        everything["growth"] = {}
        for part, stem in zip(PARTS, stems):
            stored, work = sizes(stem)
            both, everything["growth"][str(part)] = (medians, measured) if part == 1 else cosine(arguments, python, stem)
            mine, other = both["radio_rec"], both["implicit"]
            print(
                f"{part:10} {stored:10} {work:12} {mine['fit_s']:8.3f} {mine['cpu_s']:8.3f} {1e9 * mine['cpu_s'] / work:12.3f} "
                f"{other['fit_s']:11.3f} {other['cpu_s']:8.3f} {mine['fit_s'] / other['fit_s']:7.3f}"
            )
        print("work: the sum over users of their squared number of plays")
    return everything, ["the two sides do not find the same neighbours"] if different else []


def compare_als(arguments, python, stems):
    """Alternating least squares on the whole: all measurements, and what is wrong."""
    medians, measured = als(arguments, python, stems[-1])
    print(f"{'als, 64 factors, 5 it.':22} {'radio_rec':>12} {'implicit':>12} {'ratio':>8}")
    sides = medians["radio_rec"], medians["implicit"]
    fitting(sides, at_most=0.8)
    row("loss", sides[0]["loss"], sides[1]["loss"])
    recommending(sides, at_most=0.6)
    alone("one user, ms", sides[0]["one_ms"], at_most=0.1)
    apart = abs(sides[0]["loss"] / sides[1]["loss"] - 1)
    return {"als": measured}, ["the losses differ by more than 1 %"] if apart > 0.01 else []


def compare_bpr(arguments, python, stems):
    """Bayesian personalised ranking on the whole: all measurements, and what is wrong."""
    medians, measured = bpr(arguments, python, stems[-1])
    print(f"{'bpr, 64 factors, 5 ep.':22} {'radio_rec':>12} {'implicit':>12} {'ratio':>8}")
    sides = medians["radio_rec"], medians["implicit"]
    fitting(sides, at_most=0.8)
    row("auc", sides[0]["auc"], sides[1]["auc"])
    recommending(sides)
    lower = sides[0]["auc"] < sides[1]["auc"] - 0.001
    return {"bpr": measured}, ["the AUC is lower than implicit's"] if lower else []


def compare_ease(arguments, python, stems):
    """EASE: all measurements."""
    medians, measured = ease(arguments, python, stems[-1])
    print(f"{f'ease, {EASE_ITEMS} items':22} {'radio_rec':>12} {'numpy':>12} {'ratio':>8}")
    sides = medians["radio_rec"], medians["numpy"]
    fitting(sides, at_most=1.2)
    recommending(sides, at_most=1.0)
    return {"ease": measured}, []


def sparse_ease(arguments, python, stems):
    """Sparse EASE of a catalogue that the dense one is too large for, by itself: all measurements."""
    stem = plays(python, weighted=False, items=WIDE_ITEMS)[-1]
    medians, measured = in_turns(
        arguments.runs,
        radio_rec=lambda: ours(arguments, stem, "--model", "sparse-ease", "--lambda", EASE_LAMBDA, "--recommend", N),
    )
    mine, (stored, _) = medians["radio_rec"], sizes(stem)
    print(f"sparse ease, {WIDE_ITEMS} items, {stored} plays: fit {mine['fit_s']:.1f} s ({mine['cpu_s']:.1f} s of processors)")
    print(f"lists of 10 in {mine['recommend_s']:.1f} s, one user in {mine['one_ms']:.3f} ms, peak memory {mine['peak_mb']:.0f} MiB")
    return {"sparse-ease": measured}, []


def fitting(sides, at_most):
    """What the fit took, and the memory of the whole process."""
    row("fit, seconds", sides[0]["fit_s"], sides[1]["fit_s"], at_most)
    row("fit, cpu seconds", sides[0]["cpu_s"], sides[1]["cpu_s"])
    row("peak memory, MiB", sides[0]["peak_mb"], sides[1]["peak_mb"])


def recommending(sides, at_most=None):
    """What the lists for all users took, in time and in memory beside the model, and what one user alone takes."""
    row("lists of 10, seconds", sides[0]["recommend_s"], sides[1]["recommend_s"], at_most)
    row("lists, cpu seconds", sides[0]["recommend_cpu_s"], sides[1]["recommend_cpu_s"])
    alone("lists, MiB with them", sides[0]["lists_mb"], at_most=200)
    print(f"(radio_rec: one user in {sides[0]['one_ms']:.3f} ms)")


MODELS = {"cosine": compare_cosine, "als": compare_als, "bpr": compare_bpr, "ease": compare_ease, "sparse-ease": sparse_ease}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(MODELS), metavar="LIST", help="what is compared (%(default)s)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="how often each is measured (5)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), metavar="N", help="threads of both sides (all)")
    parser.add_argument("--no-growth", action="store_true", help="leave out the parts of the data")
    parser.add_argument("--weighted", action="store_true", help="with play counts instead of 1 for each play")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measurements to FILE")
    arguments = parser.parse_args()
    if arguments.runs < 1 or arguments.threads < 1:
        parser.error("--runs and --threads must be at least 1")
    models = arguments.models.split(",")
    if unknown := [model for model in models if model not in MODELS]:
        parser.error(f"there is no model {', '.join(unknown)}; there are {', '.join(MODELS)}")
    WORK.mkdir(parents=True, exist_ok=True)
    python = environment(WORK, REQUIREMENTS)
    stems = plays(python, arguments.weighted)
    stored, _ = sizes(stems[-1])
    print(f"{USERS} users x {ITEMS} items, {stored} plays, {arguments.threads} threads, medians of {arguments.runs} in turns")
    everything, wrong = {}, []
    for model in models:
        print(flush=True)
        measured, of_model = MODELS[model](arguments, python, stems)
        everything |= measured
        wrong += of_model
    if arguments.json:
        arguments.json.write_text(json.dumps(everything, indent=1) + "\n")
    print("\n" + ("\n".join(["missed:", *MISSED]) if MISSED else "all targets are met"))
    if wrong:
        sys.exit("error: " + "; ".join(wrong))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

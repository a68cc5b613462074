#!/usr/bin/env python3
"""Times radio_rec's training of the assignment's network against numpy and PyTorch, in turns on the same machine.

    python3 scripts/bench/network.py [--runs N] [--epochs N] [--json FILE]

2 inputs, 4 tanh units, 1 sigmoid output; 2,000 points of two gaussian quantiles; all of them in every epoch, at a rate of 1.2. All
sides begin with the same points and weights and do the same work in an epoch: forward, the cross-entropy, the gradients, the
update, in double precision. Each is a process of its own that times every epoch; the sides take turns, and the medians of the runs' median
epochs are printed with their ratios (radio_rec / the other). numpy and radio_rec may use all processors; PyTorch runs with one thread
and with two. radio_rec is measured as its users build it, and as `cargo test` does (`dev`).

Then all sides train 100 epochs, and the parameters of numpy's and ours must be equal to 1e-10.

The first call makes a virtual environment in target/bench-network (Python 3.11 or newer, PyPI; PyTorch's wheel is large).
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

from peers import ROOT, call, environment, example, figures

WORK = ROOT / "target" / "bench-network"
REQUIREMENTS = Path(__file__).resolve().parent / "network-requirements.txt"
RATE = 1.2

# The scripts that run in the virtual environment: what both begin with, and what both end with.

LOAD = """
import json, statistics, sys, time
start, epochs, rate, threads, end = json.load(open(sys.argv[1])), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
(hidden, output), x, y = start["layers"], start["x"], start["y"]
times = []
"""

REPORT = """
print(f"epoch_us={statistics.median(times) / 1e3:.2f}")
print(f"cost={cost:.12f}")
json.dump({"layers": [{"w": w1.tolist(), "b": b1.tolist()}, {"w": w2.tolist(), "b": b2.tolist()}]}, open(end, "w"))
"""

NUMPY = (
    LOAD
    + """
import numpy as np

x, y = np.array(x), np.array(y)
w1, b1, w2, b2 = (np.array(layer[name]) for layer in (hidden, output) for name in "wb")
m = x.shape[1]
for _ in range(epochs):
    begun = time.perf_counter_ns()
    a1 = np.tanh(w1 @ x + b1)
    a2 = 1 / (1 + np.exp(-(w2 @ a1 + b2)))
    cost = -np.sum(y * np.log(a2) + (1 - y) * np.log(1 - a2)) / m
    dz2 = a2 - y
    dw2 = dz2 @ a1.T / m
    db2 = dz2.sum(axis=1, keepdims=True) / m
    dz1 = (w2.T @ dz2) * (1 - a1 * a1)
    dw1 = dz1 @ x.T / m
    db1 = dz1.sum(axis=1, keepdims=True) / m
    w1 -= rate * dw1
    b1 -= rate * db1
    w2 -= rate * dw2
    b2 -= rate * db2
    times.append(time.perf_counter_ns() - begun)
"""
    + REPORT
)

# Without modules and an optimiser object: on arrays this small, their overhead would be most of the time.
TORCH = (
    LOAD
    + """
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, linear

torch.set_num_threads(threads)
torch.set_default_dtype(torch.float64)
x, y = torch.tensor(x).T.contiguous(), torch.tensor(y).T.contiguous()
parameters = [torch.tensor(numbers) for numbers in (hidden["w"], sum(hidden["b"], []), output["w"], sum(output["b"], []))]
for parameter in parameters:
    parameter.requires_grad_()
w1, b1, w2, b2 = parameters
for _ in range(epochs):
    begun = time.perf_counter_ns()
    loss = binary_cross_entropy_with_logits(linear(torch.tanh(linear(x, w1, b1)), w2, b2), y)
    gradients = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        torch._foreach_add_(parameters, gradients, alpha=-rate)
    cost = loss.item()
    times.append(time.perf_counter_ns() - begun)
b1, b2 = b1.unsqueeze(1), b2.unsqueeze(1)
"""
    + REPORT
)


def largest_difference(one, other):
    """Between the parameters in two files."""
    files = [json.loads((WORK / f"{name}.json").read_text())["layers"] for name in (one, other)]
    pairs = [(mine[name], theirs[name]) for mine, theirs in zip(*files) for name in "wb"]
    return max(abs(a - b) for mine, theirs in pairs for row, others in zip(mine, theirs) for a, b in zip(row, others))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="how often each is measured (5)")
    parser.add_argument("--epochs", type=int, default=5000, metavar="N", help="epochs of a run (5000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measurements to FILE")
    arguments = parser.parse_args()
    if arguments.runs < 1 or arguments.epochs < 1:
        parser.error("--runs and --epochs must be at least 1")
    WORK.mkdir(parents=True, exist_ok=True)
    python = environment(WORK, REQUIREMENTS)
    release, dev = example("train_network"), example("train_network", release=False)
    start = WORK / "start.json"
    call([release, "--epochs", 0, "--write-start", start])

    def ours(program):
        return lambda epochs, name: call([program, "--epochs", epochs, "--rate", RATE, "--write-end", WORK / f"{name}.json"])

    def theirs(script, threads):
        return lambda epochs, name: call([python, "-c", script, start, epochs, RATE, threads, WORK / f"{name}.json"])

    sides = {
        "radio_rec": ours(release),
        "radio_rec (dev)": ours(dev),
        "numpy": theirs(NUMPY, 0),
        "torch, 1 thread": theirs(TORCH, 1),
        "torch, 2 threads": theirs(TORCH, 2),
    }
    measured = {name: [] for name in sides}
    for _ in range(arguments.runs):
        for name, side in sides.items():
            measured[name].append(figures(side(arguments.epochs, name)))
    medians = {name: statistics.median(run["epoch_us"] for run in runs) for name, runs in measured.items()}
    print(f"{arguments.epochs} epochs, medians of {arguments.runs} runs in turns\n")
    print(f"{'':18} {'epoch, us':>10} {'ratio':>8} {'final cost':>16}")
    for name, epoch in medians.items():
        print(f"{name:18} {epoch:10.2f} {medians['radio_rec'] / epoch:8.3f} {measured[name][0]['cost']:16.12f}")
    print(f"\naccuracy {measured['radio_rec'][0]['accuracy']:.4f} (radio_rec's cost is that after the last epoch, the others' before it)")

    for name, side in sides.items():
        side(100, name)
    differences = {name: largest_difference("radio_rec", name) for name in sides if name != "radio_rec"}
    print("parameters after 100 epochs, the largest differences: " + ", ".join(f"{name} {d:.1e}" for name, d in differences.items()))
    if arguments.json:
        arguments.json.write_text(json.dumps({"runs": measured, "differences": differences}, indent=1) + "\n")
    if not max(differences.values()) < 1e-10:
        sys.exit("error: the sides do not learn the same")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

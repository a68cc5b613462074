#!/usr/bin/env python3
"""Writes crates/radio_rec/tests/golden/training.json: what PyTorch says of deep networks, for the Rust tests to agree with.

    pip install torch==2.15.0 numpy==2.4.6
    python3 scripts/golden/training.py

All in double precision, with PyTorch's own layers, losses, gradients (autograd), optimisers and schedules. Samples are rows in PyTorch and
columns here. Everything is drawn from numpy.random.RandomState(1606), whose stream numpy has frozen, so that the file can be made again.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

SEED = 1606
OUT = Path(__file__).resolve().parents[2] / "crates/radio_rec/tests/golden/training.json"
ACTIVATIONS = {
    "Tanh": torch.nn.Tanh,
    "Sigmoid": torch.nn.Sigmoid,
    "Relu": torch.nn.ReLU,
    "Identity": torch.nn.Identity,
    "Softmax": lambda: torch.nn.Softmax(dim=1),
}
torch.set_default_dtype(torch.float64)


def columns(tensor):
    return tensor.detach().numpy().T.tolist()


def loss_of(name, output, z, y):
    """The mean over the samples (rows) of the sum over the outputs."""
    if name == "BinaryCrossEntropy":
        return torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="sum") / len(y)
    if name == "CategoricalCrossEntropy":
        return torch.nn.functional.cross_entropy(z, y, reduction="sum") / len(y)
    return torch.nn.functional.mse_loss(ACTIVATIONS[output]()(z), y, reduction="sum") / (2 * len(y))


class Network:
    """Linear layers with activations; the last activation is part of the loss."""

    def __init__(self, rng, sizes, activations):
        self.activations = activations
        self.linear = [torch.nn.Linear(n_in, n_out) for n_in, n_out in zip(sizes, sizes[1:])]
        for layer in self.linear:
            layer.weight.data = torch.tensor(rng.standard_normal(tuple(layer.weight.shape)) * 0.7)
            layer.bias.data = torch.tensor(rng.standard_normal(tuple(layer.bias.shape)) * 0.3)

    def logits(self, x):
        for layer, activation in zip(self.linear, self.activations[:-1]):
            x = ACTIVATIONS[activation]()(layer(x))
        return self.linear[-1](x)

    def layers(self):
        return [
            {"activation": name, "w": layer.weight.tolist(), "b": layer.bias.tolist()}
            for name, layer in zip(self.activations, self.linear)
        ]


def targets(rng, loss, count, outputs):
    if loss == "BinaryCrossEntropy":
        return torch.tensor(rng.choice([0.0, 1.0, 0.25], size=(count, outputs)))
    if loss == "CategoricalCrossEntropy":
        return torch.nn.functional.one_hot(torch.tensor(rng.randint(outputs, size=count)), outputs).double()
    return torch.tensor(rng.standard_normal((count, outputs)))


def gradient(seed, sizes, activations, loss, count):
    rng = np.random.RandomState(seed)
    network = Network(rng, sizes, activations)
    x = torch.tensor(rng.standard_normal((count, sizes[0])))
    y = targets(rng, loss, count, sizes[-1])
    z = network.logits(x)
    cost = loss_of(loss, activations[-1], z, y)
    cost.backward()
    return {
        "layers": network.layers(),
        "loss": loss,
        "x": columns(x),
        "y": columns(y),
        "outputs": columns(ACTIVATIONS[activations[-1]]()(z)),
        "cost": cost.item(),
        "gradients": [{"w": layer.weight.grad.tolist(), "b": layer.bias.grad.tolist()} for layer in network.linear],
    }


def training(seed, name, rate, weight_decay, schedule, epochs):
    rng = np.random.RandomState(seed)
    network = Network(rng, [2, 4, 3], ["Tanh", "Softmax"])
    start = network.layers()
    x = torch.tensor(rng.standard_normal((20, 2)))
    y = targets(rng, "CategoricalCrossEntropy", 20, 3)
    groups = [
        {"params": [layer.weight for layer in network.linear], "weight_decay": weight_decay},
        {"params": [layer.bias for layer in network.linear]},
    ]
    optimiser = {
        "GradientDescent": lambda: torch.optim.SGD(groups, lr=rate),
        "Momentum": lambda: torch.optim.SGD(groups, lr=rate, momentum=0.9),
        "Adam": lambda: torch.optim.Adam(groups, lr=rate, betas=(0.9, 0.999), eps=1e-8),
    }[name]()
    scheduler = {
        "Constant": lambda: torch.optim.lr_scheduler.ConstantLR(optimiser, factor=1.0),
        "Steps": lambda: torch.optim.lr_scheduler.StepLR(optimiser, step_size=7, gamma=0.5),
        "Exponential": lambda: torch.optim.lr_scheduler.ExponentialLR(optimiser, gamma=0.97),
        "InverseTime": lambda: torch.optim.lr_scheduler.LambdaLR(optimiser, lambda k: 1 / (1 + 0.05 * k)),
        "Cosine": lambda: torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=epochs, eta_min=0.1 * rate),
    }[schedule]()
    costs = []
    for _ in range(epochs):
        optimiser.zero_grad()
        cost = loss_of("CategoricalCrossEntropy", "Softmax", network.logits(x), y)
        cost.backward()
        costs.append(cost.item())
        optimiser.step()
        scheduler.step()
    return {
        "layers": start,
        "x": columns(x),
        "y": columns(y),
        "optimiser": name,
        "rate": rate,
        "l2": weight_decay,
        "schedule": schedule,
        "costs": costs,
        "trained": network.layers(),
    }


def main():
    golden = {
        "recipe": f"scripts/golden/training.py, torch {torch.__version__}, numpy {np.__version__}, RandomState({SEED})",
        "gradients": [
            gradient(SEED, [2, 4, 1], ["Tanh", "Sigmoid"], "BinaryCrossEntropy", 20),
            gradient(SEED + 1, [3, 5, 4, 2], ["Relu", "Tanh", "Sigmoid"], "BinaryCrossEntropy", 33),
            gradient(SEED + 2, [3, 4, 5, 3], ["Sigmoid", "Relu", "Softmax"], "CategoricalCrossEntropy", 33),
            gradient(SEED + 3, [2, 3, 3, 3, 4], ["Identity", "Relu", "Sigmoid", "Softmax"], "CategoricalCrossEntropy", 20),
            gradient(SEED + 4, [4, 3], ["Softmax"], "SquaredError", 20),
            gradient(SEED + 5, [2, 6, 2], ["Relu", "Identity"], "SquaredError", 20),
            gradient(SEED + 6, [2, 3, 2], ["Sigmoid", "Tanh"], "SquaredError", 20),
            gradient(SEED + 7, [2, 3, 2], ["Tanh", "Sigmoid"], "SquaredError", 20),
            gradient(SEED + 8, [1, 3, 2], ["Tanh", "Relu"], "SquaredError", 20),
        ],
        "trainings": [
            training(SEED + 20, "GradientDescent", 0.5, 0.0, "Steps", 30),
            training(SEED + 21, "GradientDescent", 0.5, 0.02, "Constant", 30),
            training(SEED + 22, "Momentum", 0.2, 0.0, "Exponential", 30),
            training(SEED + 23, "Momentum", 0.1, 0.01, "InverseTime", 30),
            training(SEED + 24, "Adam", 0.05, 0.0, "Cosine", 30),
            training(SEED + 25, "Adam", 0.02, 0.01, "Constant", 30),
        ],
    }
    OUT.write_text(json.dumps(golden, separators=(",", ":"), sort_keys=True) + "\n")
    print(f"wrote {OUT.name}, {OUT.stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()

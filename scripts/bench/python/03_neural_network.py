# %% [markdown]
# # Question 3. A neural network with arrays only, in Python
#
# The peer of `notebooks/03_neural_network.ipynb`, a cell for each of its cells, for `scripts/bench/notebooks.py`. The random
# numbers come from another generator here; what must hold for every seed is checked. The class `Network` stands where
# the Rust notebook has its library.

# %%
from copy import copy

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.datasets import make_gaussian_quantiles
from sklearn.model_selection import train_test_split

pd.options.display.width = 160

# %% tags=["parameters"]
samples = 2000
covariance = 0.7
n_h = 4
data_seed = 1606
weight_seed = 2024
learning_rates = [0.0001, 0.01, 1]
iterations = 10
rate = 0.5
epochs = 5000
frames = [750, 900, 1000, 1500, 1650, 1750, 5000]
widths = [1, 2, 3, 4, 5, 6, 8, 16]
wild_rate = 20


# %%
def load_extra_datasets(n, covariance, seed):
    return make_gaussian_quantiles(
        mean=None, cov=covariance, n_samples=n, n_features=2, n_classes=2, shuffle=True, random_state=seed
    )


X, labels = load_extra_datasets(samples, covariance, data_seed)
X, Y = X.T, labels.reshape(1, -1)

# %%
for label, name in enumerate(["class 0 (inner)", "class 1 (outer)"]):
    plt.scatter(*X[:, labels == label], s=8, label=name)
plt.title("Generated Dataset")
plt.xlabel("X1")
plt.ylabel("X2")
plt.legend()
plt.show()

# %% [markdown]
# ## As printed

# %%
n_x = X.shape[0]
n_y = Y.shape[0]
print(n_x, n_y)

# %%
rng = np.random.default_rng(weight_seed)
W1 = rng.standard_normal((n_h, n_x)) * 0.01
b1 = np.zeros((n_h, 1))
W2 = rng.standard_normal((n_y, n_h)) * 0.01
b2 = np.zeros((n_y, 1))
print("W1\n", W1)
print("b1\n", b1)
print("W2\n", W2)
print("b2\n", b2)


# %%
class Network:
    def __init__(self, n_x, n_h, n_y, seed):
        rng = np.random.default_rng(seed)
        self.W1 = rng.standard_normal((n_h, n_x)) * 0.01
        self.b1 = np.zeros((n_h, 1))
        self.W2 = rng.standard_normal((n_y, n_h)) * 0.01
        self.b2 = np.zeros((n_y, 1))

    def forward(self, X):
        Z1 = self.W1 @ X + self.b1
        A1 = np.tanh(Z1)
        Z2 = self.W2 @ A1 + self.b2
        return Z1, A1, Z2, expit(Z2)

    def cost(self, X, Y):
        Z2 = self.forward(X)[2]
        return float(np.mean(np.logaddexp(0, Z2) - Y * Z2))

    def gradients(self, X, Y):
        _, A1, _, A2 = self.forward(X)
        m = X.shape[1]
        dZ2 = A2 - Y
        dZ1 = (self.W2.T @ dZ2) * (1 - A1**2)
        dW1, db1 = dZ1 @ X.T / m, dZ1.mean(axis=1, keepdims=True)
        dW2, db2 = dZ2 @ A1.T / m, dZ2.mean(axis=1, keepdims=True)
        return dZ2, dW1, db1, dW2, db2

    def update(self, gradients, rate):
        _, dW1, db1, dW2, db2 = gradients
        self.W1 = self.W1 - rate * dW1
        self.b1 = self.b1 - rate * db1
        self.W2 = self.W2 - rate * dW2
        self.b2 = self.b2 - rate * db2

    def train(self, X, Y, rate, iterations):
        costs = []
        for _ in range(iterations):
            costs.append(self.cost(X, Y))
            self.update(self.gradients(X, Y), rate)
        costs.append(self.cost(X, Y))
        return costs


def agree(a, b):
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= 1e-14))


def start():
    return Network(n_x, n_h, n_y, weight_seed)


network = start()
equal = all(map(np.array_equal, (W1, b1, W2, b2), (network.W1, network.b1, network.W2, network.b2)))
print(f"equal to the last bit: {equal}")


# %%
def sigmoid(x):
    return 1 / (1 + np.e**-x)


total_cost = -9999

# %%
print(f"agree to 1e-14: {agree(sigmoid(X), expit(X))}")
print(f"sigmoid(0) = {sigmoid(0)}")

# %%
Z1 = np.dot(W1, X) + b1
A1 = np.tanh(Z1)
Z2 = np.dot(W2, A1) + b2
A2 = sigmoid(Z2)
print(b2)

# %%
z1, a1, z2, a2 = network.forward(X)
print(f"Z1 agree to 1e-14: {agree(Z1, z1)}")
print(f"A1 agree to 1e-14: {agree(A1, a1)}")
print(f"Z2 agree to 1e-14: {agree(Z2, z2)}")
print(f"A2 agree to 1e-14: {agree(A2, a2)}")

# %%
old_total_cost = total_cost
cost_function = np.multiply(np.log(A2), Y) + np.multiply(1 - Y, np.log(1 - A2))
total_cost = -np.sum(cost_function) / samples
print(f"cost= {total_cost:.12f}")
print(f"cost delta= {total_cost - old_total_cost:.12f}")

# %%
print(f"agree to 1e-14: {bool(abs(total_cost - network.cost(X, Y)) <= 1e-14)}")
print(f"cost is within 1e-4 of ln 2: {bool(abs(total_cost - np.log(2)) < 1e-4)}")
print(f"delta is 9999 + cost: {bool(total_cost - old_total_cost == 9999 + total_cost)}")

# %%
print(Z1.shape)
print(A1.shape)
print(Z2.shape)
print(A2.shape)
print(cost_function.shape)

# %%
print(f"hidden layer: {Z1.shape == A1.shape == (n_h, samples)}")
print(f"output layer: {Z2.shape == A2.shape == cost_function.shape == (n_y, samples)}")
print(f"library: {(a1.shape, a2.shape) == (A1.shape, A2.shape)}")

# %%
dJdZ2 = A2 - Y
dJdW2 = (1 / samples) * np.dot(dJdZ2, A1.T)
dJdb2 = (1 / samples) * np.sum(dJdZ2, axis=1, keepdims=True)
dJdZ1 = np.multiply(np.dot(W2.T, dJdZ2), 1 - np.power(A1, 2))
dJdW1 = (1 / samples) * np.dot(dJdZ1, X.T)
dJdb1 = (1 / samples) * np.sum(dJdZ1, axis=1, keepdims=True)
print("dJdZ2=", dJdZ2)
print("dJdW2=", dJdW2)
print("dJdb2=", dJdb2)
print("dJdW1=", dJdW1)
print("dJdb1=", dJdb1)

# %%
gradients = network.gradients(X, Y)
for name, own, other in zip(
    ["dJdZ2", "dJdW2", "dJdb2", "dJdW1", "dJdb1"],
    [dJdZ2, dJdW2, dJdb2, dJdW1, dJdb1],
    [gradients[0], gradients[3], gradients[4], gradients[1], gradients[2]],
):
    print(f"{name} agree to 1e-14: {agree(own, other)}")

# %%
nudge = 1e-4
up, down = start(), start()
up.W1[0, 0] += nudge
down.W1[0, 0] -= nudge
slope = (up.cost(X, Y) - down.cost(X, Y)) / (2 * nudge)
print(f"measured slope along W1[0, 0]: {slope:.3e}")
print(f"agrees with dJdW1[0, 0] to 1e-10: {bool(abs(slope - dJdW1[0, 0]) <= 1e-10)}")

# %%
changes = []
for learning_rate in learning_rates:
    b2_old = b2.copy()
    W1 = W1 - learning_rate * dJdW1
    b1 = b1 - learning_rate * dJdb1
    W2 = W2 - learning_rate * dJdW2
    b2 = b2 - learning_rate * dJdb2
    changes.append((b2 - b2_old).item())
    print(f"For learning rate {learning_rate}:")
    print("Delta change in b2:", b2 - b2_old)
    print("b2 before=", b2)
running_sum = sum(changes)

# %%
network = start()
for learning_rate in learning_rates:
    network.update(gradients, learning_rate)
print(f"W1 agree to 1e-14: {agree(W1, network.W1)}")
print(f"b1 agree to 1e-14: {agree(b1, network.b1)}")
print(f"W2 agree to 1e-14: {agree(W2, network.W2)}")
print(f"b2 agree to 1e-14: {agree(b2, network.b2)}")
db2 = dJdb2.item()
rounding = 4 * np.finfo(float).eps * sum(learning_rates) * abs(db2)
products = all(
    abs(change + rate * db2) <= rounding for rate, change in zip(learning_rates, changes)
)
print(f"each change is -rate * db2: {products}")
print(f"b2 is the sum of the changes: {abs(b2.item() - running_sum) <= rounding}")

# %% [markdown]
# ## As asked

# %%
costs, b2s = [], []
for learning_rate in learning_rates:
    network = start()
    cost_path, b2_path = [], []
    for _ in range(iterations):
        b2_path.append(network.b2.item())
        cost_path.append(network.cost(X, Y))
        network.update(network.gradients(X, Y), learning_rate)
    b2_path.append(network.b2.item())
    cost_path.append(network.cost(X, Y))
    costs.append(cost_path)
    b2s.append(b2_path)
print(f"{len(costs)} rates, {iterations} iterations each")

# %%
same_costs = all(
    start().train(X, Y, rate, iterations) == costs[k] for k, rate in enumerate(learning_rates)
)
same_first_step = all(
    abs(b2s[k][1] + rate * db2) <= 1e-14 * rate for k, rate in enumerate(learning_rates)
)
print(f"train gives the same costs: {same_costs}")
print(f"the first change in b2 is -rate * db2: {same_first_step}")

# %%
columns = [f"rate {rate}" for rate in learning_rates]
iteration = pd.RangeIndex(iterations + 1, name="iteration")
pd.DataFrame(np.transpose(costs), index=iteration, columns=columns).map("{:.12f}".format)

# %%
pd.DataFrame(np.transpose(b2s), index=iteration, columns=columns).map("{:.6e}".format)

# %%
asked = [path[-1] - path[0] for path in b2s]
pd.DataFrame(
    {
        "printed: one step": changes,
        "asked: all iterations": asked,
        "asked / printed": np.divide(asked, changes),
        "drop of the cost": [path[0] - path[-1] for path in costs],
    },
    index=pd.Index(learning_rates, name="rate"),
)

# %%
for learning_rate, path in zip(learning_rates, costs):
    plt.plot(range(1, iterations + 1), [path[0] - cost for cost in path[1:]], marker="o", label=f"rate {learning_rate}")
plt.yscale("log")
plt.title("Drop of the cost since the start")
plt.xlabel("iteration")
plt.ylabel("cost at the start - cost")
plt.legend()
plt.show()

# %% [markdown]
# ## Further

# %%
X_train, X_test, labels_train, labels_test = train_test_split(X.T, labels, test_size=0.25, random_state=data_seed)
X_train, X_test = X_train.T, X_test.T
Y_train, Y_test = labels_train.reshape(1, -1), labels_test.reshape(1, -1)
print(f"{Y_train.size} samples to learn from, {Y_test.size} to test on")


# %%
def xavier(n_h):
    network, rng = Network(n_x, n_h, n_y, weight_seed), np.random.default_rng(weight_seed)
    for array in network.W1, network.W2:
        limit = np.sqrt(6 / sum(array.shape))
        array[:] = rng.uniform(-limit, limit, array.shape)
    return network


def measured(network, array, nudge):
    slopes = np.empty_like(array)
    for at, value in np.ndenumerate(array):
        array[at] = value + nudge
        up = network.cost(X_test, Y_test)
        array[at] = value - nudge
        down = network.cost(X_test, Y_test)
        array[at] = value
        slopes[at] = (up - down) / (2 * nudge)
    return slopes


checked = xavier(n_h)
arrays = [checked.W1, checked.b1, checked.W2, checked.b2]
by_propagation = checked.gradients(X_test, Y_test)[1:]
comparison = pd.DataFrame(
    [
        (f"{name}[{i}, {j}]", slope, other[i, j])
        for name, array, slopes in zip(["W1", "b1", "W2", "b2"], arrays, by_propagation)
        for other in [measured(checked, array, nudge)]
        for (i, j), slope in np.ndenumerate(slopes)
    ],
    columns=["parameter", "back-propagation", "measured"],
)
a, b = comparison["back-propagation"], comparison["measured"]
comparison["relative error"] = (a - b).abs() / (a.abs() + b.abs())
print(f"every relative error is below 1e-6: {bool((comparison['relative error'] < 1e-6).all())}")
comparison

# %%
powers = 10.0 ** -np.arange(1, 12)
a = np.concatenate([slopes.ravel() for slopes in by_propagation])
errors = []
for size in powers:
    b = np.concatenate([measured(checked, array, size).ravel() for array in arrays])
    errors.append(np.linalg.norm(a - b) / np.linalg.norm(np.abs(a) + np.abs(b)))
plt.loglog(powers, errors, marker="o")
plt.title("Gradient checking: how small a nudge?")
plt.xlabel("nudge")
plt.ylabel("relative error")
plt.show()


# %%
def fit(network, rates, seen=None, frames=(), until=0.0):
    """An epoch for each of the rates, until the cost is low. Costs and accuracies, and copies of the network after some epochs."""
    W1, b1, W2, b2 = network.W1, network.b1, network.W2, network.b2
    m = X_train.shape[1]
    history, film = [], []
    for epoch, rate in enumerate(rates, start=1):
        A1 = np.tanh(W1 @ X_train + b1)
        Z2 = W2 @ A1 + b2
        row = [np.mean(np.logaddexp(0, Z2) - Y_train * Z2), np.mean((Z2 > 0) == Y_train)]
        dZ2 = (expit(Z2) - Y_train) / m
        dZ1 = (W2.T @ dZ2) * (1 - A1**2)
        W2 = W2 - rate * (dZ2 @ A1.T)
        b2 = b2 - rate * dZ2.sum(axis=1, keepdims=True)
        W1 = W1 - rate * (dZ1 @ X_train.T)
        b1 = b1 - rate * dZ1.sum(axis=1, keepdims=True)
        network.W1, network.b1, network.W2, network.b2 = W1, b1, W2, b2
        if seen is not None:
            row += score(network, *seen)
        if epoch in frames:
            film.append((epoch, copy(network)))
        history.append(row)
        if row[0] < until:
            break
    return np.array(history), film


def score(network, X, Y):
    Z2 = network.forward(X)[2]
    return np.mean(np.logaddexp(0, Z2) - Y * Z2), np.mean((Z2 > 0) == Y)


trained = start()
history, film = fit(trained, np.full(epochs, rate), (X_test, Y_test), frames)
film.insert(0, (0, start()))
scores = {"learned from": score(trained, X_train, Y_train), "has not seen": score(trained, X_test, Y_test)}
print(f"after {epochs} epochs at a rate of {rate}")
for name, (cost, accuracy) in scores.items():
    print(f"samples it {name}:  cost {cost:.4f}, accuracy {accuracy:.4f}")
print(f"at least 95 % on both: {bool(min(accuracy for _, accuracy in scores.values()) >= 0.95)}")

# %%
figure, axes = plt.subplots(1, 2, figsize=(9.6, 4.4))
for k, (ax, title) in enumerate(zip(axes, ["Cost", "Accuracy"])):
    ax.plot(history[:, k], label="learned from")
    ax.plot(history[:, k + 2], label="not seen")
    ax.set_title(title)
    ax.set_xlabel("epoch")
    ax.legend()
plt.show()

# %%
low, high = X_test.min(axis=1) - 0.2, X_test.max(axis=1) + 0.2
plane = np.meshgrid(np.linspace(low[0], high[0], 200), np.linspace(low[1], high[1], 200))
points = np.stack([side.ravel() for side in plane])


def draw_regions(ax, network, title):
    said = network.forward(points)[3].reshape(plane[0].shape)
    ax.contourf(*plane, said, levels=[0, 0.1, 0.3, 0.5, 0.7, 0.9, 1], cmap="coolwarm", alpha=0.5)
    ax.contour(*plane, said, levels=[0.5], colors="black")
    for label in 0, 1:
        ax.scatter(*X_test[:, labels_test == label], s=4)
    ax.set_title(title)


def draw_grid(panels):
    figure, axes = plt.subplots(-(-len(panels) // 4), 4, figsize=(9.8, 6), sharex=True, sharey=True)
    for ax, (title, network) in zip(axes.flat, panels):
        draw_regions(ax, network, title)
    plt.show()


draw_grid([(f"epoch {epoch}", network) for epoch, network in film])

# %%
draw_regions(plt.gca(), trained, f"After {epochs} epochs")
plt.show()

# %%
figure, axes = plt.subplots(1, n_h, figsize=(9.8, 3.6), sharey=True)
for unit, (ax, said) in enumerate(zip(axes, trained.forward(points)[1])):
    said = said.reshape(plane[0].shape)
    shown = ax.contourf(*plane, said, levels=np.linspace(-1, 1, 41), cmap="PuOr")
    ax.contour(*plane, said, levels=[0], colors="black")
    ax.set_title(f"unit {unit}")
figure.colorbar(shown, ax=axes)
plt.show()

# %%
of_hidden = np.hstack([trained.W1, trained.b1, trained.W2.T])
bound = np.abs(of_hidden).max()
plt.imshow(of_hidden, cmap="PuOr", vmin=-bound, vmax=bound)
for (i, j), value in np.ndenumerate(of_hidden):
    plt.text(j, i, f"{value:.2f}", ha="center", va="center")
plt.xticks(range(4), ["W1, X1", "W1, X2", "b1", "W2"])
plt.yticks(range(n_h), [f"unit {unit}" for unit in range(n_h)])
plt.colorbar()
plt.title("The parameters of each hidden unit")
plt.show()


# %%
def epochs_until(costs, bar):
    return int(np.argmax(costs < bar)) if (costs < bar).any() else "never"


def normal(deviations):
    network = start()
    network.W1 = network.W1 * (deviations[0] / 0.01)
    network.W2 = network.W2 * (deviations[1] / 0.01)
    return network


starts = {str(deviation): normal([deviation] * 2) for deviation in (0, 0.001, 0.01, 0.1)}
starts |= {"Xavier": xavier(n_h), "He": normal([np.sqrt(2 / n_x), np.sqrt(2 / n_h)])}
start_costs = {name: fit(network, np.full(epochs, rate), until=0.2)[0][:, 0] for name, network in starts.items()}
pd.DataFrame(
    [(name, epochs_until(costs, 0.6), epochs_until(costs, 0.2)) for name, costs in start_costs.items()],
    columns=["start", "below 0.6 after", "below 0.2 after"],
)

# %%
for name, costs in start_costs.items():
    plt.semilogx(range(1, len(costs) + 1), costs, label=name)
plt.title("The cost from six starts")
plt.xlabel("epoch")
plt.ylabel("cost")
plt.legend()
plt.show()

# %%
of_width = {width: xavier(width) for width in widths}
for network in of_width.values():
    fit(network, np.full(-(-epochs // 4), 2 * rate))
pd.DataFrame(
    [
        (width, width * (n_x + 1 + n_y) + n_y, *score(network, X_train, Y_train), *score(network, X_test, Y_test))
        for width, network in of_width.items()
    ],
    columns=["hidden units", "parameters", "cost", "accuracy", "cost, not seen", "accuracy, not seen"],
)

# %%
draw_grid([(f"{width} hidden", network) for width, network in of_width.items()])

# %%
plans = {f"rate {r}": np.full(epochs, r) for r in learning_rates}
wave = (1 + np.cos(np.pi * np.arange(epochs) / epochs)) / 2
plans[f"rate {max(learning_rates)}, falling"] = max(learning_rates) * wave
plans[f"rate {wild_rate}"] = np.full(epochs, wild_rate)
runs = {f"rate {rate}": (trained, history[:, 0])}
for name, plan in plans.items():
    network = start()
    runs[name] = network, fit(network, plan)[0][:, 0]
rows = []
for name, (network, costs) in runs.items():
    rises = int((np.diff(costs) > 0).sum())
    rows.append((name, costs.min(), int(costs.argmin()), *score(network, X_train, Y_train), rises))
pd.DataFrame(
    rows, columns=["", "lowest cost", "in epoch", "cost at the end", "accuracy", "epochs in which the cost rose"]
)

# %%
figure, axes = plt.subplots(1, 2, figsize=(9.6, 4.4))
*settled, (wild, (_, wild_costs)) = runs.items()
for name, (_, costs) in settled:
    axes[0].semilogy(costs, label=name)
axes[0].set_title("The cost")
axes[0].legend()
axes[1].semilogy(wild_costs[:100])
axes[1].set_title(f"{wild}, the first epochs")
plt.show()

# %%
network = xavier(n_h)
W1, b1, W2, b2 = network.W1, network.b1, network.W2, network.b2
message = f"{epochs} epochs, and all numbers are finite"
with np.errstate(all="ignore"):
    for epoch in range(1, epochs + 1):
        A1 = np.tanh(W1 @ X_train + b1)
        error = W2 @ A1 + b2 - Y_train
        if not np.isfinite(np.sum(error**2)):
            message = f"epoch {epoch}: the cost is not finite"
            break
        dZ2 = error / Y_train.size
        dZ1 = (W2.T @ dZ2) * (1 - A1**2)
        W2, b2 = W2 - wild_rate * (dZ2 @ A1.T), b2 - wild_rate * dZ2.sum(axis=1, keepdims=True)
        W1, b1 = W1 - wild_rate * (dZ1 @ X_train.T), b1 - wild_rate * dZ1.sum(axis=1, keepdims=True)
print(message)

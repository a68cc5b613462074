# %% [markdown]
# # Question 3. A neural network with arrays only, in Python
#
# The peer of `notebooks/03_neural_network.ipynb`, a cell for each of its cells, for `scripts/bench/notebooks.py`. The random
# numbers come from another generator here; what must hold for every seed is checked. The class `Network` stands where
# the Rust notebook has its library.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.datasets import make_gaussian_quantiles

pd.options.display.width = 160

# %% tags=["parameters"]
samples = 2000
n_h = 4
data_seed = 1606
weight_seed = 2024
learning_rates = [0.0001, 0.01, 1]
iterations = 10


# %%
def load_extra_datasets(n, seed):
    return make_gaussian_quantiles(
        mean=None, cov=0.7, n_samples=n, n_features=2, n_classes=2, shuffle=True, random_state=seed
    )


X, labels = load_extra_datasets(samples, data_seed)
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
for rate, path in zip(learning_rates, costs):
    plt.plot(range(1, iterations + 1), [path[0] - cost for cost in path[1:]], marker="o", label=f"rate {rate}")
plt.yscale("log")
plt.title("Drop of the cost since the start")
plt.xlabel("iteration")
plt.ylabel("cost at the start - cost")
plt.legend()
plt.show()

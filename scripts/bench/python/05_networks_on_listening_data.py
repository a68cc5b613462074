# %% [markdown]
# # A network that recommends, in Python
#
# The peer of `notebooks/05_networks_on_listening_data.ipynb`, a cell for each of its cells, for `scripts/bench/notebooks.py`.
# The network is numpy's arithmetic. Which plays are hidden and how networks begin come from another generator here, so the
# numbers differ a little.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

pd.options.display.width = 160

# %% tags=["parameters"]
data = "../data/radio_songs.csv"
movielens = ""
user = 2666
k = 10
share = 0.25
rounds = 5
seed = 1606
width = 32
epochs = 20
rate = 0.03

# %%
if movielens:
    ratings = pd.read_csv(movielens, sep="\t")
    plays = ratings.pivot(index="user_id:token", columns="item_id:token", values="rating:float")
    plays = plays.notna().astype(float)
else:
    print("For MovieLens 100K, run `python3 scripts/fetch-movielens` once, and this notebook with")
    print("`-p movielens ../data/ml-100k/ml-100k.inter -p user 196`.")
    plays = pd.read_csv(data, index_col="user").astype(float)
    plays = plays.loc[(plays != 0).any(axis=1)]
plays

# %%
matrix = plays.to_numpy()
popular = np.argsort(-matrix.sum(axis=0), kind="stable")[:60]
active = np.argsort(-matrix.sum(axis=1), kind="stable")[:100]
plt.imshow(matrix[np.ix_(active, popular)], aspect="auto", interpolation="nearest")
plt.colorbar()
plt.title("Who played what")
plt.xlabel("items, the most popular one first")
plt.ylabel("users, the most active one first")
plt.show()


# %%
def targets(known):
    """A column for each user, items x users: 1 for each item they played."""
    return np.ascontiguousarray(known.T)


def inputs(known):
    """The same, each column of length 1."""
    played = known.sum(axis=1)
    return targets(known) / np.sqrt(np.maximum(played, 1))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def beginner(known, hidden, rng):
    """The weights and biases of a network that knows how popular the items are; `hidden` has (units, whether they bend)."""
    users, items = known.shape
    sizes = [items, *(units for units, _ in hidden), items]
    layers = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        limit = np.sqrt(6 / (n_in + n_out))
        layers += [rng.uniform(-limit, limit, (n_out, n_in)), np.zeros((n_out, 1))]
    listeners = known.sum(axis=0)
    layers[-1][:, 0] = np.log((listeners + 0.5) / (users - listeners + 0.5))
    return layers


def forward(layers, hidden, x):
    """The inputs, the activations of the hidden layers, and the sums of the outputs."""
    activations = [x]
    for at, (_, bends) in enumerate(hidden):
        z = layers[2 * at] @ activations[-1] + layers[2 * at + 1]
        activations.append(np.tanh(z) if bends else z)
    return activations, layers[-2] @ activations[-1] + layers[-1]


def predict(layers, hidden, x):
    return sigmoid(forward(layers, hidden, x)[1])


def cost(z, y):
    return (np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))).sum() / y.shape[1]


untrained = beginner(matrix, [(width, True)], np.random.default_rng(seed))
units = [matrix.shape[1], width, matrix.shape[1]]
parameters = [""] + [untrained[at].size + untrained[at + 1].size for at in (0, 2)]
pd.DataFrame({"layer": ["inputs", "1", "2 (outputs)"], "units": units, "parameters": parameters})


# %%
def recommend(scores, known, n):
    """For each user the n best items that are new to them; scores are users x items."""
    new = np.where(known > 0, -np.inf, scores).round(9)
    return np.argsort(-new, axis=1, kind="stable")[:, :n]


class Autoencoder:
    """A network, and what it says to the users it learned from."""

    def __init__(self, known, layers, hidden):
        self.known, self.layers, self.hidden = known, layers, hidden
        self.scores = predict(layers, hidden, inputs(known)).T

    def recommend_to(self, history, n):
        return recommend(predict(self.layers, self.hidden, inputs(history)).T, history, n)


# %%
def stratified_by_user(known, share, rng):
    """What is learned from, and the share of each user's plays that is hidden."""
    train, test = known.copy(), np.zeros_like(known)
    for row in range(len(known)):
        played = rng.permutation(np.flatnonzero(known[row]))
        hidden = played[int(np.floor((1 - share) * len(played) + 0.5)) :]
        train[row, hidden], test[row, hidden] = 0, known[row, hidden]
    return train, test


def measured(scores, known, hidden, k):
    """Of each user with hidden plays the nDCG, the average precision, the precision and the recall."""
    hits = np.take_along_axis(hidden, recommend(scores, known, k), axis=1) > 0
    relevant = hidden.sum(axis=1)
    places = np.arange(1, k + 1)
    gains = 1 / np.log2(places + 1)
    ideal = np.concatenate([[0], np.cumsum(gains)])[np.minimum(relevant, k).astype(int)]
    with np.errstate(divide="ignore", invalid="ignore"):
        ndcg = (hits * gains).sum(axis=1) / ideal
        average_precision = (hits * np.cumsum(hits, axis=1) / places).sum(axis=1) / relevant
        recall = hits.sum(axis=1) / relevant
    return np.stack([ndcg, average_precision, hits.mean(axis=1), recall], axis=1)[relevant > 0]


def ndcg(scores, known, hidden, k):
    return measured(scores, known, hidden, k)[:, 0].mean()


rng = np.random.default_rng(seed)
parts = [stratified_by_user(matrix, share, rng) for _ in range(rounds)]
first_train, first_test = parts[0]
validation = [stratified_by_user(first_train, share, rng) for _ in range(3)]
part_train, part_test = validation[0]
print(f"{int(first_train.sum())} plays to learn from, {int(first_test.sum())} hidden")
print(f"for validation {int(part_train.sum())} to learn from, {int(part_test.sum())} hidden")


# %%
def train(layers, hidden, x, y, epochs, rate, rng, dropout=0.0, l2=0.0):
    """Full batches and Adam; yields the cost of each epoch, with the network changed in place."""
    moments = [(np.zeros_like(array), np.zeros_like(array)) for array in layers]
    for step in range(1, epochs + 1):
        read = x * (rng.random(x.shape) >= dropout) / (1 - dropout) if dropout else x
        activations, z = forward(layers, hidden, read)
        seen = cost(z, y)
        dz = (sigmoid(z) - y) / y.shape[1]
        gradients = [None] * len(layers)
        for at in reversed(range(len(layers) // 2)):
            gradients[2 * at] = dz @ activations[at].T + l2 * layers[2 * at]
            gradients[2 * at + 1] = dz.sum(axis=1, keepdims=True)
            if at:
                dz = layers[2 * at].T @ dz
                if hidden[at - 1][1]:
                    dz *= 1 - activations[at] ** 2
        for array, gradient, (mean, square) in zip(layers, gradients, moments):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            array -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        yield seen


hidden = [(width, True)]
x, read, whole = inputs(part_train), targets(part_train), targets(first_train)
rng = np.random.default_rng(seed)
network = beginner(part_train, hidden, rng)
costs, of_validation, snapshots = [], [], []
for seen in train(network, hidden, x, read, 4 * epochs, rate, rng):
    costs.append(seen)
    of_validation.append(cost(forward(network, hidden, x)[1], whole))
    snapshots.append([array.copy() for array in network])
of_lists = [ndcg(Autoencoder(part_train, layers, hidden).scores, part_train, part_test, k) for layers in snapshots]
figure, panels = plt.subplots(1, 2, figsize=(9.6, 4.4))
figure.suptitle("The longer, the better?")
places = np.arange(1, 4 * epochs + 1)
panels[0].plot(places, costs, label="training", marker="o", markevery=0.2)
panels[0].plot(places, of_validation, label="validation", marker="^", markevery=0.2)
panels[0].set_title("Cost")
panels[0].legend()
panels[1].plot(places, of_lists, marker="o", markevery=0.2)
panels[1].set_title("nDCG of the lists")
figure.supxlabel("epoch")
plt.show()

# %%
patience, lowest, best_epoch = 10, np.inf, 0
rng = np.random.default_rng(seed)
network = beginner(part_train, hidden, rng)
for epoch, _ in enumerate(train(network, hidden, x, read, 4 * epochs, rate, rng), 1):
    seen = cost(forward(network, hidden, x)[1], whole)
    if seen < lowest:
        lowest, best_epoch, stopped = seen, epoch, [array.copy() for array in network]
    if epoch - best_epoch >= patience:
        break
at_lowest_cost = ndcg(Autoencoder(part_train, stopped, hidden).scores, part_train, part_test, k)
when = [
    ("where the validation cost is lowest", best_epoch, at_lowest_cost),
    ("where the lists are best", 1 + int(np.argmax(of_lists)), max(of_lists)),
    ("never", len(of_lists), of_lists[-1]),
]
pd.DataFrame(when, columns=["when to stop", "epoch", "nDCG"]).round(3)


# %%
def learn(known, recipe, seed):
    """Trains a new network: what it is after every five epochs, and after the last one."""
    hidden, dropout, l2, epochs = recipe
    rng = np.random.default_rng(seed)
    layers, snapshots = beginner(known, hidden, rng), []
    for epoch, _ in enumerate(train(layers, hidden, inputs(known), targets(known), epochs, rate, rng, dropout, l2), 1):
        if epoch % 5 == 0 or epoch == epochs:
            snapshots.append([array.copy() for array in layers])
    return snapshots


def validate(parts, recipe):
    """After 5, 10, 15 and so on epochs, the mean nDCG in validation."""
    of_parts = []
    for number, (known, test) in enumerate(parts):
        models = [Autoencoder(known, layers, recipe[0]) for layers in learn(known, recipe, seed + number)]
        of_parts.append([ndcg(model.scores, known, test, k) for model in models])
    return np.mean(of_parts, axis=0)


# %%
narrow = -(-width // 4)
shapes = {
    f"{narrow} tanh": [(narrow, True)],
    f"{width} tanh": [(width, True)],
    f"{width} linear": [(width, False)],
    f"{width} + {width} tanh": [(width, True), (width, True)],
}
remedies = {
    "none": (0.0, 0.0),
    "dropout": (0.5, 0.0),
    "L2 0.01": (0.0, 0.01),
    "L2 0.03": (0.0, 0.03),
    "L2 0.1": (0.0, 0.1),
}
best, recipes, over_epochs, choice = np.zeros((len(shapes), len(remedies))), {}, {}, []
for row, (name, hidden) in enumerate(shapes.items()):
    highest = 0
    for column, (remedy, (dropout, l2)) in enumerate(remedies.items()):
        means = validate(validation, (hidden, dropout, l2, epochs))
        best[row, column] = means.max()
        if means.max() > highest:
            highest, of_column = means.max(), remedy
            recipes[name] = (hidden, dropout, l2, min(epochs, 5 * (1 + int(means.argmax()))))
        if row == 1:
            over_epochs[remedy] = means
    weights = sum(array.size for array in beginner(matrix, hidden, np.random.default_rng(seed)))
    choice.append((name, weights, of_column, recipes[name][3], highest))
plt.imshow(best)
for row, column in np.ndindex(best.shape):
    plt.text(column, row, f"{best[row, column]:.2f}", ha="center", va="center")
plt.xticks(range(len(remedies)), remedies)
plt.yticks(range(len(shapes)), shapes)
plt.colorbar()
plt.title("nDCG in validation")
plt.xlabel("remedy")
plt.ylabel("hidden units")
plt.show()

# %%
for remedy, means in over_epochs.items():
    plt.plot(np.minimum(epochs, 5 * np.arange(1, len(means) + 1)), means, label=remedy, marker="o")
plt.title(f"{width} tanh units, with each remedy")
plt.xlabel("epoch")
plt.ylabel("nDCG in validation")
plt.legend()
plt.show()

# %%
pd.DataFrame(choice, columns=["network", "weights", "remedy", "epochs", "nDCG"]).round(3)


# %%
def cosines(rows):
    """Of every two rows; 0 on the diagonal and where a row is empty."""
    common = rows @ rows.T
    squares = common.diagonal()
    norms = np.sqrt(np.outer(squares, squares))
    similarity = np.divide(common, norms, out=np.zeros_like(common), where=norms > 0)
    np.fill_diagonal(similarity, 0)
    return similarity


def nearest(similarity, k):
    """Of each row the k largest, and 0 for the rest."""
    order = np.argsort(-similarity.round(12), axis=1, kind="stable")[:, :k]
    kept = np.zeros_like(similarity)
    np.put_along_axis(kept, order, np.take_along_axis(similarity, order, axis=1), axis=1)
    return kept


def item_knn(known, k):
    return known @ nearest(cosines(known.T), k)


def user_knn(known, k):
    return nearest(cosines(known), k) @ known


def ease(known, penalty):
    inverse = np.linalg.inv(known.T @ known + penalty * np.eye(known.shape[1]))
    weights = -inverse / inverse.diagonal()
    np.fill_diagonal(weights, 0)
    return known @ weights


candidates = {"item kNN": (item_knn, [5, 20, 100]), "user kNN": (user_knn, [5, 20, 100]), "EASE": (ease, [3, 30, 300])}
settings, rivals = {}, []
for name, (model, values) in candidates.items():
    results = [np.mean([ndcg(model(known, value), known, test, k) for known, test in validation]) for value in values]
    settings[name] = values[int(np.argmax(results))]
    rivals += [(name, value, result) for value, result in zip(values, results)]
pd.DataFrame(rivals, columns=["model", "k or lambda", "nDCG"]).round(3)

# %%
names = ["popularity", *candidates, *(f"network, {name}" for name in shapes)]
of_rounds, first_models = [], {}
for number, (known, test) in enumerate(parts):
    scores = {"popularity": np.broadcast_to(known.sum(axis=0), known.shape)}
    scores |= {name: model(known, settings[name]) for name, (model, _) in candidates.items()}
    for name, recipe in recipes.items():
        model = Autoencoder(known, learn(known, recipe, seed + number)[-1], recipe[0])
        scores[f"network, {name}"] = model.scores
        if number == 0:
            first_models[f"network, {name}"] = model
    if number == 0:
        first_scores = scores
    of_rounds.append(np.stack([measured(scores[name], known, test, k) for name in names]))
by_user = np.mean(of_rounds, axis=0)  # models x users x metrics
drawn = np.random.default_rng(0).integers(by_user.shape[1], size=(1000, by_user.shape[1]))


def interval(values):
    """The mean over the users, and its bootstrap interval."""
    means = values[drawn].mean(axis=1)
    return values.mean(), *np.quantile(means, [0.025, 0.975])


comparison = {
    name: (*interval(of_model[:, 0]), *of_model[:, 1:].mean(axis=0)) for name, of_model in zip(names, by_user)
}
columns = ["nDCG", "low", "high", "MAP", "precision", "recall"]
comparison = pd.DataFrame.from_dict(comparison, orient="index", columns=columns)
comparison.round(3)

# %%
gains = 100 * (by_user[:, :, 0] - by_user[names.index("EASE"), :, 0])
differences = {name: interval(of_users) for name, of_users in zip(names, gains) if name != "EASE"}
differences = pd.DataFrame.from_dict(differences, orient="index", columns=["nDCG x 100, less EASE's", "low", "high"])
differences.round(2)

# %%
me = plays.index.get_loc(user)
shown = [names[at] for at in (0, 1, 3, 5, 7)]
lists = {name: recommend(first_scores[name], first_train, k)[me] for name in shown}
side_by_side = pd.DataFrame(
    {
        name: [("* " if first_test[me, item] else "") + str(plays.columns[item]) for item in found]
        for name, found in lists.items()
    },
    index=pd.RangeIndex(1, k + 1, name="rank"),
)
side_by_side

# %%
known = np.flatnonzero(first_train[me])
known = known[np.argsort(-first_train[:, known].sum(axis=0), kind="stable")][:3]
histories = np.eye(matrix.shape[1])[known]
answers = first_models[names[5]].recommend_to(histories, 4)
answers = {plays.columns[item]: ", ".join(map(str, plays.columns[found])) for item, found in zip(known, answers)}
pd.DataFrame(answers.items(), columns=["who played only", "should hear"])

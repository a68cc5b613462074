"""RecBole's side of ranking.py: tunes its models on splits that radio_rec wrote, and writes the nDCG@10 of each user. Run by the Python
of a virtual environment of its own, since RecBole needs numpy 1 and pandas 2.

RecBole reads the plays and draws what was not played; its models learn by Adam, as its own trainer has it. Each of the networks is looked
at after every `STEP` epochs: a trial counts as good as the best of these on the validation part, and the model that is measured
learns for as many epochs."""

import logging
import tempfile
from pathlib import Path

import numpy as np
import torch
from recbole.config import Config
from recbole.data.dataset import Dataset
from recbole.data.utils import get_dataloader
from recbole.sampler import Sampler
from recbole.utils import get_model, init_seed

from ranking_splits import SEED, Model, arguments, best, log_uniform, measure

STEP, PATIENCE = 10, 3
# How long each learns at most.
EPOCHS = {"MultiVAE": 200, "LightGCN": 150, "NeuMF": 60}


class Learning:
    """A model that learns from the plays of a matrix."""

    def __init__(self, name, train, setting):
        self.shape = train.shape
        users, items = train.nonzero()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "plays"
            path.mkdir()
            rows = "".join(f"{user}\t{item}\n" for user, item in zip(users, items))
            (path / "plays.train.inter").write_text("user_id:token\titem_id:token\n" + rows)
            fixed = {
                "data_path": folder,
                "benchmark_filename": ["train"],
                "load_col": {"inter": ["user_id", "item_id"]},
                "checkpoint_dir": folder,
                "use_gpu": False,
                "seed": SEED,
            }
            config = Config(model=name, dataset="plays", config_dict=fixed | setting)
            init_seed(SEED, True)
            (dataset,) = Dataset(config).build()
        sampler = Sampler(["train"], [dataset], "uniform").set_phase("train")
        self.batches = get_dataloader(config, "train")(config, dataset, sampler, shuffle=True)
        self.model = get_model(name)(config, dataset)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=config["learning_rate"])
        # Number 0 stands for what is padded.
        self.users, self.items = (dataset.field2id_token[field][1:].astype(int) for field in ("user_id", "item_id"))

    def epoch(self):
        self.model.train()
        for batch in self.batches:
            self.optimizer.zero_grad()
            self.model.calculate_loss(batch).backward()
            self.optimizer.step()

    @torch.no_grad()
    def scores(self):
        """Users x items; nothing learned of an item that nobody played."""
        self.model.eval()
        numbers, items = torch.arange(1, len(self.users) + 1), torch.arange(len(self.items) + 1)
        user, item = self.model.USER_ID, self.model.ITEM_ID
        if type(self.model).__name__ == "NeuMF":
            # It has no scores of all items together.
            of_user = lambda number: {user: number.expand(len(items)), item: items}
            found = np.array([self.model.predict(of_user(number)).numpy() for number in numbers])
        else:
            found = np.asarray(self.model.full_sort_predict({user: numbers}))
        scores = np.full(self.shape, -np.inf)
        scores[np.ix_(self.users, self.items)] = found.reshape(len(numbers), len(items))[:, 1:]
        return scores


def trained(name):
    """Lists by a model that is trained for so many epochs."""

    def lists(train, epochs, **setting):
        learning = Learning(name, train, setting)
        for _ in range(epochs):
            learning.epoch()
        return best(learning.scores(), train)

    return lists


def watched(name):
    """What a setting is worth after as many epochs as are best for it, which it then has."""

    def tried(part, setting):
        learning, found = Learning(name, part.train, setting), []
        for epoch in range(1, EPOCHS[name] + 1):
            learning.epoch()
            if epoch % STEP == 0:
                found.append((part.mean(best(learning.scores(), part.train)), epoch))
                if max(found)[1] + PATIENCE * STEP <= epoch:
                    break
        ndcg, epochs = max(found)
        return ndcg, setting | {"epochs": epochs}

    return tried


def models():
    pick = lambda random, *values: values[random.randint(len(values))]
    return {
        "RecBole EASE": Model(
            lambda random: {"reg_weight": log_uniform(random, 100, 1000)},
            lambda train, **setting: trained("EASE")(train, 0, **setting),
        ),
        "RecBole MultiVAE": Model(
            lambda random: {
                "learning_rate": log_uniform(random, 3e-4, 1e-2),
                "latent_dimension": pick(random, 64, 128, 256),
                "mlp_hidden_size": [pick(random, 300, 600)],
                "dropout_prob": random.uniform(0.3, 0.8),
                "anneal_cap": random.uniform(0.05, 0.5),
                "total_anneal_steps": pick(random, 200, 1000, 5000),
                "train_batch_size": pick(random, 128, 256, 512),
            },
            trained("MultiVAE"),
            watched("MultiVAE"),
        ),
        "RecBole LightGCN": Model(
            lambda random: {
                "learning_rate": log_uniform(random, 1e-3, 3e-2),
                "embedding_size": pick(random, 32, 64),
                "n_layers": pick(random, 1, 2, 3),
                "reg_weight": log_uniform(random, 1e-6, 1e-2),
                "train_batch_size": pick(random, 4096, 16384),
            },
            trained("LightGCN"),
            watched("LightGCN"),
        ),
        "RecBole NeuMF": Model(
            lambda random: {
                "learning_rate": log_uniform(random, 5e-4, 1e-2),
                "mf_embedding_size": pick(random, 16, 32, 64),
                "mlp_embedding_size": pick(random, 16, 32, 64),
                "mlp_hidden_size": pick(random, [64, 32], [128, 64]),
                "dropout_prob": random.uniform(0.0, 0.5),
                "train_neg_sample_args": {"distribution": "uniform", "sample_num": pick(random, 1, 4), "dynamic": False, "alpha": 1.0},
                "train_batch_size": pick(random, 2048, 8192),
            },
            trained("NeuMF"),
            watched("NeuMF"),
        ),
    }


def main():
    given = arguments(__doc__).parse_args()
    logging.disable()
    # The other peers compute beside it.
    torch.set_num_threads(1)
    measure(given, models())


if __name__ == "__main__":
    main()

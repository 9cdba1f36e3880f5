"""RecBole's SASRec, BPR and EASE through its own trainer; runs in its own environment."""

import json
import os
import sys
import tempfile
from logging import getLogger
from pathlib import Path

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.data.interaction import Interaction
from recbole.utils import get_model, get_trainer, init_seed

from benchmarks.fits.next_item import Curve, Histories, Task, answer

FILE = "events"
CHUNK = 30.0
"""Least seconds of training after which it is judged, since an epoch may take longer than all the time there is."""
CARE = 4
"""So many times longer than it was judged it is trained at least, before it is judged again."""
PATIENCE = 20
"""Chunks without anything better that end it."""
SETTINGS = {
    "SASRec": {
        "n_layers": 2,
        "n_heads": 1,
        "hidden_size": 64,
        "inner_size": 256,
        "hidden_dropout_prob": 0.2,
        "attn_dropout_prob": 0.2,
        "loss_type": "CE",
        "MAX_ITEM_LIST_LENGTH": 200,
        "train_neg_sample_args": None,
        "train_batch_size": 2048,
    },
    "BPR": {"embedding_size": 64, "train_batch_size": 2048},
    "EASE": {"reg_weight": 1000.0},
}


class Chunks:
    """The training batches, cut into chunks of equal time; the next goes on with newly shuffled ones."""

    def __init__(self, batches, curve: Curve, seconds: float) -> None:
        self.batches, self.curve, self.chunk = batches, curve, seconds

    def __iter__(self):
        until = self.curve.seconds + self.chunk
        for batch in self.batches:
            yield batch
            if self.curve.seconds >= until:
                return

    def __len__(self) -> int:
        return len(self.batches)

    def __getattr__(self, name: str):
        return getattr(self.batches, name)


def configuration(task: Task, folder: Path) -> Config:
    """RecBole's defaults but for what both sides share."""
    shared = {
        "data_path": str(folder),
        "checkpoint_dir": str(folder / "saved"),
        "USER_ID_FIELD": "user_id",
        "ITEM_ID_FIELD": "item_id",
        "TIME_FIELD": "timestamp",
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "eval_args": {"split": {"RS": [1, 0, 0]}, "order": "TO", "group_by": "user", "mode": "full"},
        "epochs": 1_000_000,
        "stopping_step": 1_000_000,
        "learning_rate": 1e-3,
        "show_progress": False,
        "use_gpu": False,
        "seed": 0,
    }
    return Config(model=task.model, dataset=FILE, config_dict=shared | SETTINGS[task.model])


def write(histories: Histories, folder: Path) -> None:
    """The events of training as RecBole reads them; a place in the sequence is its time."""
    (folder / FILE).mkdir()
    lines = (f"{u}\t{i}\t{t}\n" for t, (u, i) in enumerate(zip(histories.user, histories.item, strict=True)))
    text = "user_id:token\titem_id:token\ttimestamp:float\n" + "".join(lines)
    (folder / FILE / f"{FILE}.inter").write_text(text)


class Scores:
    """Scores of users for all items, in the numbers of the task."""

    def __init__(self, model, dataset, histories: Histories, length: int) -> None:
        self.model, self.length, self.histories = model, length, histories
        self.user = dataset.token2id("user_id", [str(u) for u in range(int(histories.user.max()) + 1)])
        known = np.unique(histories.item)
        self.code = np.full(histories.items, 0)
        self.code[known] = dataset.token2id("item_id", [str(i) for i in known])

    @torch.no_grad()
    def __call__(self, users):
        """float32[R, I]; an item without an event of training is behind all others."""
        self.model.eval()
        found = self.model.full_sort_predict(self._asked(users)).view(len(users), -1).float().numpy()
        scores = found[:, self.code]
        scores[:, self.code == 0] = -1e9
        return scores

    def _asked(self, users) -> Interaction:
        asked = {"user_id": torch.from_numpy(self.user[users])}
        if self.length:
            item = np.zeros((len(users), self.length), np.int64)
            length = np.empty(len(users), np.int64)
            for row, user in enumerate(users):
                last = self.code[self.histories.of(user)][-self.length :]
                item[row, : len(last)], length[row] = last, len(last)
            asked |= {"item_id_list": torch.from_numpy(item), "item_length": torch.from_numpy(length)}
        return Interaction(asked)


def main() -> None:
    """Fit as the settings of the command line say."""
    task = Task(**json.loads(sys.argv[1]))
    # What RecBole saved must load again with a torch that is newer than it.
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
    torch.set_num_threads(task.threads)
    histories = task.load()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(histories, folder)
        os.chdir(folder)  # where it writes its logs
        sys.argv = sys.argv[:1]  # RecBole would read them
        config = configuration(task, folder)
        init_seed(0, True)
        getLogger().setLevel("ERROR")
        dataset = create_dataset(config)
        train, _, _ = data_preparation(config, dataset)
        fit(task, config, train, histories)


def fit(task: Task, config: Config, train, histories: Histories) -> None:
    """Train until time is up, or until nothing is left to improve."""
    curve = Curve(lambda: 0.0, task.minutes)
    model = get_model(task.model)(config, train.dataset)
    length = config["MAX_ITEM_LIST_LENGTH"] if task.model == "SASRec" else 0
    scores = Scores(model, train.dataset, histories, length)
    curve.judge = lambda: histories.ndcg(scores)
    trainer = get_trainer(config["MODEL_TYPE"], task.model)(config, model)
    if task.model == "EASE":
        curve.add()
        answer(curve.points, f"penalty {SETTINGS['EASE']['reg_weight']:g}, fp32")
        return
    seconds = min(CHUNK, 60 * task.minutes / 10)
    best, stale = 0.0, 0
    for number in range(1_000_000):
        trainer._train_epoch(Chunks(train, curve, seconds), number)
        before = curve.judged
        quality = curve.add()
        seconds = max(seconds, CARE * (curve.judged - before))
        print(f"  {curve.points[-1][0]:.0f} s: {quality:.4f}", file=sys.stderr, flush=True)
        best, stale = max(best, quality), 0 if quality > best else stale + 1
        if curve.late or stale >= PATIENCE:
            break
    settings = ", ".join(f"{name} {value}" for name, value in SETTINGS[task.model].items() if value is not None)
    answer(curve.points, f"{settings}, fp32, {curve.points[-1][0]:.0f} s in all")


if __name__ == "__main__":
    main()

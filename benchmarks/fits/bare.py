"""The same arithmetic as the package's in a loop as one writes it by hand: no framework, no batching but slices.

Shapes: N rows, S slots, F fields, D vector size, L history length, E = 2 D.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.encoded import EncodedRows
from benchmarks.film_rows import GENRES, ITEM, LENGTH, REQUEST
from benchmarks.fits.task import ATTENTION, CROSSES, DEEP, DIM, TOP, Task, answer

SINGLES = (*REQUEST, *ITEM)


def perceptron(*units: int) -> nn.Sequential:
    """Layers with ReLU between them and behind the last."""
    return nn.Sequential(*(part for a, b in pairwise(units) for part in (nn.Linear(a, b), nn.ReLU(inplace=True))))


class Bare(nn.Module):
    """DeepFM, DCN or DCN-v2 over S slots of one embedding table, the last GENRES of them a set; or DIN."""

    def __init__(self, model: str, rows: int) -> None:
        super().__init__()
        self.model = model
        self.table = nn.Embedding(rows, DIM, padding_idx=0)
        nn.init.normal_(self.table.weight, std=0.01)
        fields = len(SINGLES) + (2 if model == "din" else 1)
        self.deep = perceptron(fields * DIM, *(TOP if model == "din" else DEEP))
        wide = self.deep[-2].out_features
        if model == "deepfm":
            self.first_order = nn.Embedding(rows, 1, padding_idx=0)
            nn.init.normal_(self.first_order.weight, std=0.01)
        if model == "dcn":
            wide += fields * DIM
            self.cross = nn.Parameter(torch.randn(CROSSES, fields * DIM) * 0.1)
            self.cross_bias = nn.Parameter(torch.zeros(CROSSES, fields * DIM))
        if model == "dcn_v2":
            wide += fields * DIM
            self.crosses = nn.ModuleList(nn.Linear(fields * DIM, fields * DIM) for _ in range(CROSSES))
        if model == "din":
            size = 2 * DIM
            self.query = nn.Linear(size, ATTENTION[0])
            self.key, self.both = (nn.Linear(size, ATTENTION[0], bias=False) for _ in range(2))
            self.score = nn.Sequential(nn.ReLU(inplace=True), perceptron(*ATTENTION), nn.Linear(ATTENTION[1], 1))
        self.top = nn.Linear(wide, 1)

    def forward(self, codes: Tensor) -> Tensor:
        """Logits, float32[N]."""
        vectors = self.table(codes)
        if self.model == "din":
            return self._din(vectors, codes)
        known = (codes[:, -GENRES:] != 0).sum(1, keepdim=True).clamp(min=1)
        genres = vectors[:, -GENRES:].sum(1) / known
        x = torch.cat([vectors[:, :-GENRES], genres.unsqueeze(1)], 1)  # [N, F, D]
        flat = x.flatten(1)
        deep = self.deep(flat)
        if self.model == "deepfm":
            weights = self.first_order(codes).squeeze(2)
            linear = weights[:, :-GENRES].sum(1) + (weights[:, -GENRES:].sum(1, keepdim=True) / known).squeeze(1)
            pairs = 0.5 * (x.sum(1).square() - x.square().sum(1)).sum(1)
            return self.top(deep).squeeze(1) + linear + pairs
        crossed = flat
        if self.model == "dcn":
            for weight, bias in zip(self.cross, self.cross_bias, strict=True):
                crossed = flat * (crossed @ weight).unsqueeze(1) + bias + crossed
        else:
            for layer in self.crosses:
                crossed = flat * layer(crossed) + crossed
        return self.top(torch.cat([deep, crossed], 1)).squeeze(1)

    def _din(self, vectors: Tensor, codes: Tensor) -> Tensor:
        singles, history = vectors[:, : len(SINGLES)], vectors[:, len(SINGLES) :]
        k = torch.cat([history[:, :LENGTH], history[:, LENGTH:]], 2)  # [N, L, E]
        q = singles[:, [SINGLES.index("item"), SINGLES.index("genre")]].flatten(1)
        hidden = self.both(q.unsqueeze(1) * k) + self.query(q).unsqueeze(1) + self.key(k)
        weights = self.score(hidden).squeeze(2) * (codes[:, len(SINGLES) : len(SINGLES) + LENGTH] != 0)
        pooled = (weights.unsqueeze(1) @ k).squeeze(1)
        return self.top(self.deep(torch.cat([singles.flatten(1), pooled], 1))).squeeze(1)


def codes(rows: EncodedRows, model: str) -> tuple[Tensor, int]:
    """Rows of one table for every slot, int64[N, S], and how many the table has."""
    names = list(SINGLES) + (["history_item", "history_genre"] if model == "din" else ["genres"])
    starts, at, slots = {}, 0, []
    for name in names:
        of = name.removeprefix("history_")
        if of not in starts:
            starts[of], at = at, at + rows.sizes[of]
        values = rows.columns[name].reshape(len(rows), -1)
        slots.append(np.where(values == 0, 0, values + starts[of]))
    return torch.from_numpy(np.concatenate(slots, 1).astype(np.int64)), at


def fit(network: Bare, data: Tensor, like: Tensor, parts: list[Tensor], task: Task) -> None:
    """Epochs of Adam, each with a pass over the validation part."""
    adam = torch.optim.Adam(network.parameters(), lr=task.learning_rate, fused=True)
    for _ in range(task.epochs):
        network.train()
        for batch in parts[0][torch.randperm(len(parts[0]))].split(task.batch):
            with torch.autocast("cpu", torch.bfloat16, enabled=task.bf16):
                logits = network(data[batch])
            loss = functional.binary_cross_entropy_with_logits(logits.float(), like[batch])
            adam.zero_grad()
            loss.backward()
            adam.step()
        predict(network, data, parts[1], task)


@torch.no_grad()
def predict(network: Bare, data: Tensor, rows: Tensor, task: Task) -> np.ndarray:
    """Logits of some rows."""
    network.eval()
    with torch.autocast("cpu", torch.bfloat16, enabled=task.bf16):
        return torch.cat([network(data[batch]) for batch in rows.split(task.batch)]).float().numpy()


def main() -> None:
    """Fit as the settings of the command line say."""
    task = Task.read()
    torch.set_num_threads(task.threads)
    torch.manual_seed(0)
    rows = task.load()
    data, size = codes(rows, task.model)
    like = torch.from_numpy(rows.labels[task.target])
    parts = [torch.from_numpy(np.flatnonzero(rows.part == part)) for part in (0, 1, 2)]
    fit(Bare(task.model, size), data, like, [part[: task.batch] for part in parts], task)
    network = Bare(task.model, size)
    answer(
        task,
        len(parts[0]),
        lambda: fit(network, data, like, parts, task),
        lambda: predict(network, data, parts[2], task),
    )


if __name__ == "__main__":
    main()

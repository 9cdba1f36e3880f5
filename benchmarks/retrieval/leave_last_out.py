"""Leave-last-out with full ranking: each user's last event is the test, the one before is validation.

All items that the user has not had are ranked. For the test the validation item belongs to the history, and no model is
trained with it. Shapes: R requests, K places, I items.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.retrieval.clock import MINUTES, Watch, within
from taojin.core.progress import Progress
from taojin.core.stages import Retriever
from taojin.core.units import FOREVER
from taojin.data.dataset import Dataset, TrainView
from taojin.data.sequences import ItemSequences
from taojin.data.split import LeaveLastOut, Part
from taojin.embeddings.embedding import Embedder
from taojin.embeddings.next_item import HoldOut
from taojin.embeddings.towers.events import TwoTowerModel
from taojin.embeddings.towers.sequential import SequenceModel
from taojin.evaluation.alone import Alone
from taojin.evaluation.cases import cases
from taojin.evaluation.metrics import per_request
from taojin.features.attributes import Id
from taojin.features.feature import Column
from taojin.features.past import Recent
from taojin.features.store import Store
from taojin.retrieval.channel import Channel
from taojin.retrieval.vectors import Nearest

PLACES = 20
EVERYBODY = HoldOut(share=1.0, most=FOREVER)
"""The last event of every user, which is validation where the view ends with it."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A data set and the models that are measured on it; another model is another line.

    longest     places of the history
    channels    fitted on the training part
    vectors     learners of vectors that are fitted on the training part
    towers      learners that keep each user's last event to stop by: they see validation as that
    """

    source: ItemSequences
    folder: str
    longest: int
    channels: Mapping[str, Channel]
    vectors: Mapping[str, Embedder]
    towers: Mapping[str, TwoTowerModel | SequenceModel]

    @property
    def names(self) -> tuple[str, ...]:
        """Of all models."""
        return (*self.channels, *self.vectors, *self.towers)


def run(table: Table, data: Path, only: str | None, final: bool) -> dict[str, dict[str, float]]:
    """Figures of each model, on the validation part or on the test part."""
    if only is not None and only not in table.names:
        raise SystemExit(f"retrieval: no model {only!r}; there are {', '.join(table.names)}")
    dataset = table.source.load(data / table.folder)
    return {model: measure(model, table, dataset, final) for model in ([only] if only else table.names)}


def measure(
    name: str, table: Table, dataset: Dataset, final: bool, watch: Watch | None = None, minutes: float = MINUTES
) -> dict[str, float]:
    """Fit a model and judge it."""
    watch = watch or Watch()
    parts = LeaveLastOut().assign(dataset.log, dataset.clock)
    stops_by_itself = name in table.towers
    # A tower's last events are kept out of what it learns, whoever looks at the view.
    view = dataset.view(parts != Part.TEST if stops_by_itself else parts == Part.TRAIN)
    columns = features(view, table.longest)
    start = time.perf_counter()
    retriever = fit(name, table, view, columns, watch, minutes)
    seconds = time.perf_counter() - start
    judged = cases(dataset, parts, Part.TEST if final else Part.VALID, dataset.kinds.bits("like"), min_past=1)
    alone = Alone(retriever=retriever, store=Store(columns), had=dataset.kinds.all, items=dataset.n_items)
    lists = alone.recommend(judged.requests, PLACES)
    values = per_request(lists.item, judged.offsets, judged.item, (10, PLACES))
    figures = {key: float(values[key].mean()) for key in ("ndcg@10", "hr@10", "recall@20")}
    print(f"{name}: {figures}, {seconds:.0f} s", flush=True)
    return {**figures, "seconds": round(seconds, 1), **watch.figures(seconds)}


def features(view: TrainView, longest: int) -> Mapping[str, Column]:
    """What the models may read: who asks, and the last items."""
    columns: dict[str, Column] = {}
    for feature in (
        Id(name="user", entity="user"),
        Id(name="item"),
        Recent(name="history", event="like", length=longest),
    ):
        columns[feature.name] = feature.fit(view, columns)
    return columns


def fit(
    name: str, table: Table, view: TrainView, columns: Mapping[str, Column], progress: Progress, minutes: float
) -> Retriever:
    """What answers requests."""
    seed = 0
    if name in table.channels:
        return table.channels[name].fit(view, {}, seed=seed)
    spec = table.vectors[name] if name in table.vectors else replace(table.towers[name], held=EVERYBODY)
    embedding = within(spec, minutes).fit(view, columns, seed=seed, progress=progress)
    return Nearest(name).fit(view, {name: embedding}, seed=seed)

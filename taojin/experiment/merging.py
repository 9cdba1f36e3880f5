"""What a scene's merge is learned from: what its channels bring to the validation requests."""

from dataclasses import replace

import numpy as np

from taojin.core.events import look_up
from taojin.core.stages import Retriever
from taojin.data.dataset import TrainView
from taojin.data.split import Part
from taojin.experiment.fit import Divided, assemble
from taojin.features.store import Store
from taojin.retrieval.channel import TimedChannel
from taojin.retrieval.serve.merging import Merge
from taojin.scene import Experiment, Scene

MOST = 1_000
"""Validation requests that are asked, drawn at random."""


def fit_merge(
    experiment: Experiment,
    scene: Scene,
    divided: Divided,
    view: TrainView,
    store: Store,
    channels: dict[str, Retriever],
) -> Merge:
    """The merge of a scene; one that learns sees validation, in which its channels have learned nothing.

    store       answers for any time
    channels    fitted on the training split
    """
    if isinstance(scene.merge, Merge):
        return scene.merge
    moments = divided.moments(Part.VALID, view.kinds.bits(*scene.consumed))
    random = np.random.default_rng(experiment.seed)
    some = np.sort(random.permutation(len(moments.requests))[:MOST])
    requests = moments.requests[some]
    moving = {
        name: spec.as_of(view, requests.time)
        for name, (spec, _) in scene.retrieval.items()
        if isinstance(spec, TimedChannel)
    }
    plain = replace(scene, preranking=None, ranking=None, reranking=())
    proposed = assemble(plain, view, store, {**channels, **moving}, {}).run(requests)["rules"]
    items = view.n_items
    liked = moments.happened.any(view.kinds.bits(experiment.positive)).astype(np.uint8)
    found = look_up(
        moments.request * items + moments.item, liked, some[proposed.request] * items + proposed.item, absent=0
    )
    return scene.merge.fit(proposed, found != 0)

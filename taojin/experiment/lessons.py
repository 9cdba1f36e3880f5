"""The rows that an experiment's rankers learn from and are judged on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from taojin.core.progress import Progress
from taojin.core.stages import FeatureStore
from taojin.data.dataset import TrainView
from taojin.data.kinds import Kinds
from taojin.data.sampling import Sampling
from taojin.data.split import Part
from taojin.embeddings.embedding import Embedding
from taojin.experiment.exposures import aged, draw_exposures, late_exposures, thinned
from taojin.experiment.fit import Divided, assemble, fit_channels, fit_embeddings, with_vectors
from taojin.experiment.samples import Drawn, Moments, draw, forget, joined, late_moments
from taojin.features.attributes import Id
from taojin.features.snapshot import TRAINING
from taojin.features.store import Store
from taojin.features.training_only import OBSERVED, Hidden
from taojin.nn.samples import Samples
from taojin.nn.warm import within
from taojin.pipeline import Pipeline
from taojin.preranking.distilled import Distilled
from taojin.scene import Experiment


@dataclass(frozen=True)
class Lessons:
    """What the experiment's rankers learn from and are chosen on.

    vectors     the embeddings that rankers read as features, as they were when the rows were drawn; a ranker must be
                served with the same, since another fit turns the axes
    starts      the embeddings that rankers begin with, as they were then
    served      the validation rows as they would be served, where features know more of what was observed
    crowd       all that the channels propose at some of the moments, for training and validation, where a model is
                taught by another; None otherwise
    """

    train: Samples
    valid: Samples
    vectors: dict[str, Embedding]
    starts: dict[str, Embedding]
    served: Samples | None = None
    crowd: tuple[Samples, Samples] | None = None


def draw_lessons(
    experiment: Experiment, divided: Divided, store: Store, embeddings: Mapping[str, Embedding], progress: Progress
) -> Lessons:
    """Training rows of the late part of training, from what saw only what came earlier; validation rows.

    What feeds a ranker must not know the ranker's labels: channels that had been fitted on the late events would
    propose what was liked there, and the ranker would trust them more than it should.
    """
    view, sampling = divided.view, experiment.sampling
    scene = experiment.scenes[sampling.scene]
    ranked_by = [name for name in sampled_features(experiment) if name in experiment.embeddings]
    taught = [model for model in experiment.models.values() if isinstance(model, Distilled)]
    asks = bool(sampling.requests or taught)
    channels = [name for spec, _ in scene.retrieval.values() for name in spec.embeddings if asks]
    starts = [name for model in experiment.models.values() for name in model.starts]
    early = view.early(1 - sampling.late)
    wanted = dict.fromkeys([*channels, *ranked_by, *starts])
    with within("early"):  # what the serving fits have left knows the labels
        early_embeddings = fit_embeddings(experiment, early, store, wanted, progress)
    vectors = {name: early_embeddings[name] for name in ranked_by}
    store = with_vectors(store, vectors)
    drawn = _draw_late(experiment, view, early, store, early_embeddings)
    drawn = aged(thinned(drawn, sampling, experiment.seed), sampling)
    judged = divided.moments(Part.VALID, view.kinds.bits(*scene.consumed))
    if not (divided.part == Part.VALID).any():
        raise ValueError(
            "ranking: expected validation rows, got none; take a larger validation share, and look whether users' "
            "events lie at different times"
        )
    asked = proposing(experiment, view, store, embeddings, judged) if asks else None
    answering = asked if sampling.requests else None

    def validation(marks: tuple[str, ...]) -> Samples:
        moments = judged.marked(*marks)
        return draw_judged(experiment, divided, Part.VALID, moments, store, answering, sampling, marks).samples

    hides = any(isinstance(store.columns[name], Hidden) for name in sampled_features(experiment))
    ids = tuple(feature.name for feature in experiment.features if isinstance(feature, Id))
    crowd = None
    if taught and asked is not None:
        most = max(model.requests for model in taught)
        late = late_moments(view, replace(sampling, requests=1), consumed=asked.consumed, seed=experiment.seed)
        early_asked = proposing(experiment, early, store, early_embeddings, late)
        crowd = (
            forget(_crowd(experiment, early_asked, late.marked(TRAINING), most, view.kinds), ids, experiment.seed),
            _crowd(experiment, asked, judged, math.ceil(most / VALIDATED), view.kinds),
        )
    return Lessons(
        forget(drawn.samples, ids, experiment.seed),
        validation((OBSERVED,)),
        vectors,
        {name: early_embeddings[name] for name in starts},
        validation(()) if hides else None,
        crowd,
    )


VALIDATED = 5
"""For so many training moments at which a teacher is asked, one of validation."""


def _crowd(experiment: Experiment, asked: Pipeline, moments: Moments, most: int, kinds: Kinds) -> Samples:
    """All that the channels propose at some of the moments, drawn at random, as it would be served."""
    if len(moments.requests) > most:
        chosen = np.random.default_rng(experiment.seed).permutation(len(moments.requests))[:most]
        moments = moments.of_requests(np.sort(chosen))
    sampling = replace(experiment.sampling, proposed=asked.items, unproposed=False, random=0)
    names = sampled_features(experiment)
    return draw(asked, moments, sampling, kinds, names=names, seed=experiment.seed).samples


def _draw_late(
    experiment: Experiment, view: TrainView, early: TrainView, store: Store, embeddings: Mapping[str, Embedding]
) -> Drawn:
    """Rows of the late part of training: what channels of the early part propose, what was shown."""
    sampling, names, seed = experiment.sampling, sampled_features(experiment), experiment.seed
    parts = []
    if sampling.requests:
        consumed = view.kinds.bits(*experiment.scenes[sampling.scene].consumed)
        moments = late_moments(view, sampling, consumed=consumed, seed=seed)
        if len(moments.requests):
            asked = proposing(experiment, early, store, embeddings, moments)
            parts.append(draw(asked, moments, sampling, view.kinds, names=names, seed=seed))
    if sampling.exposed is not None:
        at = late_exposures(view.log, sampling, view.kinds)
        parts.append(draw_exposures(store, view.log, at, sampling, view.kinds, names=names, marks=(TRAINING, OBSERVED)))
    if not any(len(part.samples) for part in parts):
        raise ValueError(
            f"sampling of {experiment.name!r}: no training row; the late {sampling.late:.0%} of users' training events "
            "hold nothing to learn from, or nothing lies before them; take another `late`"
        )
    return joined(parts)


def proposing(
    experiment: Experiment, view: TrainView, store: Store, embeddings: Mapping[str, Embedding], moments: Moments
) -> Pipeline:
    """The funnel up to the rules, of the scene whose channels propose what rankers learn from, at these moments."""
    scene = replace(experiment.scenes[experiment.sampling.scene], preranking=None, ranking=None, reranking=())
    channels = fit_channels(scene, view, embeddings, seed=experiment.seed, times=moments.requests.time)
    return assemble(scene, view, store, channels, {})


def draw_judged(
    experiment: Experiment,
    divided: Divided,
    which: Part,
    moments: Moments,
    store: FeatureStore,
    asked: Pipeline | None,
    sampling: Sampling,
    marks: tuple[str, ...] = (),
) -> Drawn:
    """Rows of a part: what channels propose at its moments, and what was shown in it.

    store   answers as of any time of the part
    asked   the channels that propose; None: nobody is asked
    marks   how the moments' rows are marked, and those of what was shown
    """
    dataset, names, seed = divided.dataset, sampled_features(experiment), experiment.seed + 1
    kinds: Kinds = dataset.kinds
    parts = []
    if asked is not None:
        parts.append(draw(asked, moments, sampling, kinds, names=names, seed=seed))
    if sampling.exposed is not None:
        shown = dataset.log.events.matching(kinds.bits(sampling.exposed)).position
        at = shown[divided.part[shown] == which]
        parts.append(draw_exposures(store, dataset.log, at, sampling, kinds, names=names, marks=marks))
    return joined(parts)


def sampled_features(experiment: Experiment) -> tuple[str, ...]:
    """Names of the features, and of the embeddings, that any ranker reads."""
    models = experiment.models.values()
    everything = any(not model.features and not model.embeddings for model in models)
    declared = [feature.name for feature in experiment.features] if everything else []
    return tuple(dict.fromkeys([*declared, *(name for model in models for name in model.features)]))

"""gensim's Word2Vec over the items of each user; runs in its own environment."""

import json
import sys

import numpy as np
from gensim.models import Word2Vec
from gensim.models.callbacks import CallbackAny2Vec

from benchmarks.fits.next_item import Curve, Histories, Task, answer


class Judge(CallbackAny2Vec):
    """Judges the vectors after each epoch."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve

    def on_epoch_end(self, model: Word2Vec) -> None:
        self.curve.judge = lambda: quality(model, histories, decay)
        self.curve.add()


def quality(model: Word2Vec, histories: Histories, decay: float) -> float:
    """NDCG@10 by the inner product with the decayed mean of a history."""
    vectors = np.zeros((histories.items, model.vector_size), np.float32)
    known = [int(word) for word in model.wv.index_to_key]
    vectors[known] = model.wv.vectors
    dead = np.flatnonzero(~vectors.any(1))

    def score(users):
        found = np.stack([mean(vectors[histories.of(user)], decay) for user in users]) @ vectors.T
        found[:, dead] = -1e9
        return found

    return histories.ndcg(score)


def mean(vectors, decay: float):
    """Weighted sum, the last heaviest."""
    return decay ** np.arange(len(vectors))[::-1] @ vectors


if __name__ == "__main__":
    task = Task(**json.loads(sys.argv[1]))
    histories = task.load()
    given = dict(task.settings)
    decay = given.pop("decay")
    edges = np.flatnonzero(np.diff(histories.user)) + 1
    sentences = [list(map(str, items)) for items in np.split(histories.item, edges)]
    curve = Curve(lambda: 0.0, task.minutes)
    # As ours, it draws negatives and reads every place.
    given |= {"sg": 1, "min_count": 1, "sample": 0}
    Word2Vec(sentences, workers=task.threads, seed=0, callbacks=[Judge(curve)], **given)
    answer(curve.points, "{epochs} epochs, {vector_size} dimensions, window {window}, fp32".format(**given))

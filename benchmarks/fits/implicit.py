"""implicit's ALS and item neighbours; runs in its own environment."""

import json
import sys

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from scipy import sparse

from benchmarks.fits.next_item import Curve, Histories, Task, answer


def likes(histories: Histories) -> sparse.csr_matrix:
    """1 where a user has an event with an item, float32[U, I]."""
    cells = (np.ones(len(histories.user), np.float32), (histories.user, histories.item))
    matrix = sparse.csr_matrix(cells, shape=(int(histories.user.max()) + 1, histories.items))
    matrix.data[:] = 1
    return matrix


def main() -> None:
    """Fit as the settings of the command line say."""
    task = Task(**json.loads(sys.argv[1]))
    histories = task.load()
    matrix = likes(histories)
    fit(task, histories, matrix)


def fit(task: Task, histories: Histories, matrix: sparse.csr_matrix) -> None:
    """One model."""
    given = dict(task.settings)
    if task.model == "als":
        iterations = int(given.pop("iterations"))
        model = AlternatingLeastSquares(iterations=iterations, num_threads=task.threads, random_state=0, **given)
        curve = Curve(
            lambda: histories.ndcg(lambda users: model.user_factors[users] @ model.item_factors.T), task.minutes
        )
        model.fit(matrix, show_progress=False, callback=lambda *_: curve.add())
        answer(curve.points, f"{iterations} iterations, {model.factors} factors, fp32")
        return
    kind = {"cosine": CosineRecommender, "bm25": BM25Recommender}[task.model]
    model = kind(K=int(given.pop("neighbours")), num_threads=task.threads, **given)
    curve = Curve(lambda: histories.ndcg(lambda users: (matrix[users] @ model.similarity).toarray()), task.minutes)
    model.fit(matrix, show_progress=False)
    curve.add()
    answer(curve.points, f"{task.settings['neighbours']:g} neighbours, fp64")


if __name__ == "__main__":
    main()

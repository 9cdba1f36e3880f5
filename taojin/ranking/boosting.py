"""Gradient boosting by LightGBM or XGBoost: rows in, a forest out that needs neither to be served.

LightGBM: Ke et al., NeurIPS 2017, https://papers.nips.cc/paper/6907-lightgbm. XGBoost: Chen and Guestrin, KDD 2016,
https://doi.org/10.1145/2939672.2939785

Shapes: N rows, R requests, C columns.
"""

import json
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any, Literal

import numpy as np

from taojin.core.bounds import Bound, Count, NotNegative, Portion, Positive, Whole, bounded
from taojin.core.units import Floats, Ints, Mask
from taojin.ranking.forest import Forest, lightgbm_forest, xgboost_forest

Learns = Literal["probability", "order"]
Library = Literal["lightgbm", "xgboost"]
CURVE = 4
"""Rows that weigh as much as one to XGBoost, whose second derivatives of a log loss are a quarter at most."""


@dataclass(frozen=True)
class LabelledRows:
    """Rows that have a task's label, by request.

    columns float32[N, C]
    weight  float32[N]
    group   int64[R]        rows of each request
    codes   the columns that hold categories
    """

    columns: Floats
    label: Floats
    weight: Floats
    group: Ints
    codes: list[int]

    def halves(self, seed: int) -> tuple["LabelledRows", "LabelledRows"]:
        """The rows of one half of the requests, drawn at random, and those of the other."""
        chosen = np.random.default_rng(seed).permutation(len(self.group)) * 2 < len(self.group)
        return self._of(chosen), self._of(~chosen)

    def _of(self, requests: Mask) -> "LabelledRows":
        rows = np.repeat(requests, self.group)
        return LabelledRows(self.columns[rows], self.label[rows], self.weight[rows], self.group[requests], self.codes)


@dataclass(frozen=True, kw_only=True)
class Boosting:
    """How trees are grown.

    trees           at most so many
    leaves          of a tree, at most
    learning_rate   what each tree counts
    at_least        rows of a leaf; XGBoost counts those nearly decided for less
    columns         share of the columns that a tree may ask
    l2              penalty of the leaves' values
    patience        stop after so many trees without a better value on validation
    threads         0: all cores
    library         "lightgbm" (the extra `trees`) or "xgboost" (package `xgboost`, or `xgboost-cpu`)
    """

    trees: Count = 500
    leaves: Annotated[int, Bound(low=2, high=131_072, whole=True)] = 63
    learning_rate: Positive = 0.05
    at_least: Count = 20
    columns: Portion = 0.8
    l2: NotNegative = 1.0
    patience: Count = 30
    threads: Whole = 0
    library: Library = "lightgbm"

    def __post_init__(self) -> None:
        bounded(self)

    def loaded(self) -> Any:
        """The library. Raises ValueError where it is not installed."""
        try:
            return import_module(self.library)
        except ImportError as error:
            package = {"lightgbm": '"taojin[trees]"', "xgboost": "xgboost"}[self.library]
            raise ValueError(f"trees: {self.library} is not installed; pip install {package}") from error

    def grow(self, learned: LabelledRows, judged: LabelledRows, learns: Learns, seed: int) -> Forest:
        """Trees until validation is no longer better."""
        grow = {"lightgbm": _lightgbm, "xgboost": _xgboost}[self.library]
        return grow(self.loaded(), self, learned, judged, learns, seed)


LIGHTGBM = {"probability": ("cross_entropy", "cross_entropy"), "order": ("lambdarank", "ndcg")}
"""What LightGBM is told, and what it stops by; its "binary" would round labels between 0 and 1.

NDCG is that of whole lists, as XGBoost's. By LightGBM's first five places, of which the first to stand still ends the
training, a forest stopped at a third of its trees.
"""
XGBOOST = {"probability": ("binary:logistic", "logloss"), "order": ("rank:ndcg", "ndcg")}


def _lightgbm(
    library: Any, of: Boosting, learned: LabelledRows, judged: LabelledRows, learns: Learns, seed: int
) -> Forest:
    def dataset(rows: LabelledRows, reference: Any = None) -> Any:
        return library.Dataset(
            rows.columns,
            rows.label,
            weight=rows.weight,
            group=rows.group,
            categorical_feature=rows.codes,
            reference=reference,
            free_raw_data=False,
        )

    objective, metric = LIGHTGBM[learns]
    parameters: dict[str, Any] = {
        "objective": objective, "metric": metric, "eval_at": [int(judged.group.max())],
        "num_leaves": of.leaves, "learning_rate": of.learning_rate, "min_data_in_leaf": of.at_least,
        "feature_fraction": of.columns, "lambda_l2": of.l2,
        "num_threads": of.threads, "seed": seed, "deterministic": True, "force_row_wise": True,
        "use_missing": False, "verbosity": -1,
    }  # fmt: skip
    train = dataset(learned)
    booster = library.train(
        parameters,
        train,
        num_boost_round=of.trees,
        valid_sets=[dataset(judged, reference=train)],
        callbacks=[library.early_stopping(of.patience, verbose=False)],
    )
    return lightgbm_forest(booster.dump_model(num_iteration=booster.best_iteration or -1))


def _xgboost(
    library: Any, of: Boosting, learned: LabelledRows, judged: LabelledRows, learns: Learns, seed: int
) -> Forest:
    def matrix(rows: LabelledRows) -> Any:
        kinds = np.full(rows.columns.shape[1], "float", object)
        kinds[rows.codes] = "c"
        options = {"feature_types": kinds.tolist(), "enable_categorical": True, "nthread": of.threads}
        if learns == "probability":
            return library.DMatrix(rows.columns, rows.label, weight=rows.weight, **options)
        # Weights are those of the lists.
        weight = np.add.reduceat(rows.weight, np.cumsum(rows.group) - rows.group) / rows.group
        return library.DMatrix(rows.columns, rows.label, weight=weight, group=rows.group, **options)

    objective, metric = XGBOOST[learns]
    parameters = {
        "objective": objective, "eval_metric": metric, "max_leaves": of.leaves, "max_depth": 0,
        "grow_policy": "lossguide", "learning_rate": of.learning_rate, "min_child_weight": of.at_least / CURVE,
        "colsample_bytree": of.columns, "lambda": of.l2, "nthread": of.threads, "seed": seed, "verbosity": 0,
    }  # fmt: skip
    booster = library.train(
        parameters,
        matrix(learned),
        num_boost_round=of.trees,
        evals=[(matrix(judged), "valid")],
        early_stopping_rounds=of.patience,
        verbose_eval=False,
    )
    return xgboost_forest(json.loads(booster[: booster.best_iteration + 1].save_raw("json")))

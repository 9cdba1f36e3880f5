"""Boosted trees of LightGBM and XGBoost, as the nodes of one ONNX operator.

The operator is TreeEnsemble of ai.onnx.ml 5, https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

AT_MOST, BELOW, MEMBER = 0, 1, 6
"""Modes of a node: the value is at most its split; it is below; it is one of its members."""
SURE = 1e-7
"""How near to 0 or 1 a share of positives may be."""


@dataclass
class Forest:
    """The nodes of several trees as the operator wants them: inner nodes and leaves apart, all trees behind each other.

    root    of each tree, among the inner nodes
    tree    of each leaf
    value   of each leaf
    """

    column: list[int] = field(default_factory=list)
    mode: list[int] = field(default_factory=list)
    split: list[np.float32] = field(default_factory=list)
    member: list[float] = field(default_factory=list)
    then: list[tuple[int, bool]] = field(default_factory=list)
    other: list[tuple[int, bool]] = field(default_factory=list)
    root: list[int] = field(default_factory=list)
    tree: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)

    def inner(self, mode: int, column: int, split: np.float32) -> int:
        """A node whose children are yet to come."""
        self.mode.append(mode)
        self.column.append(column)
        self.split.append(split)
        self.then.append((0, True))
        self.other.append((0, True))
        return len(self.mode) - 1

    def leaf(self, tree: int, value: float) -> tuple[int, bool]:
        """A leaf as a child."""
        self.tree.append(tree)
        self.value.append(value)
        return len(self.value) - 1, True

    def stump(self, value: float) -> None:
        """A tree without a split, which asks something that changes nothing."""
        self.root.append(len(self.column))
        at = self.inner(AT_MOST, 0, np.float32(0))
        self.then[at] = self.other[at] = self.leaf(len(self.root) - 1, value)


def lightgbm_forest(dump: dict[str, Any]) -> Forest:
    """From what LightGBM's `dump_model` gives."""
    forest = Forest()
    for tree in dump["tree_info"]:
        _add_lightgbm(forest, tree["tree_structure"])
    return forest


def _add_lightgbm(forest: Forest, top: dict[str, Any]) -> None:
    if "leaf_value" in top:
        forest.stump(top["leaf_value"])
        return
    forest.root.append(len(forest.column))
    waiting = [(top, _ask(forest, top))]
    while waiting:
        node, at = waiting.pop()
        for side, child in ((forest.then, node["left_child"]), (forest.other, node["right_child"])):
            if "leaf_value" in child:
                side[at] = forest.leaf(len(forest.root) - 1, child["leaf_value"])
            else:
                place = _ask(forest, child)
                side[at] = (place, False)
                waiting.append((child, place))


def _ask(forest: Forest, node: dict[str, Any]) -> int:
    if node["decision_type"] == "==":
        forest.member += [*map(float, str(node["threshold"]).split("||")), np.nan]
        return forest.inner(MEMBER, node["split_feature"], np.float32(np.nan))
    assert node["decision_type"] == "<=", f"a split of LightGBM that is not known: {node['decision_type']}"
    # The largest float32 that is not above: it divides float32 values as the double does.
    split = np.float32(node["threshold"])
    split = np.nextafter(split, np.float32(-np.inf)) if float(split) > node["threshold"] else split
    return forest.inner(AT_MOST, node["split_feature"], split)


def xgboost_forest(saved: dict[str, Any]) -> Forest:
    """From what XGBoost's `save_raw("json")` gives; what all rows begin with is a tree of its own.

    https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
    """
    learner, forest = saved["learner"], Forest()
    for tree in learner["gradient_booster"]["model"]["trees"]:
        if tree["left_children"][0] < 0:
            forest.stump(tree["split_conditions"][0])
        else:
            _add_xgboost(forest, tree)
    base = float(learner["learner_model_param"]["base_score"].strip("[]"))
    if learner["objective"]["name"] == "binary:logistic":
        share = np.clip(base, SURE, 1 - SURE)
        base = float(np.log(share / (1 - share)))
    forest.stump(base)
    return forest


def _add_xgboost(forest: Forest, tree: dict[str, Any]) -> None:
    """One tree; left goes what is below the split, or what is no member of the categories."""
    forest.root.append(len(forest.column))
    sets = zip(tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True)
    members = {node: tree["categories"][start : start + size] for node, start, size in sets}
    left, right = tree["left_children"], tree["right_children"]
    # Inner nodes stand in the order of the tree, the first one at its root.
    place = {node: len(forest.column) + n for n, node in enumerate(n for n, child in enumerate(left) if child >= 0)}

    def child(node: int) -> tuple[int, bool]:
        if node in place:
            return place[node], False
        return forest.leaf(len(forest.root) - 1, tree["split_conditions"][node])

    for node in place:
        if node in members:
            forest.member += [*map(float, members[node]), np.nan]
            at = forest.inner(MEMBER, tree["split_indices"][node], np.float32(np.nan))
            forest.then[at], forest.other[at] = child(right[node]), child(left[node])
        else:
            at = forest.inner(BELOW, tree["split_indices"][node], np.float32(tree["split_conditions"][node]))
            forest.then[at], forest.other[at] = child(left[node]), child(right[node])

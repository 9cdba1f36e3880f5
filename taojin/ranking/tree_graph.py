"""Trees of LightGBM as an ONNX graph, so that what serves needs ONNX Runtime alone.

The operator is TreeEnsemble of ai.onnx.ml 5, https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html

Shapes: N rows, C columns, B trees, M inner nodes, L leaves.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from taojin.core.units import Floats, Ints

AT_MOST, MEMBER = 0, 6
"""Modes of a node: the value is at most its split; the value is one of its members."""
IR, OPSET, ML_OPSET = 10, 17, 5
SUM = 1


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

    @classmethod
    def of(cls, dump: dict[str, Any]) -> "Forest":
        """From what LightGBM's `dump_model` gives."""
        forest = cls()
        for number, tree in enumerate(dump["tree_info"]):
            forest._add_tree(number, tree["tree_structure"])
        return forest

    def _add_tree(self, number: int, top: dict[str, Any]) -> None:
        self.root.append(len(self.column))
        if "leaf_value" in top:  # a tree without a split asks something that changes nothing
            self._inner(AT_MOST, 0, np.float32(0))
            self.then[-1] = self.other[-1] = self._leaf(number, top["leaf_value"])
            return
        waiting = [(top, self._ask(top))]
        while waiting:
            node, at = waiting.pop()
            for side, child in ((self.then, node["left_child"]), (self.other, node["right_child"])):
                if "leaf_value" in child:
                    side[at] = self._leaf(number, child["leaf_value"])
                else:
                    place = self._ask(child)
                    side[at] = (place, False)
                    waiting.append((child, place))

    def _ask(self, node: dict[str, Any]) -> int:
        if node["decision_type"] == "==":
            self.member += [*map(float, str(node["threshold"]).split("||")), np.nan]
            return self._inner(MEMBER, node["split_feature"], np.float32(np.nan))
        assert node["decision_type"] == "<=", f"a split of LightGBM that is not known: {node['decision_type']}"
        # The largest float32 that is not above: it divides float32 values as the double does.
        split = np.float32(node["threshold"])
        split = np.nextafter(split, np.float32(-np.inf)) if float(split) > node["threshold"] else split
        return self._inner(AT_MOST, node["split_feature"], split)

    def _inner(self, mode: int, column: int, split: np.float32) -> int:
        self.mode.append(mode)
        self.column.append(column)
        self.split.append(split)
        self.then.append((0, True))
        self.other.append((0, True))
        return len(self.mode) - 1

    def _leaf(self, tree: int, value: float) -> tuple[int, bool]:
        self.tree.append(tree)
        self.value.append(value)
        return len(self.value) - 1, True


def score_graph(forest: Forest) -> bytes:
    """1 ÷ (1 + exp(-sum of the trees' values)), float32[N, 1]."""
    every = np.zeros(len(forest.value), np.int64)
    node = _ensemble(forest, every, np.array(forest.value, np.float32), targets=1)
    return _model([node, helper.make_node("Sigmoid", ["sums"], ["probability"])], [])


def leaf_graph(forest: Forest, weight: Floats, bias: float) -> bytes:
    """1 ÷ (1 + exp(-(the sum of the weights of the leaves that a row falls into + bias))), float32[N, 1].

    weight  float32[L]
    """
    nodes = [
        *_numbers(forest),
        helper.make_node("Gather", ["weight", "leaf"], ["found"]),
        helper.make_node("ReduceSum", ["found", "trees"], ["total"], keepdims=1),
        helper.make_node("Add", ["total", "bias"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["probability"]),
    ]
    constants = {"weight": weight.astype(np.float32), "bias": np.array([bias], np.float32), "trees": np.array([1])}
    return _model(nodes, [numpy_helper.from_array(values, name) for name, values in constants.items()])


def numbers_graph(forest: Forest) -> bytes:
    """The number of the leaf of each tree into which a row falls, int64[N, B]."""
    return _model(_numbers(forest), [], output=("leaf", TensorProto.INT64))


def _numbers(forest: Forest) -> list[onnx.NodeProto]:
    # Each tree has a target of its own, to which its one leaf adds its number: exact up to 16 million leaves.
    leaf = np.arange(len(forest.value), dtype=np.float32)
    ensemble = _ensemble(forest, np.array(forest.tree), leaf, targets=len(forest.root))
    return [ensemble, helper.make_node("Cast", ["sums"], ["leaf"], to=TensorProto.INT64)]


def _ensemble(forest: Forest, target: Ints, weight: Floats, *, targets: int) -> onnx.NodeProto:
    def tensor(values: Any, kind: type[np.generic]) -> onnx.TensorProto:
        return numpy_helper.from_array(np.asarray(values, kind))

    optional = {"membership_values": tensor(forest.member, np.float32)} if forest.member else {}
    return helper.make_node(
        "TreeEnsemble",
        ["columns"],
        ["sums"],
        domain="ai.onnx.ml",
        n_targets=targets,
        aggregate_function=SUM,
        post_transform=0,
        tree_roots=forest.root,
        nodes_featureids=forest.column,
        nodes_modes=tensor(forest.mode, np.uint8),
        nodes_splits=tensor(forest.split, np.float32),
        nodes_truenodeids=[at for at, _ in forest.then],
        nodes_trueleafs=[int(leaf) for _, leaf in forest.then],
        nodes_falsenodeids=[at for at, _ in forest.other],
        nodes_falseleafs=[int(leaf) for _, leaf in forest.other],
        leaf_targetids=target.tolist(),
        leaf_weights=tensor(weight, np.float32),
        **optional,
    )


def _model(
    nodes: list[onnx.NodeProto],
    constants: list[onnx.TensorProto],
    output: tuple[str, int] = ("probability", TensorProto.FLOAT),
) -> bytes:
    columns = helper.make_tensor_value_info("columns", TensorProto.FLOAT, ["rows", "columns"])
    found = helper.make_tensor_value_info(*output, ["rows", "outputs"])
    graph = helper.make_graph(nodes, "trees", [columns], [found], constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    content: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=IR).SerializeToString()
    return content

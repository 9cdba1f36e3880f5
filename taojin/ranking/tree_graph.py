"""Boosted trees as an ONNX graph, so that what serves needs ONNX Runtime alone.

The operator is TreeEnsemble of ai.onnx.ml 5, https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html

Shapes: N rows, C columns, B trees, M inner nodes, L leaves.
"""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from taojin.core.units import Floats, Ints
from taojin.ranking.forest import Forest

IR, OPSET, ML_OPSET = 10, 17, 5
SUM = 1


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

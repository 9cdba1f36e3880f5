"""Formulas over the predictions of several tasks, written as text and read without running it.

    0.5 * click + like - 2 * hate
    click * (0.2 + watch_ratio) ** 0.5 + log1p(odds(watch_time))
    0.1 * view + ["add-to-cart"]            a task whose name is no word stands in brackets and quotes

Shapes: N candidates.
"""

import ast
import math
import operator
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from keyword import iskeyword
from numbers import Real
from typing import Any

import numpy as np

from taojin.core.hint import did_you_mean
from taojin.core.units import Floats

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
NEAREST = np.float32(1e-6)
"""How near to 1 a probability may be where odds are taken."""
LARGEST = float(np.finfo(np.float32).max)
TRIED = np.linspace(0.001, 0.999, 21, dtype=np.float32)
"""Predictions at which a formula must be a number somewhere."""
MOST = 2_000
"""Letters of a formula."""
FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "log": (1, np.log),
    "log1p": (1, np.log1p),
    "exp": (1, np.exp),
    "sqrt": (1, np.sqrt),
    "min": (2, np.minimum),
    "max": (2, np.maximum),
    "odds": (1, lambda p: p / np.maximum(1 - p, NEAREST)),
}
"""Functions by name, with how many arguments they take."""


@dataclass(frozen=True)
class Formula:
    """Numbers, names of tasks, + - * / **, brackets and FUNCTIONS.

    >>> value = Formula("click * (1 + 2 * like)")
    >>> value.names
    ('click', 'like')
    >>> value({"click": np.array([0.5, 1.0]), "like": np.array([0.5, 0.0])})
    array([1., 1.], dtype=float32)
    """

    text: str

    def __post_init__(self) -> None:
        if len(self.text) > MOST:
            raise self._refused(f"it is {len(self.text):,} letters long, of {MOST:,} at most")
        try:
            self._check(self._tree)
        except RecursionError as error:
            raise self._refused("its brackets and signs are too deep") from error

    @classmethod
    def weighted(cls, weights: Mapping[str, float]) -> "Formula":
        """The sum of the predictions, each times its weight.

        >>> Formula.weighted({"like": 1.0, "hate": -2.0}).text
        '1.0 * like + -2.0 * hate'
        """
        for task, weight in weights.items():
            if isinstance(weight, bool) or not isinstance(weight, Real) or not math.isfinite(weight):
                raise ValueError(f"value: weight of {task!r}: expected a finite number; got {weight!r}")
        return cls(" + ".join(f"{float(weight)!r} * {_word(task)}" for task, weight in weights.items()))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tasks it reads, in their order."""
        found: list[str] = []
        self._collect(self._tree, found)
        return tuple(dict.fromkeys(found))

    def __call__(self, predictions: Mapping[str, Floats]) -> Floats:
        """The value of each candidate, float32[N]; what is not finite is for the caller to refuse."""
        for name in self.names:
            if name not in predictions:
                raise ValueError(f"value: no task {name!r}; the ranker predicts {', '.join(predictions)}")
        with np.errstate(all="ignore"):
            value = np.asarray(self._value(self._tree, predictions), np.float32)
        return np.broadcast_to(value, next(iter(predictions.values())).shape)

    def check(self, tasks: Collection[str], where: str) -> None:
        """Refuse names that are no task, and what is no number whatever the predictions."""
        for name in self.names:
            if name not in tasks:
                raise ValueError(f"{where}: task {name!r} is not declared; {did_you_mean(name, tasks)}")
        if not np.isfinite(self({name: TRIED for name in self.names or ("",)})).any():
            raise ValueError(f"{where}: value {self.text!r} is no finite number for any prediction")

    @cached_property
    def _tree(self) -> ast.expr:
        try:
            return ast.parse(self.text.strip(), mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise self._refused(f"{self.text!r} does not read as one") from error
        except (RecursionError, MemoryError) as error:
            raise self._refused("its brackets and signs are too deep") from error

    def _check(self, node: ast.expr) -> None:
        match node:
            case ast.BinOp(left, op, right) if type(op) in OPERATORS:
                self._check(left)
                self._check(right)
            case ast.UnaryOp(op, operand) if type(op) in OPERATORS:
                self._check(operand)
            case ast.Call(ast.Name(name), parts, []) if name in FUNCTIONS:
                wanted = FUNCTIONS[name][0]
                if len(parts) != wanted:
                    raise self._refused(f"{name} takes {wanted} of them, got {len(parts)} in {self.text!r}")
                for part in parts:
                    self._check(part)
            case ast.Name() | ast.List([ast.Constant(str())]):
                return
            case ast.Constant(int() | float() as number) if not isinstance(number, bool):
                if not abs(number) <= LARGEST:
                    raise self._refused(f"{ast.unparse(node)} is too large")
            case _:
                raise self._refused(f"{ast.unparse(node)!r} is none of them")

    def _collect(self, node: ast.AST, found: list[str]) -> None:
        match node:
            case ast.Call(_, parts):
                for argument in parts:
                    self._collect(argument, found)
            case ast.Name(name) | ast.List([ast.Constant(str() as name)]):
                found.append(name)
            case _:
                for part in ast.iter_child_nodes(node):
                    self._collect(part, found)

    def _refused(self, what: str) -> ValueError:
        return ValueError(
            f"value: expected a formula of numbers, tasks, + - * / **, brackets and {', '.join(FUNCTIONS)}; {what}"
        )

    def _value(self, node: ast.expr, predictions: Mapping[str, Floats]) -> Any:
        match node:
            case ast.BinOp(left, op, right):
                return OPERATORS[type(op)](self._value(left, predictions), self._value(right, predictions))
            case ast.UnaryOp(op, operand):
                return OPERATORS[type(op)](self._value(operand, predictions))
            case ast.Call(ast.Name(name), parts):
                return FUNCTIONS[name][1](*(self._value(part, predictions) for part in parts))
            case ast.Name(name) | ast.List([ast.Constant(str() as name)]):
                return predictions[name]
            case ast.Constant(int() | float() as number):
                # Not a Python float: with one, 1 / 0 would raise.
                return np.float32(number)
        raise AssertionError(f"checked when it was made: {ast.dump(node)}")


def _word(task: str) -> str:
    """A task as a formula reads it: as it is where Python reads the same name back, otherwise in brackets.

    >>> _word("like"), _word("add-to-cart"), _word("class")
    ('like', "['add-to-cart']", "['class']")
    """
    # Python takes names that look alike, such as a fullwidth letter and a plain one, for the same.
    plain = task.isidentifier() and not iskeyword(task) and unicodedata.normalize("NFKC", task) == task
    return task if plain else f"[{task!r}]"

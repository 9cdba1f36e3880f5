"""The zoo as a table: every model with its parts and its source."""

import ast
import inspect
from dataclasses import fields, is_dataclass
from itertools import pairwise
from types import ModuleType
from typing import Any

from taojin.ranking.model import RankingModel
from taojin.ranking.trees import Trees


def listing(zoo: ModuleType) -> str:
    """A line per model of a module: name, parts, the first line of what stands below it.

    >>> from taojin.ranking import zoo
    >>> print(listing(zoo).splitlines()[0])
    LR                      Linear(), no shared vectors
    """
    models = {name: value for name, value in vars(zoo).items() if isinstance(value, RankingModel | Trees)}
    sources = _sources(zoo)
    lines = [f"{name:23} {parts(model)}\n{'':23} {sources[name]}" for name, model in models.items()]
    return "\n".join(lines) + "\n"


def parts(model: RankingModel | Trees) -> str:
    """Interests, crosses and head of a model, where they are not the usual ones.

    >>> from taojin.ranking.zoo import DIN
    >>> parts(DIN)
    'TargetAttention() -> MLP((200, 80))'
    """
    if isinstance(model, Trees):
        return _call(model)
    crosses = " + ".join(map(_call, model.crosses))
    interests = " + ".join(map(_call, model.interests))
    text = f"{interests} -> {crosses}" if interests else crosses
    head = _call(model.head)
    text += f" -> {head}" if head != "Single()" else ""
    text += "" if model.dim else ", no shared vectors"
    text += f", of {', '.join(model.features)}" if model.features else ""
    return text + (f", begins with the vectors of {parts(model.start)}" if model.start else "")


def _call(spec: Any) -> str:
    """How a part was made: what is not left at its default."""
    if isinstance(spec, tuple):
        inner = ", ".join(map(_call, spec))
        return f"({inner},)" if len(spec) == 1 else f"({inner})"
    if not is_dataclass(spec):
        return repr(spec)
    said, named = [], False
    for field in fields(spec):
        value = getattr(spec, field.name)
        if value == field.default:
            named = True  # what follows a part that is left out needs its name
        else:
            said.append(f"{field.name}={_call(value)}" if named or field.kw_only else _call(value))
    return f"{type(spec).__name__}({', '.join(said)})"


def _sources(zoo: ModuleType) -> dict[str, str]:
    """The text that follows each assignment, as one line."""
    body = ast.parse(inspect.getsource(zoo)).body
    found = {}
    for node, after in pairwise(body):
        if isinstance(node, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            assert isinstance(node.targets[0], ast.Name), "a model has one name"
            found[node.targets[0].id] = " ".join(str(after.value.value).split())
    return found

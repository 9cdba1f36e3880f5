"""A plan as files: a recipe in Python, short and commented, and a page on what to do with it."""

import json
import os
import shlex
import shutil
from keyword import iskeyword
from pathlib import Path

from taojin.data.columns import Time, Unit
from taojin.start.attributes import Attribute
from taojin.start.happened import Happened
from taojin.start.plan import Plan, Table, consumed
from taojin.start.sniff import Sniffed

ALIKE = 20_000
"""Items up to which each is compared with all others by its words."""
LINE = 110
"""Letters of a line of the recipe, its indent left out."""


def recipe(plan: Plan) -> str:
    """The recipe, a module with one function named after the plan."""
    happened = plan.happened
    files = "\n".join(
        [
            "DATA = Files(",
            f"    name={_written(plan.name)},",
            f"    root={_written(str(plan.root))},  # `--data DIR` names another folder",
            f"    events={_indented(_events(plan))},",
            *(
                f"    {name}={_indented(_entities(plan, table, key))},"
                for name, table, key in (("items", plan.items, "item"), ("users", plan.users, "user"))
                if table.source is not None
            ),
            f"    kinds={_written(happened.kinds, indent=4)},",
            *([f"    labels=({_labels(happened)},),"] if happened.labels else []),
            *(
                ["    clock=Clock.ORDER,  # the log has no times: the order of its rows counts"]
                if plan.time is None
                else []
            ),
            "    unreadable=0.05,  # this share of a file's rows may be unreadable; each is counted and told",
            ")",
        ]
    )
    known = "\n".join(["KNOWN = Known(", *(f"    {name}={value}," for name, value in _known(plan)), ")"])
    light = ", light=True" if plan.small else ""
    return f'''"""{plan.name}: guessed by `taojin new` from {plan.place(plan.events)}. Change what is wrong.

docs/recipes.md tells what a recipe may hold; `taojin.recipes.own` is what this one is made of.
"""

{_imports(files)}
{files}

{known}


def {function(plan.name)}() -> Experiment:
    """Channels, rankers and scenes for this data."""
    return own({_written(plan.name)}, DATA, KNOWN{light})
'''


def page(plan: Plan, file: str) -> str:
    """A README for the recipe."""
    run = shlex.quote(f"runs/{plan.name}")
    lines = [f"    {line}" for line in str(plan).splitlines()]
    again = (
        f"Users come back for the same items ({plan.again:.0%} of the events are a repetition), so what they have had "
        "may be shown again."
        if not consumed(plan)
        else "What a user has had is not shown again."
    )
    return f"""# {plan.name}

A recommender for the data in `{plan.root}`, written by `taojin new`.

```sh
{training(plan.name, file)}
taojin evaluate {run}
taojin serve {run}
```

What the files were taken for, and why:

{chr(10).join(lines)}

It learns to bring about **{plan.happened.positive}** (`success` in the recipe). {again}
Whatever is wrong here is changed in `{file}`.
"""


def training(name: str, file: str) -> str:
    """The command that trains the recipe in a file, as a shell takes it.

    >>> training("my shop", "my shop/recipe.py")
    "taojin train 'my shop/recipe.py:my_shop' --out 'runs/my shop'"
    """
    return f"taojin train {shlex.quote(f'{file}:{function(name)}')} --out {shlex.quote(f'runs/{name}')}"


def function(name: str) -> str:
    """A name of Python for the recipe's function.

    >>> function("my-shop 2"), function("own"), function("淘金")
    ('my_shop_2', 'recipe_own', 'recipe')
    """
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name).lower().strip("_")
    # Of what the recipe imports and defines, only `own` is in small letters.
    good = plain[:1].isalpha() and not iskeyword(plain) and plain != "own"
    return plain if good else f"recipe_{plain}".rstrip("_")


def _events(plan: Plan) -> str:
    happened = plan.happened
    columns = [
        f'"user": Id({_written(plan.user)})',
        f'"item": Id({_written(plan.item)})',
        *([f'"time": {_time(plan.time)}'] if plan.time is not None else []),
        *([f'"event": Text({_written(happened.event)})'] if happened.event else []),
        *([f'"value": Number({_written(happened.value)})'] if happened.value else []),
    ]
    more = []
    if happened.base:
        more.append(f'always={{"event": {_written(happened.base)}}}')
    if happened.flags:
        pairs = [f"{_written(column)}: {_written(kind)}" for column, kind in happened.flags.items()]
        more.append("flags={\n" + "".join(f"        {pair},\n" for pair in pairs) + "    }")
    return _table(plan, plan.events, columns, more)


def _entities(plan: Plan, table: Table, key: str) -> str:
    assert table.source is not None, "asked only of tables that stand somewhere"
    columns = [
        f'"{key}": Id({_written(table.id)})',
        *(f"{_written(one.name)}: {_column(one)}" for one in table.attributes),
    ]
    return _table(plan, table.source, columns, ["first=True"] if table.first else [])


def _table(plan: Plan, source: Sniffed, columns: list[str], more: list[str]) -> str:
    """The text of a TableFile."""
    format = source.format
    if format is not None:
        told = [
            f"{name}={_written(value)}"
            for name, value, usual in (
                ("delimiter", format.delimiter, ","),
                ("encoding", format.encoding, "utf-8"),
                ("quote", format.quote, '"'),
                ("missing", format.missing, ("",)),
                ("header", format.header, ()),
            )
            if value != usual
        ]
        more += [f"format=Format({', '.join(told)})"] if told else []
    inner = "".join(f"        {column},\n" for column in columns)
    rest = "".join(f"    {one},\n" for one in more)
    return f"TableFile(\n    {_written(plan.place(source))},\n    {{\n{inner}    }},\n{rest})"


def _column(attribute: Attribute) -> str:
    match attribute.kind:
        case "list":
            separator = "" if attribute.separator == "|" else f", {_written(attribute.separator)}"
            return f"Words({_written(attribute.column)}{separator})"
        case "number" | "price":
            return f"Number({_written(attribute.column)})"
        case "date":
            assert attribute.moments is not None, "a date has a way to be read"
            return _time(attribute.moments)
    return f"Text({_written(attribute.column)})"


def _time(time: Time) -> str:
    if time.pattern:
        return f"Time({_written(time.source)}, pattern={_written(time.pattern)})"
    units = {Unit.MILLISECONDS: "MILLISECONDS", Unit.MICROSECONDS: "MICROSECONDS", Unit.ISO: "ISO"}
    return (
        f"Time({_written(time.source)}, unit=Unit.{units[time.unit]})"
        if time.unit in units
        else f"Time({_written(time.source)})"
    )


def _labels(happened: Happened) -> str:
    parts = []
    for label in happened.labels:
        low = f", at_least={_written(label.at_least)}" if label.at_least > -1e300 else ""
        high = f", at_most={_written(label.at_most)}" if label.at_most < 1e300 else ""
        parts.append(f"Label({_written(label.name)}, {_written(label.event)}{low}{high})")
    return ", ".join(parts)


def _known(plan: Plan) -> list[tuple[str, str]]:
    """The fields of Known that say something."""
    happened, items, users = plan.happened, plan.items, plan.users
    dates = items.of("date")
    found: list[tuple[str, object]] = [
        ("events", happened.kinds),
        ("success", happened.positive),
        ("interest", happened.interest),
        ("consumed", consumed(plan)),
        ("valued", happened.valued if happened.role == "rating" else None),
        ("words", tuple(one.name for one in items.of("category"))),
        ("lists", tuple(one.name for one in items.of("list"))),
        ("numbers", tuple(one.name for one in items.of("price", "number"))),
        ("described", tuple(one.name for one in items.of("category", "list")) if plan.catalogue <= ALIKE else ()),
        ("texts", tuple(one.name for one in items.of("title", "text")) if plan.catalogue <= ALIKE else ()),
        ("released", dates[0].name if dates and plan.time is not None else None),
        ("people", tuple(one.name for one in users.of("list", "category"))),
        ("ages", tuple(one.name for one in users.of("number", "price"))),
        ("clock", plan.time is not None),
    ]
    return [(name, _written(value, indent=4)) for name, value in found if value not in ((), None, True)]


def _written(value: object, indent: int = 0) -> str:
    """A value as Python, text in double quotes; a tuple too long for a line with a part on each.

    >>> print(_written(("a", "it's")))
    ("a", "it's")
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value, tuple):
        return repr(value)
    parts = [_written(part) for part in value]
    short = f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    if len(short) <= LINE:
        return short
    inner, outer = " " * (indent + 4), " " * indent
    return "(\n" + "".join(f"{inner}{part},\n" for part in parts) + f"{outer})"


def _imports(text: str) -> str:
    """What the files of a recipe name, imported."""
    columns = [
        name for name in ("Id", "Number", "Text", "Time", "Unit", "Words") if f"{name}(" in text or f"{name}." in text
    ]
    lines = [f"from taojin.data.columns import {', '.join(columns)}"]
    lines += ["from taojin.data.dataset import Clock"] if "Clock." in text else []
    lines += ["from taojin.data.delimited import Format"] if "Format(" in text else []
    lines += ["from taojin.data.files import Files, TableFile"]
    lines += ["from taojin.data.kinds import Label"] if "Label(" in text else []
    lines += ["from taojin.recipes.own import Known, own", "from taojin.scene import Experiment"]
    return "\n".join(lines) + "\n"


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def write(plan: Plan, folder: Path) -> Path:
    """Write recipe and page beside a new folder, then move them there in one step; the path of the recipe."""
    if folder.name in ("", "..") or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise ValueError(f"{folder}: exists already; choose another name, or remove it")
    building = folder.with_name(f".{folder.name}.{os.getpid()}.building")
    file = folder / "recipe.py"
    try:
        building.mkdir(parents=True)
        (building / file.name).write_text(recipe(plan), encoding="utf-8")
        (building / "README.md").write_text(page(plan, str(file)), encoding="utf-8")
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return file

"""A small shop whose files a test spoils, and the installed command to give them to."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECIPE = """
from dataclasses import replace

from taojin.data.columns import Id, Number, Text, Time, Unit, Words
from taojin.data.files import Files, TableFile
from taojin.data.split import UserTimeSplit
from taojin.features.attributes import Attribute, Id as Row
from taojin.features.past import Past, Recent
from taojin.nn.training import Training
from taojin.ranking import zoo
from taojin.data.sampling import Sampling
from taojin.retrieval.item_cf import ItemCF
from taojin.retrieval.popular import Popular
from taojin.scene import Experiment, Scene


def shop():
    data = Files(
        name="shop",
        root="{root}",
        events=TableFile(
            "events.csv",
            {{
                "user": Id("user"),
                "item": Id("item"),
                "time": Time("time", unit=Unit.MILLISECONDS),
                "event": Text("event"),
                "value": Number("value"),
            }},
        ),
        items=TableFile("items.csv", {{"item": Id("item"), "title": Text("title"), "genres": Words("genres", "|")}}),
        kinds=("view", "buy"),
    )
    few = Training(epochs=2, batch=64, device="cpu")
    read = ("item_genres", "user_views")
    return Experiment(
        name="shop",
        data=data,
        split=UserTimeSplit(valid=0.2, test=0.2),
        features=(
            Row(name="item"),
            Attribute(name="item_genres", column="genres", min_count=1),
            Past(name="user_views", event="view"),
            Recent(name="history", event="view", length=10),
        ),
        models={{"lr": replace(zoo.LR, features=read, training=few)}},
        sampling=Sampling(tasks=("view",), requests=2, late=0.4, proposed=20),
        positive="view",
        scenes={{
            "for_you": Scene(
                retrieval={{"item_cf": (ItemCF(event="view"), 20), "popular": (Popular(event="view"), 20)}},
                ranking="lr",
                value={{"view": 1.0}},
                last_resort="popular",
            ),
            "similar": Scene(retrieval={{"item_cf": (ItemCF(event="view", of="item"), 20)}}),
        }},
    )
"""
HEAD = "user,item,time,event,value"
START = 1_700_000_000_000


def rows(users: int = 20, items: int = 12, each: int = 10) -> list[str]:
    """Lines of events: every user views some items, an hour apart."""
    return [
        f"u{user},i{(user + 3 * place) % items},{START + (user * 37 + place * 60) * 60_000},view,"
        for user in range(users)
        for place in range(each)
    ]


@dataclass
class Shop:
    """The files of a shop, and what became of commands.

    before  what stands before the command
    """

    folder: Path
    events: list[str] = field(default_factory=rows)
    items: list[str] = field(default_factory=lambda: [f"i{n},Thing {n},a|b{n % 3}" for n in range(12)])
    head: str = HEAD
    before: tuple[str, ...] = ()

    def write(self) -> "Shop":
        """Write all files as they stand."""
        (self.folder / "events.csv").write_text("\n".join([self.head, *self.events, ""]), encoding="utf-8")
        (self.folder / "items.csv").write_text("\n".join(["item,title,genres", *self.items, ""]), encoding="utf-8")
        (self.folder / "recipe.py").write_text(RECIPE.format(root=self.folder), encoding="utf-8")
        return self

    @property
    def recipe(self) -> str:
        return f"{self.folder / 'recipe.py'}:shop"

    def run(self, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        """The installed command in a process of its own; there is never a traceback."""
        done = subprocess.run(
            [*self.before, sys.executable, "-m", "taojin", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "200"},
            **options,  # type: ignore[call-overload]
        )
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return done

    def check(self) -> subprocess.CompletedProcess[str]:
        return self.run("data", "check", self.recipe, "--no-trials")

    def train(self, **options: object) -> subprocess.CompletedProcess[str]:
        return self.run("train", self.recipe, "--out", self.folder / "run", **options)

    def refused(self, done: subprocess.CompletedProcess[str], *parts: str) -> None:
        """Exit code 1, a message with these parts, and nothing half-written."""
        assert done.returncode == 1, done.stdout + done.stderr
        said = done.stderr[done.stderr.index("error: ") :]
        for part in parts:
            assert part in said, f"{part!r} is not in {said}"
        assert not (self.folder / "run").exists()
        assert not list(self.folder.glob(".run.*building")) and not list(self.folder.glob(".run.*learned"))


def small_files(size: int = 2_000) -> Callable[[], None]:
    """For a process whose disk is full: no file may grow beyond so many bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

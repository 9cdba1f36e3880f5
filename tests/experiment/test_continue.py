"""A training that goes on from a run: ids keep their rows, weights begin where they ended, new events are learned."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import taojin
from taojin.bundle.bundle import Bundle, recipe_of
from taojin.cli.main import app
from taojin.core.live import LiveEvent
from taojin.data.columns import Id, Text, Time, Unit
from taojin.data.dataset import Clock
from taojin.data.files import Files, TableFile
from taojin.data.split import UserTimeSplit
from taojin.experiment.evaluate import Offline, evaluate
from taojin.experiment.refresh import refresh
from taojin.live.sqlite import SQLiteStore
from taojin.live.store import live_path
from taojin.recipes.world import world_tiny
from taojin.retrieval.popular import Popular
from taojin.scene import Experiment, Scene

pytestmark = pytest.mark.xdist_group("runs")
LATER = 1_750_000_000_000


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten ratings of a new user and a new film, and one of a known user."""
    file = tmp_path_factory.mktemp("new") / "events.csv"
    rows = [("newcomer", f"m{n}", LATER - n) for n in range(1, 10)] + [("u17", "a new film", LATER - 50)]
    user, item, time = zip(*rows, strict=True)
    columns = {"user": user, "item": item, "time": time, "event": ["rate"] * 10, "value": [5.0] * 10}
    pyarrow.csv.write_csv(pa.table(columns), file)
    return file


@pytest.fixture(scope="module")
def continued(tiny_run: Path, events: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("continued") / "run"
    taojin.train(base=tiny_run, events=events, out=out)
    return out


def test_ids_keep_their_rows_and_new_ones_come_behind(tiny_run: Path, continued: Path) -> None:
    before, now = Bundle.load(tiny_run), Bundle.load(continued)
    assert now.item_vocabulary.ids == (*before.item_vocabulary.ids, "a new film")
    assert now.user_vocabulary.ids == (*before.user_vocabulary.ids, "newcomer")
    row = now.user_vocabulary.row("newcomer")
    assert now.history.offsets[row + 1] - now.history.offsets[row] == 9
    columns, earlier = now.scenes["for_you"].store.columns, before.scenes["for_you"].store.columns
    for name in ("item_genres", "item_directors"):
        assert columns[name].words[: len(earlier[name].words)] == earlier[name].words


def test_every_training_begins_where_it_ended(tiny_run: Path, continued: Path) -> None:
    """So its first epoch is better than the first of one that begins anew."""
    cold, warm = recipe_of(tiny_run), recipe_of(continued)
    assert warm.base == Bundle.load(tiny_run).version and cold.base is None
    assert [curve.name for curve in warm.curves] == [curve.name for curve in cold.curves]
    assert warm.story[0].endswith("its weights begin item2vec, towers 2x, lr, din")
    first = {curve.name: curve.valid[0] for curve in cold.curves}
    for curve in warm.curves:
        if curve.name in ("lr", "din"):
            assert curve.valid[0] > first[curve.name]


def test_each_fit_leaves_its_weights_under_its_name_in_the_recipe(tiny_run: Path) -> None:
    """What is fitted twice has two predecessors, and the one that knows the rankers' labels is not taken for both."""
    left = {file.relative_to(tiny_run / "weights").as_posix() for file in (tiny_run / "weights").rglob("*.npz")}
    assert left == {
        "embeddings/item2vec/item2vec-1.npz",
        "embeddings/dssm/towers-1.npz",
        "early/embeddings/dssm/towers-1.npz",
        "models/lr/lr-1.npz",
        "models/din/din-1.npz",
    }


def test_it_is_judged_on_all_events_and_goes_on_again(continued: Path, events: Path, tmp_path: Path) -> None:
    offline = Offline.load(continued)
    assert len(offline.divided.dataset.log) == len(Bundle.load(continued).history)
    assert evaluate(continued).users > 200
    third = tmp_path / "third"
    taojin.train(base=continued, events=events, out=third)  # the same events once more
    assert pq.read_table(third / "added.parquet").num_rows == 10
    assert len(Bundle.load(third).history) == len(Bundle.load(continued).history)
    assert Bundle.load(third).item_vocabulary.ids == Bundle.load(continued).item_vocabulary.ids


def test_a_refresh_and_other_quotas_keep_what_the_next_training_needs(continued: Path, tmp_path: Path) -> None:
    run = shutil.copytree(continued, tmp_path / "run")
    weights = sorted(path.relative_to(run) for path in (run / "weights").rglob("*.npz"))
    refresh(run)
    assert sorted(path.relative_to(run) for path in (run / "weights").rglob("*.npz")) == weights
    assert pq.read_table(run / "added.parquet").num_rows == 10


def test_live_events_are_learned_from(tiny_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(tiny_run, tmp_path / "run")
    with pytest.raises(ValueError, match=r"live.sqlite: no such file; `taojin serve"):
        taojin.train(base=run, events="live", out=run)
    store = SQLiteStore(live_path(run))
    store.append(
        [LiveEvent("a", "guest", "m4", "rate", 5.0, LATER), LiveEvent("b", "guest", "m5", "show", None, LATER)]
    )
    store.close()
    version = Bundle.load(run).version
    said = CliRunner().invoke(app, ["train", "--from", str(run), "--events", "live", "--out", str(run)])
    assert said.exit_code == 0, said.stderr
    assert f"went on from {version}" in said.stdout and "new: 1 users and 0 items" in said.stdout
    bundle = Bundle.load(run)
    row = bundle.user_vocabulary.row("guest")
    assert bundle.history.offsets[row + 1] - bundle.history.offsets[row] == 2


@pytest.fixture
def without_times(tmp_path: Path) -> Path:
    """A run on ten likes of each of seven users, which have an order and no times."""
    rows = [(f"u{n % 7}", f"i{n % 5}", "like") for n in range(70)]
    user, item, event = zip(*rows, strict=True)
    pyarrow.csv.write_csv(pa.table({"user": user, "item": item, "event": event}), tmp_path / "events.csv")
    columns = {"user": Id("user"), "item": Id("item"), "event": Text("event")}
    source = Files(name="shop", events=TableFile("events.csv", columns), kinds=("like",), clock=Clock.ORDER)
    taojin.train(counting(source), tmp_path, tmp_path / "run")
    return tmp_path / "run"


def items_of(bundle: Bundle, user: str) -> list[str]:
    """What a bundle knows of a user's history, oldest first."""
    row, log = bundle.user_vocabulary.row(user), bundle.history
    return [bundle.item_vocabulary.id(int(item)) for item in log.events.item[log.offsets[row] : log.offsets[row + 1]]]


def test_without_a_clock_live_events_of_every_day_are_learned_once(without_times: Path) -> None:
    run = without_times
    known = items_of(Bundle.load(run), "u1")
    days = [[("a", "i3", LATER), ("b", "i3", LATER + 1)], [("late", "i0", LATER - 9), ("c", "a new one", LATER + 2)]]
    learned: list[str] = []
    for day in days:
        store = SQLiteStore(live_path(run))
        store.append([LiveEvent(name, "u1", item, "like", None, time) for name, item, time in day])
        store.close()
        taojin.train(base=run, events="live", out=run)
        learned += [item for _, item, _ in day]
        bundle = Bundle.load(run)
        assert items_of(bundle, "u1") == known + learned
        again = Offline.load(run).divided.dataset.log
        np.testing.assert_array_equal(again.events.item, bundle.history.events.item)
        np.testing.assert_array_equal(again.events.time, bundle.history.events.time)
    refresh(run)
    assert items_of(Bundle.load(run), "u1") == known + learned
    store = SQLiteStore(live_path(run))
    store.append([LiveEvent("d", "u1", "i2", "like", None, LATER + 3)])
    store.close()
    refresh(run)
    assert items_of(Bundle.load(run), "u1") == [*known, *learned, "i2"]


def test_a_file_without_times_stands_behind_the_one_before(without_times: Path) -> None:
    run, file = without_times, without_times.with_name("more.csv")
    known = items_of(Bundle.load(run), "u1")
    for item in ("i2", "i4"):
        file.write_text(f"user,item,event\nu1,{item},like\nu1,i0,like\n")
        taojin.train(base=run, events=file, out=run)
    assert items_of(Bundle.load(run), "u1") == [*known, "i2", "i0", "i4", "i0"]
    assert len(Offline.load(run).divided.dataset.log) == 74


def counting(source: Files) -> Experiment:
    """A recipe that trains nothing."""
    return replace(
        world_tiny(),
        name="shop",
        data=source,
        split=UserTimeSplit(valid=0.1, test=0.2),
        features=(),
        embeddings={},
        models={},
        scenes={"for_you": Scene(retrieval={"popular": (Popular(), 5)}, consumed=("like",))},
    )


def test_data_whose_rows_have_moved_is_led_by_the_run(tmp_path: Path) -> None:
    """A catalogue in another order, one item gone and one come: whoever had a row keeps it."""

    def write(items: list[str], more: list[tuple[str, str, int]]) -> None:
        rows = [(f"u{n % 7}", f"i{n % 5}", 1_600_000_000_000 + n) for n in range(70)] + more
        user, item, time = zip(*rows, strict=True)
        table = {"user": user, "item": item, "time": time, "event": ["like"] * len(rows)}
        pyarrow.csv.write_csv(pa.table(table), tmp_path / "events.csv")
        pyarrow.csv.write_csv(
            pa.table({"item": items, "brand": [f"b{name}" for name in items]}), tmp_path / "items.csv"
        )

    source = Files(
        name="shop",
        events=TableFile(
            "events.csv",
            {
                "user": Id("user"),
                "item": Id("item"),
                "time": Time("time", unit=Unit.MILLISECONDS),
                "event": Text("event"),
            },
        ),
        items=TableFile("items.csv", {"item": Id("item"), "brand": Text("brand")}),
        kinds=("like",),
    )
    write(["i4", "i3", "i2", "i1", "i0"], [])
    first = taojin.train(counting(source), tmp_path, tmp_path / "first")
    write(["i0", "i9", "i2", "i3", "i4"], [("u8", "i9", 1_600_000_000_500)])
    second = taojin.train(base=tmp_path / "first", out=tmp_path / "second")
    assert first.bundle.item_vocabulary.ids == ("i4", "i3", "i2", "i1", "i0")
    assert second.bundle.item_vocabulary.ids == ("i4", "i3", "i2", "i1", "i0", "i9")
    assert second.bundle.items["brand"].to_pylist() == ["bi4", "bi3", "bi2", None, "bi0", "bi9"]
    log, before = second.bundle.history, first.bundle.history
    np.testing.assert_array_equal(log.events.item[:70], before.events.item)
    assert Offline.load(tmp_path / "second").divided.dataset.item_vocabulary.ids == second.bundle.item_vocabulary.ids


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--events", "x.csv"), "they come after those of a run; name it: --from RUN"),
        ((), "expected a name, a path/to/file.py:function, or --from RUN"),
        (("--from", "{run}", "--events", "{tmp}/none.csv"), "none.csv: no such file"),
        (("--from", "{run}", "--events", "{tmp}/other.csv"), "expected the columns user, item, time, event, value"),
        (("--from", "{run}", "--events", "{tmp}/bad.parquet"), "not a Parquet file"),
        (("--from", "{tmp}"), "no bundle here"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_left(
    tiny_run: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no")
    out = tmp_path / "out" / "run"
    filled = [argument.format(run=tiny_run, tmp=tmp_path) for argument in arguments]
    told = CliRunner().invoke(app, ["train", *filled, "--out", str(out)])
    assert told.exit_code == 1 and said in told.stderr
    assert not out.exists() and not list(out.parent.glob(".*"))

"""Bundles: written whole or not at all, the same when read, refused when touched."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from taojin.bundle.bundle import Bundle, Fitted, Golden
from taojin.bundle.manifest import BundleError, Manifest
from taojin.bundle.place import exchange
from taojin.bundle.save import save
from taojin.bundle.versions import KEPT, before, beside, find, use, versions
from taojin.core.batch import Requests
from taojin.core.events import Events, Pasts
from taojin.data.dataset import Clock, Log
from taojin.data.kinds import Kinds
from taojin.experiment.train import _checkpoints, train
from taojin.features.store import Store
from taojin.pipeline import Pipeline
from taojin.recipes.world import world_tiny
from taojin.retrieval.fresh import Fresh
from taojin.retrieval.serve.keys import Everyone
from taojin.retrieval.serve.lists import Lists
from taojin.rules.already_seen import NotConsumed
from taojin.scene import Cutoffs, Scene
from taojin.world.world import World


def fitted(best: int = 2) -> Fitted:
    """A scene of one list over four items."""
    events = Events(np.array([3]), np.ones(1, np.uint32), np.zeros(1, np.float32), np.array([1]))
    items = np.roll(np.arange(2, 6), 2 - best)
    lists = Lists(
        keys=Everyone(), offsets=np.array([0, 4]), item=items, score=np.array([4.0, 3.0, 2.0, 1.0], np.float32)
    )
    pipeline = Pipeline(
        store=Store({}),
        channels={"list": lists},
        quotas={"list": 4},
        rules={"seen": NotConsumed(1, 1 << 62, 6)},
        preranker=None,
        ranker=None,
        value=None,
        rerankers={},
        cutoffs=Cutoffs(),
        last_resort="list",
        consumed=1,
        items=6,
        strict=False,
    )
    return Fitted(Kinds(("rate",)), Clock.REAL, Log.of(np.array([2]), events, 3), {"for_you": pipeline}, "rate", 2)


def write(folder: Path, best: int = 2) -> Path:
    parts = fitted(best)
    one = np.array([2])
    log = parts.history
    past = Pasts(log.events, log.offsets[one], log.offsets[one + 1])
    requests = Requests(one, np.zeros(1, np.int64), one, one.astype(np.uint64), past)
    return save(
        folder,
        name="test",
        experiment=Cutoffs(),
        fitted=parts,
        users=pa.table({"user": ["u"]}),
        items=pa.table({"item": list("abcd"), "title": ["A", "B", "C", "D"]}),
        golden=(Golden("for_you", requests, parts.scenes["for_you"].recommend(requests)),),
    )


def test_a_bundle_answers_as_it_did_before_it_was_saved(tmp_path: Path) -> None:
    bundle = Bundle.load(write(tmp_path / "run"))
    answer = bundle.scenes["for_you"].recommend(bundle.golden[0].requests)
    assert [bundle.item_vocabulary.id(int(item)) for item in answer.item] == ["a", "c", "d"]
    assert bundle.catalogue.titles(answer.item) == ["A", "C", "D"]
    assert bundle.kinds.names == ("rate",)


def test_every_byte_of_every_file_counts(tmp_path: Path) -> None:
    folder = write(tmp_path / "run")
    names = json.loads((folder / "manifest.json").read_text())["files"]
    assert len(names) > 5
    for name in names:
        path = folder / name
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(BundleError, match="differs from what the manifest says"):
            Bundle.load(folder)
        path.unlink()
        with pytest.raises(BundleError, match="missing"):
            Bundle.load(folder)
        path.write_bytes(content)
    Bundle.load(folder)


def test_a_file_left_out_of_the_manifest_is_noticed(tmp_path: Path) -> None:
    folder = write(tmp_path / "run")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"].pop("users.parquet")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="version"):
        Bundle.load(folder)


def test_golden_requests_stop_a_bundle_that_answers_differently(tmp_path: Path) -> None:
    other, folder = write(tmp_path / "other", best=4), write(tmp_path / "run")
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "golden.json").write_bytes((folder / "golden.json").read_bytes())
    for path in (folder / "arrays").iterdir():
        if not (other / "arrays" / path.name).exists():
            (other / "arrays" / path.name).write_bytes(path.read_bytes())
    assert manifest["name"] == "test"
    bundle = Bundle.load(other, verify=False)
    changed = Bundle.load(folder).golden
    object.__setattr__(bundle, "golden", changed)
    with pytest.raises(BundleError, match="answer differently"):
        bundle.replay()


def test_what_cannot_be_loaded_does_not_take_the_place_of_what_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "run")
    before = (folder / "manifest.json").read_bytes()
    with monkeypatch.context() as broken:
        broken.setattr(Bundle, "replay", refuse)
        with pytest.raises(BundleError, match="no"):
            write(folder, best=4)
    assert (folder / "manifest.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def refuse(bundle: Bundle) -> None:
    raise BundleError("no")


def test_a_scene_that_proposes_nothing_is_a_bundle(tmp_path: Path) -> None:
    """Such as one of new items alone, while there are none."""
    recipe = replace(
        world_tiny(),
        data=World(users=60, items=60, events=600),
        embeddings={},
        models={},
        scenes={"for_you": Scene(retrieval={"fresh": (Fresh(age=1), 10)})},
    )
    recipe = replace(recipe, features=tuple(f for f in recipe.features if not f.name.startswith("by_")))
    scene = train(recipe, None, tmp_path / "run").scenes["for_you"]
    assert not len(scene.recommend(Bundle.load(tmp_path / "run").golden[0].requests))


def test_an_interrupted_training_goes_on_with_the_same_data_alone(tmp_path: Path) -> None:
    recipe = world_tiny()
    worlds = [World(users=60, items=60, events=600, seed=seed) for seed in (1, 1, 2)]
    places = [_checkpoints(tmp_path / "run", recipe, world.load()) for world in worlds]
    assert places[0] == places[1] != places[2]


def test_a_folder_without_a_bundle_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="taojin train"):
        Bundle.load(tmp_path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "run")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(BundleError, match="expected a bundle of format 2, got 99"):
        Bundle.load(folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(BundleError, match="cannot be read"):
        Bundle.load(folder)


def test_a_new_bundle_takes_the_place_of_the_old_one_in_one_step(tmp_path: Path) -> None:
    first = Bundle.load(write(tmp_path / "run")).version
    second = Bundle.load(write(tmp_path / "run", best=4)).version
    assert first != second
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run.versions"]
    assert [path.name for path in beside(tmp_path / "run").iterdir()] == [first]


def test_of_what_was_before_each_training_keeps_its_newest_state(tmp_path: Path) -> None:
    run = tmp_path / "run"
    old = Manifest.read(write(run))
    states = [write_again(run, best, trained) for best, trained in ((3, "b"), (4, "b"), (5, "b"), (2, "c"))]
    kept = [one.manifest.version for one in versions(run)]
    assert kept == [states[3], states[2], old.version], "the newest of b stands for the refreshes before it"
    assert [one.in_use for one in versions(run)] == [True, False, False]
    many = [write_again(run, 2 + day % 4, f"day {day}") for day in range(KEPT + 3)]
    assert len(versions(run)) == KEPT + 1
    assert Manifest.read(run).version == many[-1]


def write_again(run: Path, best: int, trained: str) -> str:
    bundle = Bundle.load(run, verify=False)
    tables = {"users": bundle.users, "items": bundle.items}
    save(
        run, name="test", experiment=Cutoffs(rank=10 + best), fitted=fitted(best), **tables, golden=(), trained=trained
    )
    return Manifest.read(run).version


def test_an_earlier_state_comes_back_and_the_later_one_stays(tmp_path: Path) -> None:
    run = tmp_path / "run"
    first, second = Manifest.read(write(run)).version, Manifest.read(write(run, best=4)).version
    assert before(run).manifest.version == first
    use(run, find(run, first[:6]))
    assert Bundle.load(run).version == first
    assert {one.manifest.version for one in versions(run)} == {first, second}
    with pytest.raises(BundleError, match="nothing is kept that is older"):
        before(run)
    use(run, find(run, second))
    assert Bundle.load(run).version == second
    use(run, find(run, second))
    assert {one.manifest.version for one in versions(run)} == {first, second}
    with pytest.raises(BundleError, match="not there; there are"):
        find(run, "zzz")
    with pytest.raises(BundleError, match="not there"):
        find(run, "")


def test_a_bundle_of_another_format_makes_room_and_is_no_state_to_come_back(tmp_path: Path) -> None:
    run = write(tmp_path / "run")
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, "format": 1}))
    write(run, best=4)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert [one.in_use for one in versions(run)] == [True]


def test_where_the_exchange_fails_everything_stays(tmp_path: Path) -> None:
    run = write(tmp_path / "run")
    with pytest.raises(OSError):
        exchange(tmp_path / "not there", run, tmp_path / "aside")
    Bundle.load(run)


def test_a_save_that_fails_leaves_the_old_bundle_alone(tmp_path: Path) -> None:
    folder = write(tmp_path / "run")
    parts = fitted()
    with pytest.raises(ValueError, match="cannot store"):
        save(
            folder,
            name="bad",
            experiment={1, 2},
            fitted=parts,
            users=pa.table({"user": ["u"]}),
            items=pa.table({"item": ["a"]}),
            golden=(),
        )
    assert Bundle.load(folder).name == "test"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]

"""A run retrained with what its service collected: nobody's history changes."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from taojin.bundle.bundle import Bundle
from taojin.data.columns import Id, Number, Text, Time, Unit, Whole, Words
from taojin.data.files import Files, TableFile
from taojin.experiment.train import train
from taojin.live.sqlite import SQLiteStore
from taojin.live.tables import events_table
from taojin.recipes.world import MAKERS, PEOPLE, world_tiny
from taojin.serving.app import create_app
from taojin.serving.service import Service, Status

pytestmark = pytest.mark.xdist_group("runs")


def test_histories_by_external_id_are_the_same_in_every_bundle(tiny_run: Path, tmp_path: Path) -> None:
    """Post events of a new user and a new item, retrain with them, serve the new bundle, serve the old one again."""
    store = SQLiteStore(tmp_path / "live.sqlite")
    posts = [("u17", "m4"), ("newcomer", "m4"), ("newcomer", "a new film"), ("u3", "a new film")]
    old = Service.of(tiny_run, store)
    with TestClient(create_app(old)) as client:
        while old.status is Status.LOADING:
            time.sleep(0.05)
        for user, item in posts:
            body = {"user": user, "item": item, "event": "rate", "value": 4.5}
            assert client.post("/v1/events", json=body).status_code < 300
        users = ("u17", "u3", "newcomer", "u5")
        first = {user: client.get(f"/v1/users/{user}/history").json() for user in users}
    store = SQLiteStore(tmp_path / "live.sqlite")
    experiment = replace(world_tiny(), data=as_files(tmp_path, events_table(store)))
    store.close()
    retrained = train(experiment, tmp_path, tmp_path / "new").path
    assert "a new film" in Bundle.load(retrained).item_vocabulary
    for folder in (retrained, tiny_run):
        service = Service.of(folder, SQLiteStore(tmp_path / "live.sqlite"))
        with TestClient(create_app(service)) as client:
            while service.status is Status.LOADING:
                time.sleep(0.05)
            for user in users:
                history = client.get(f"/v1/users/{user}/history").json()
                assert plain(history) == plain(first[user]), (folder, user)


def as_files(folder: Path, collected: pa.Table) -> Files:
    """The tiny world's tables and what was collected since, as somebody would keep them."""
    dataset = world_tiny().data.load(None)
    log, kinds = dataset.log, np.asarray(dataset.log.events.kinds)
    known = {
        "user": [dataset.user_vocabulary.id(int(u)) for u in log.user],
        "item": [dataset.item_vocabulary.id(int(i)) for i in log.events.item],
        "time": log.events.time,
        "event": np.where(kinds & dataset.kinds.bits("rate"), "rate", "show"),
        "value": pa.array(log.events.value.astype(np.float64), from_pandas=True),
    }
    collected = collected.select(list(known)).cast(pa.table(known).schema)
    pq.write_table(pa.concat_tables([pa.table(known), collected]), folder / "events.parquet")
    pq.write_table(dataset.users, folder / "users.parquet")
    pq.write_table(dataset.items, folder / "items.parquet")
    day = Unit.MILLISECONDS
    return Files(
        name="world again",
        users=TableFile("users.parquet", {"user": Id("user"), **{name: Text(name) for name in PEOPLE}}),
        items=TableFile(
            "items.parquet",
            {
                "item": Id("item"),
                "title": Text("title"),
                **{name: Words(name) for name in ("genres", *MAKERS)},
                "year": Whole("year"),
                "released": Time("released", unit=day),
            },
        ),
        events=TableFile(
            "events.parquet",
            {
                "user": Id("user"),
                "item": Id("item"),
                "time": Time("time", unit=day),
                "event": Text("event"),
                "value": Number("value"),
            },
        ),
        kinds=dataset.kinds.names,
        labels=dataset.kinds.labels,
    )


def plain(history: dict) -> list[tuple]:
    """What happened, without whether it is from training or from the live store."""
    return [(entry["item"] and entry["item"]["id"], entry["time"], entry["value"]) for entry in history["events"]]

"""Contract of `LiveStore`: one suite, run on every implementation."""

import itertools
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taojin.core.live import Impression, LiveEvent, LiveStore, Receipt
from taojin.live import store as live
from taojin.live.sqlite import SQLiteStore
from taojin.live.store import collected
from taojin.live.tables import events_table, impressions_table

Open = Callable[[], LiveStore]


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of this session that keeps what it acknowledges."""
    folder = tmp_path_factory.mktemp("redis")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"port": port, "bind": "127.0.0.1", "dir": folder, "appendonly": "yes", "appendfsync": "always"}
    call = ["redis-server", *(word for name, value in settings.items() for word in (f"--{name}", str(value)))]
    server = subprocess.Popen([*call, "--save", ""], stdout=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            break
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait()


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], LiveStore]:
    """Opens the store of a name."""
    if request.param == "sqlite":
        return lambda name: SQLiteStore(tmp_path / f"{name}.sqlite")
    from taojin.live.redis import RedisStore

    url = request.getfixturevalue("redis_url")
    return lambda name: RedisStore(url, f"{tmp_path}-{name}")


@pytest.fixture
def open_store(make: Callable[[str], LiveStore]) -> Iterator[Open]:
    """Opens the same store again and again; what a test leaves open is closed behind it."""
    opened: list[LiveStore] = []

    def open_again() -> LiveStore:
        opened.append(make("live"))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


def event(
    id: str, user: str = "u", item: str = "i", *, name: str = "like", value: float | None = None, time: int = 5
) -> LiveEvent:
    return LiveEvent(id, user, item, name, value, time)


def impression(request_id: str) -> Impression:
    return Impression(request_id=request_id, user="u", scene="for_you", time=7, items=("a", "b"), scores=(0.5, 0.25))


def test_it_is_a_live_store(open_store: Open) -> None:
    assert isinstance(open_store(), LiveStore)


def test_an_appended_event_is_read_back_with_all_its_columns(open_store: Open) -> None:
    store = open_store()
    store.append(
        [
            event("1", "七", "💿 a'b\"c", name="rate", value=4.5, time=1_700_000_000_000),
            event("2", "七", "j", name="view", time=9),
        ]
    )
    got = store.user_events("七")
    assert (got.user, got.item, got.event) == (("七", "七"), ("j", "💿 a'b\"c"), ("view", "rate"))
    np.testing.assert_array_equal(got.value, np.array([np.nan, 4.5], np.float32))
    np.testing.assert_array_equal(got.time, [9, 1_700_000_000_000])


def test_events_come_by_time_and_then_by_arrival(open_store: Open) -> None:
    store = open_store()
    for id, at in (("a", 3), ("b", 1), ("c", 3), ("d", 2)):
        store.append([event(id, item=id, time=at)])
    assert store.user_events("u").item == ("b", "d", "a", "c")


def test_a_user_without_events_has_empty_columns(open_store: Open) -> None:
    got = open_store().user_events("nobody")
    assert len(got) == 0
    assert got.time.dtype == np.int64 and got.value.dtype == np.float32


def test_the_same_id_again_is_counted_and_not_applied(open_store: Open) -> None:
    store = open_store()
    assert store.append([event("1"), event("2"), event("1")]) == Receipt(applied=2, duplicates=1)
    assert store.append([event("2"), event("3")]) == Receipt(applied=1, duplicates=1)
    assert len(store.user_events("u")) == 3


def test_a_batch_with_one_event_that_cannot_be_stored_leaves_no_trace(open_store: Open) -> None:
    store = open_store()
    with pytest.raises(Exception, match=r"NOT NULL|expected text"):
        store.append([event("1"), event("2", item=None)])  # type: ignore[arg-type]
    assert len(store.user_events("u")) == 0
    assert store.append([event("3")]).applied == 1


def test_users_with_the_newest_arrivals_come_first(open_store: Open) -> None:
    store = open_store()
    for place, user in enumerate(("a", "b", "c", "a")):
        store.append([event(str(place), user)])
    assert store.users(10) == ("a", "c", "b")
    assert store.users(1) == ("a",)


def test_collecting_goes_on_where_it_stopped_and_by_arrival_not_by_time(open_store: Open) -> None:
    store = open_store()
    store.append([event("1", time=100)])
    first = events_table(store)
    store.append([event("2", item="late", time=1, value=2.0)])
    second = events_table(store, since=first["arrival"][-1].as_py())
    assert second.column_names == ["user", "item", "time", "event", "value", "arrival"]
    assert second.drop_columns("arrival").to_pylist() == [
        {"user": "u", "item": "late", "time": 1, "event": "like", "value": 2.0}
    ]
    assert first["value"].null_count == 1
    assert events_table(store, since=second["arrival"][-1].as_py()).num_rows == 0


def test_impressions_are_kept_in_order_with_positions(open_store: Open) -> None:
    store = open_store()
    store.record(impression("r1"))
    store.record(impression("r2"))
    store.flush()
    assert [shown for _, shown in store.shown()] == [impression("r1"), impression("r2")]
    first = next(store.shown())[0]
    table = impressions_table(store, since=first)
    assert table["request_id"].to_pylist() == ["r2", "r2"]
    assert table["position"].to_pylist() == [1, 2]
    assert table["score"].to_pylist() == [0.5, 0.25]
    assert impressions_table(store, since=10**9).num_rows == 0


def test_closing_and_opening_keeps_everything(open_store: Open) -> None:
    store = open_store()
    store.append([event("1")])
    store.record(impression("r1"))
    store.close()
    again = open_store()
    assert again.user_events("u").item == ("i",)
    assert [shown for _, shown in again.shown()] == [impression("r1")]
    assert again.append([event("1")]) == Receipt(applied=0, duplicates=1)


def test_a_closed_store_refuses_events_and_may_be_closed_twice(open_store: Open) -> None:
    store = open_store()
    store.close()
    store.close()
    with pytest.raises(ValueError, match="closed"):
        store.append([event("1")])


def test_two_openings_of_one_store_see_each_other(open_store: Open) -> None:
    one, other = open_store(), open_store()
    one.append([event("1")])
    assert other.append([event("1"), event("2")]) == Receipt(applied=1, duplicates=1)
    assert len(one.user_events("u")) == 2


def test_many_threads_append_and_each_sees_its_own_event_at_once(open_store: Open) -> None:
    store, unseen = open_store(), []

    def post(thread: int) -> None:
        for place in range(25):
            store.append([event(f"{thread}-{place}", user=str(thread)), event(f"common-{place}", user="common")])
            if len(store.user_events(str(thread))) != place + 1:
                unseen.append((thread, place))

    threads = [threading.Thread(target=post, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not unseen
    assert len(store.user_events("common")) == 25
    assert events_table(store).num_rows == 8 * 25 + 25


EVENTS = st.lists(
    st.builds(
        LiveEvent,
        id=st.sampled_from([str(i) for i in range(12)]),
        user=st.sampled_from(["u", "v"]),
        item=st.text(min_size=1, max_size=3).filter(lambda text: "\x00" not in text),
        event=st.sampled_from(["like", "rate"]),
        value=st.none() | st.floats(-100, 100, width=32),
        time=st.integers(0, 3),
    ),
    max_size=20,
)


FRESH = itertools.count()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(EVENTS, max_size=4))
def test_a_store_equals_a_plain_list(batches: list[list[LiveEvent]], make: Callable[[str], LiveStore]) -> None:
    store = make(f"of its own {next(FRESH)}")
    expected: dict[str, LiveEvent] = {}
    for batch in batches:
        fresh = {}
        for one in batch:
            if one.id not in expected:
                fresh.setdefault(one.id, one)
        expected |= fresh
        assert store.append(batch) == Receipt(len(fresh), len(batch) - len(fresh))
    for user in ("u", "v"):
        mine = sorted((e for e in expected.values() if e.user == user), key=lambda e: e.time)  # stable: by arrival
        got = store.user_events(user)
        assert got.item == tuple(e.item for e in mine)
        assert got.time.tolist() == [e.time for e in mine]
        assert [None if np.isnan(v) else v for v in got.value.tolist()] == [e.value for e in mine]
    store.close()


@pytest.mark.redis
def test_a_server_that_forgets_or_is_away_is_refused_without_telling_its_password() -> None:
    from taojin.live.redis import RedisStore

    with pytest.raises(ValueError, match="keeps nothing on disk"):
        RedisStore._check({"aof_enabled": 0})
    with pytest.raises(ValueError, match=r"redis://127.0.0.1:1/0: expected a Redis server that answers") as told:
        RedisStore("redis://user:secret@127.0.0.1:1/0", "run")
    assert "secret" not in str(told.value)


@pytest.mark.redis
def test_the_environment_says_where_a_run_keeps_its_events(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    assert collected(run) is None
    monkeypatch.setenv("TAOJIN_STORE", redis_url)
    store = live.open_store(run)
    store.append([event("1")])
    store.close()
    found = collected(run)
    assert found is not None and found.num_rows == 1 and not list(tmp_path.iterdir())
    monkeypatch.setenv("TAOJIN_STORE", "localhost:6379")
    with pytest.raises(ValueError, match="expected an address such as redis://"):
        live.open_store(run)

"""The recipe `kuairand` on a generated folder of its files: every reaction is learned and judged."""

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

import taojin
from taojin.data.kuairand import CODED, RANGES, KuaiRand
from taojin.experiment.evaluate import evaluate

pytestmark = pytest.mark.xdist_group("kuairand")  # trained once, whatever the number of workers
USERS, VIDEOS, LOGGED, EARLIER, GENRES = 150, 80, 30, 6, 4
HOUR = 3_600_000
BEGIN = 1_649_400_000_000
"""When the logs begin, ms."""
TASKS = ("click", "like", "follow", "long_view", "watch_ratio")
FEW = {
    **{f"models.{name}.training.{field}": text for name in ("lr", "experts") for field, text in (("epochs", "2"),)},
    **{f"models.{name}.training.batch": "512" for name in ("lr", "experts")},
    **{f"models.{name}.training.learning_rate": "0.01" for name in ("lr", "experts")},
    "embeddings.item2vec.dim": "8",
    "embeddings.item2vec.training.epochs": "1",
    "embeddings.als.dim": "8",
}


def tastes() -> tuple[np.ndarray, np.ndarray]:
    """The genre that each user likes, and that of each video."""
    return np.arange(USERS) % GENRES, np.arange(VIDEOS) % GENRES


def logs(random: np.random.Generator) -> pa.Table:
    """What was shown in eight days: users watch videos of their genre for long, and react to them."""
    taste, genre = tastes()
    user = np.repeat(np.arange(USERS), LOGGED)
    video = np.concatenate([random.choice(VIDEOS, LOGGED, replace=False) for _ in range(USERS)])
    n = len(user)
    match = taste[user] == genre[video]
    length = 5_000 + 500 * video
    ratio = np.where(match, random.gamma(4.0, 0.5, n), random.gamma(1.0, 0.3, n))

    def flag(yes: float, no: float) -> np.ndarray:
        return (random.random(n) < np.where(match, yes, no)).astype(np.int64)

    order = np.argsort(time := BEGIN + random.integers(0, 8 * 24, n) * HOUR + random.integers(0, HOUR, n))
    table = pa.table(
        {
            "user_id": user,
            "video_id": 1000 + video,
            "time_ms": time,
            "is_click": flag(0.8, 0.2),
            "is_like": flag(0.5, 0.1),
            "is_follow": flag(0.4, 0.1),
            "is_comment": flag(0.1, 0.1),
            "is_forward": flag(0.1, 0.1),
            "is_hate": flag(0.0, 0.1),
            "long_view": (ratio > 0.8).astype(np.int64),
            "play_time_ms": (ratio * length).astype(np.int64),
            "duration_ms": length,
        }
    )
    return table.take(pa.array(order))


def earlier_views(random: np.random.Generator) -> pa.Table:
    """What was watched before: videos of the user's genre, most of them for long."""
    taste, genre = tastes()
    watched = [random.choice(np.flatnonzero(genre == of), EARLIER, replace=False) for of in taste]
    long = [videos[random.random(EARLIER) < 0.7] for videos in watched]
    liked = [videos[random.random(EARLIER) < 0.3] for videos in watched]
    columns = {"watch_seq": watched, "like_seq": liked, "long_watch_seq": long}
    lists = {name: [[str(1000 + one) for one in row] for row in rows] for name, rows in columns.items()}
    text = pa.list_(pa.string())
    return pa.table(
        {
            "user_id": np.arange(USERS),
            "last_time_ms": BEGIN - 1 - random.integers(0, 24, USERS) * HOUR,
            **{name: pa.array(rows, text) for name, rows in lists.items()},
        }
    )


def users(random: np.random.Generator) -> pa.Table:
    return pa.table(
        {
            "user_id": np.arange(USERS),
            "user_active_degree": random.choice(["full_active", "high_active", "UNKNOWN"], USERS),
            "is_live_streamer": random.choice([-124, 0, 1], USERS),
            "is_video_author": random.choice([0, 1], USERS),
            **{name: random.choice(["0", "(0,10]", "500+"], USERS) for name in RANGES},
            **{name: random.integers(0, 4, USERS).astype(float) for name in CODED},
            CODED[0]: tastes()[0].astype(float),  # so that few rows are enough to learn who likes what
        }
    )


def videos(random: np.random.Generator) -> pa.Table:
    _, genre = tastes()
    return pa.table(
        {
            "video_id": 1000 + np.arange(VIDEOS),
            "author_id": np.arange(VIDEOS) % 11,
            "video_type": random.choice(["NORMAL", "AD"], VIDEOS),
            "upload_type": random.choice(["Web", "ShortImport"], VIDEOS),
            "music_id": random.integers(0, 9, VIDEOS),
            "tag": [f"{one},{9 + place % 4}" for place, one in enumerate(genre)],
            "video_duration": 5_000.0 + 500 * np.arange(VIDEOS),
            "upload_dt": [f"2022-03-{1 + place % 28:02}" for place in range(VIDEOS)],
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of KuaiRand-Pure in small: two logs, users and videos as CSV, earlier views as Parquet."""
    return write(tmp_path_factory.mktemp("kuairand"))


def write(folder: Path, *, follows: bool = True) -> Path:
    """All files of a folder."""
    log = logs(random := np.random.default_rng(0))
    if not follows:
        log = log.set_column(log.column_names.index("is_follow"), "is_follow", pa.array([0] * log.num_rows))
    half = log.num_rows // 2
    tables = {
        "log_standard_4_08_to_4_21_pure": log.slice(0, half),
        "log_standard_4_22_to_5_08_pure": log.slice(half),
        "user_features_pure": users(random),
        "video_features_basic_pure": videos(random),
    }
    for name, table in tables.items():
        pa.csv.write_csv(table, folder / f"{name}.csv")
    pa.parquet.write_table(earlier_views(random), folder / "user_sequences_until_20220407.parquet")
    return folder


@pytest.fixture(scope="module")
def found(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The recipe, trained for a few epochs and judged, as JSON."""
    run = tmp_path_factory.mktemp("run") / "kuairand"
    taojin.train("kuairand", folder, run, set=FEW)
    return json.loads(json.dumps(evaluate(run).to_json()))


def test_the_folder_is_read_whole(folder: Path) -> None:
    dataset = KuaiRand().load(folder)
    assert (dataset.n_users - 2, dataset.n_items - 2) == (USERS, VIDEOS)
    assert len(dataset.log) == USERS * (LOGGED + EARLIER)
    shown = dataset.log.events.matching(dataset.kinds.bits("show")).position
    assert len(shown) == USERS * LOGGED and (dataset.log.events.time[shown] >= BEGIN).all()


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_figures(found: dict, task: str) -> None:
    kinds = found["ranker"]["tasks"][task]
    assert set(kinds) >= {"all"}
    whole = kinds["all"]
    assert whole["rows"] > whole["positives"] > 5
    for metric in ("auc", "gauc", "pr_auc", "logloss", "calibration_error"):
        assert math.isfinite(whole[metric]), metric


def test_reactions_are_judged_among_what_was_shown(found: dict) -> None:
    tasks = found["ranker"]["tasks"]
    assert list(tasks) == list(TASKS)
    for task in ("click", "like", "follow", "watch_ratio"):
        assert set(tasks[task]) <= {"all", "exposed"}
    assert {"all", "exposed", "random", "proposed"} == set(tasks["long_view"])
    assert tasks["long_view"]["all"]["rows"] > tasks["click"]["all"]["rows"]


def test_the_ranker_has_learned_who_watches_what_for_long(found: dict) -> None:
    assert found["ranker"]["task"] == "click"
    assert found["ranker"]["tasks"]["long_view"]["all"]["auc"] > 0.65


def test_the_whole_funnel_is_judged(found: dict) -> None:
    assert found["users"] > 20
    assert set(found["channels"]) == {"als", "item_cf", "hot", "popular"}
    assert list(found["stages"]) == ["retrieval", "rules", "preranking", "ranking", "reranking"]
    assert 0 <= found["funnel"]["ndcg@10"] <= 1
    assert found["gap"] is None


def test_a_reaction_that_nobody_had_is_told_with_the_remedy(tmp_path: Path) -> None:
    (data := tmp_path / "data").mkdir()
    with pytest.raises(
        ValueError, match=r"task 'follow': .*all of them 0 in .* rows; take more rows, or leave the task"
    ):
        taojin.train("kuairand", write(data, follows=False), tmp_path / "run", set=FEW)
    assert not (tmp_path / "run").exists()

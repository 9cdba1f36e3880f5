"""Lines of items become events; their order is drawn, the test comes last."""

import gzip
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from taojin.data.dataset import Dataset
from taojin.data.gowalla import Gowalla
from taojin.data.split import GivenSplit, Part

TRAIN = "0 10 11 12 13 14 15 16 17 18 19\n1 11\n\n2 19 12 \n"
PLAIN = Gowalla()
TEST = "0 30\n1\n2 31 10\n"


def load(folder: Path, spec: Gowalla = PLAIN, train: str = TRAIN, test: str = TEST) -> Dataset:
    (folder / "train.txt").write_text(train)
    (folder / "test.txt").write_text(test)
    return spec.load(folder)


def liked(dataset: Dataset, part: Part) -> dict[str, list[str]]:
    """Items of each user in a part, in their order."""
    given = GivenSplit().assign(dataset.log, dataset.clock)
    found = defaultdict(list)
    for at in np.flatnonzero(given == part):
        user = dataset.user_vocabulary.id(int(dataset.log.user[at]))
        found[user].append(dataset.item_vocabulary.id(int(dataset.log.events.item[at])))
    return dict(found)


def test_a_line_is_a_user_and_what_the_user_likes(tmp_path: Path) -> None:
    dataset = load(tmp_path, Gowalla(valid=0))
    train = liked(dataset, Part.TRAIN)
    assert {user: sorted(items) for user, items in train.items()} == {
        "0": [str(n) for n in range(10, 20)],
        "1": ["11"],
        "2": ["12", "19"],
    }
    assert liked(dataset, Part.TEST) == {"0": ["30"], "2": ["31", "10"]}
    assert dataset.checked.reasons == {}


def test_the_test_comes_after_training_and_validation_between_them(tmp_path: Path) -> None:
    dataset = load(tmp_path, Gowalla(valid=0.2))
    given = dataset.log.given
    assert given is not None
    for user in range(2, dataset.n_users):
        parts = given[dataset.log.offsets[user] : dataset.log.offsets[user + 1]]
        assert parts.tolist() == sorted(parts)
    assert [len(items) for items in liked(dataset, Part.VALID).values()] == [2]


def test_the_order_is_drawn_and_the_same_for_the_same_seed(tmp_path: Path) -> None:
    first, again, other = (liked(load(tmp_path, Gowalla(seed=seed)), Part.TRAIN)["0"] for seed in (0, 0, 1))
    assert first == again
    assert first != other
    assert first != sorted(first)


def test_gzip_is_read_as_it_lies(tmp_path: Path) -> None:
    for name, text in (("train", TRAIN), ("test", TEST)):
        (tmp_path / f"{name}.txt.gz").write_bytes(gzip.compress(text.encode()))
    assert len(Gowalla().load(tmp_path).log) == 16


@pytest.mark.parametrize(
    ("train", "message"),
    [("0 1 x\n", r"train\.txt: expected lines of whole numbers `user item item \.\.\.`, got .*'x'"), ("", "no event")],
)
def test_what_is_wrong_is_said(tmp_path: Path, train: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(tmp_path, train=train, test="")


def test_a_missing_file_or_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"train\.txt: no such file"):
        Gowalla().load(tmp_path)
    with pytest.raises(ValueError, match=r"expected the folder that holds train\.txt and test\.txt"):
        Gowalla().load(None)
    with pytest.raises(ValueError, match=r"expected `valid` to be a share in \[0, 1\), got 1"):
        Gowalla(valid=1)


def test_the_published_statistics(tmp_path: Path) -> None:
    if "TAOJIN_DATA" not in os.environ:
        pytest.skip("needs gowalla-lightgcn: set TAOJIN_DATA to the folder that holds it")
    dataset = Gowalla(valid=0).load(Path(os.environ["TAOJIN_DATA"], "gowalla-lightgcn"))
    assert (dataset.users.num_rows, dataset.items.num_rows) == (29_858, 40_981)
    assert np.bincount(dataset.log.given).tolist() == [810_128, 0, 217_242]

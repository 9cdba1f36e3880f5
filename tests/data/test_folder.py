"""Files are found in directories, zip archives and gzip, and damage is told."""

import gzip
import zipfile
from pathlib import Path

import pytest

from taojin.data.folder import Folder, folders


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "/").replace("_csv", ".csv"), content)
    return path


def test_a_file_is_read_from_a_directory_plain_or_compressed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"plain")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"packed"))
    folder = Folder(tmp_path)
    assert (folder.read("a.csv"), folder.read("b.csv")) == (b"plain", b"packed")
    assert "b.csv" in folder
    assert "c.csv" not in folder
    assert folder.label("b.csv") == str(tmp_path / "b.csv.gz")


def test_a_file_is_read_from_an_archive_the_one_nearest_to_its_root(tmp_path: Path) -> None:
    folder = Folder(archive(tmp_path / "x.zip", old__set__a_csv=b"deep", set__a_csv=b"near", set__aa_csv=b"other"))
    assert folder.read("a.csv") == b"near"


def test_a_folder_offers_what_lies_directly_in_it(tmp_path: Path) -> None:
    archive(tmp_path / "x.zip", a_csv=b"")
    (tmp_path / "inner").mkdir()
    assert [folder.path.name for folder in folders(tmp_path)] == [tmp_path.name, "inner", "x.zip"]


def test_a_missing_file_names_the_closest(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"event.csv: no such file; did you mean 'events.csv'\?"):
        Folder(tmp_path).read("event.csv")
    with pytest.raises(ValueError, match=r"no such folder or zip archive"):
        folders(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"expected a folder or a zip archive"):
        folders(tmp_path / "events.csv")


def test_damage_is_told(tmp_path: Path) -> None:
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"content" * 1000)[:-20])
    (tmp_path / "text.csv.gz").write_bytes(b"not gzip")
    (tmp_path / "x.zip").write_bytes(b"not zip")
    whole = archive(tmp_path / "y.zip", a_csv=b"content" * 10).read_bytes()
    (tmp_path / "y.zip").write_bytes(whole.replace(b"content", b"contint"))
    for folder, name in ((tmp_path, "cut.csv"), (tmp_path, "text.csv"), (tmp_path / "y.zip", "a.csv")):
        with pytest.raises(ValueError, match=r"damaged, .*; copy or download it again"):
            Folder(folder).read(name)
    with pytest.raises(ValueError, match="not a zip archive that can be read"):
        Folder(tmp_path / "x.zip").read("a.csv")

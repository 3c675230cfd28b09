"""--mode=inspect: what it reports on images and arrays, and the sheet it draws."""

import json
import pathlib
import shutil

import numpy as np
import pytest

from tests.image_files import make_folder


def inspect(run_cli, *flags):
    done = run_cli("--mode=inspect", "--json", *flags)
    assert done.code == 0, done.err
    return json.loads(done.out)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr("tfapp.modes.inspect.main._READ_SECONDS", 0.05)


@pytest.mark.slow
def test_a_folder_of_images(run_cli, tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    folder = make_folder(tmp_path / "data" / "train", each=12)
    shutil.copytree(folder, tmp_path / "data" / "test")  # every example leaks
    found = inspect(run_cli, f"--dataset=folder:{folder.parent}", "--augment=flip,mixup")
    assert found["splits"] == {"train": 32, "test": 36, "validation": 4}
    assert found["features"][0]["shape"] == [24, 30, 3]
    assert sum(n["test"] for n in found["label"]["classes"].values()) == 36
    assert found["duplicates"]["train and test"]["count"] == 32
    assert found["duplicates"]["within train"]["count"] == 0
    pair = found["duplicates"]["train and test"]["examples"][0]
    assert pathlib.Path(pair[0]).read_bytes() == pathlib.Path(pair[1]).read_bytes()
    assert found["reading"]["engine"] == "resident"
    assert found["reading"]["examples_per_second"] > 0
    with pillow.open(found["sheet"]) as sheet:
        assert sheet.width > 8 * 72
        assert np.unique(np.asarray(sheet)).size > 50


def test_the_tables_warn_of_leakage(run_cli, save_npz):
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    path = save_npz(x_train=x, y_train=np.arange(40) % 2, x_test=x[:7], y_test=np.arange(7) % 2)
    done = run_cli("--mode=inspect", f"--dataset=npz:{path}")
    assert done.code == 0, done.err
    assert "duplicates  train and test:" in done.out
    assert "<- leakage" in done.out
    assert "the largest class of train is 1" in done.out
    assert not list(pathlib.Path().glob("*.png"))


def test_numbers_and_repeated_rows(run_cli, save_npz):
    x = np.arange(100, dtype=np.float32).reshape(50, 2)
    x[1] = x[0]
    found = inspect(run_cli, f"--dataset=npz:{save_npz(x=x, y=np.linspace(0, 9, 50))}")
    assert found["label"]["kind"] == "real"
    assert found["features"][0]["max"] <= 99
    assert found["label"]["values"]["train"]["std"] == pytest.approx(2.65, abs=0.3)
    total = sum(found["duplicates"][w]["count"] for w in found["duplicates"] if w != "compared")
    assert total == 1
    assert found["sheet"] is None


def test_output_names_the_sheet(run_cli, tmp_path):
    pytest.importorskip("PIL")
    found = inspect(run_cli, "--dataset=digits", f"--output={tmp_path / 'sheet.png'}")
    assert found["sheet"] == str(tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 1000

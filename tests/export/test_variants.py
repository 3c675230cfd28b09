"""What a format costs is measured, and one that loses too much is not published."""

import numpy as np
import pytest
import tensorflow as tf

from tfapp.errors import StorageError
from tfapp.export import speed
from tfapp.export.compare import agreement, relative_error, worst_difference
from tfapp.export.scoring import Scorer
from tfapp.export.signatures import OUTPUTS
from tfapp.export.variants import Loss, write_variants
from tfapp.export.versions import versions


class Rows:
    """A split of encoded examples in memory; all that a `Scorer` uses of one."""

    def __init__(self, **arrays):
        self._arrays = arrays
        self.num_examples = len(next(iter(arrays.values())))

    def fetch(self, indices):
        return {
            name: tf.constant(array[np.asarray(indices)]) for name, array in self._arrays.items()
        }


@pytest.fixture
def servable(make_image_servable):
    return make_image_servable()


@pytest.fixture
def score(servable, images):
    """A `Scorer` on labels that the servable's own model gives."""
    labels = np.argmax(servable.numeric(images), -1).astype("i4")
    return Scorer(
        split=Rows(image=images["image"], y=labels),
        servable=servable,
        preprocess=servable._preprocess,
        task=servable._task,
        label="y",
    )


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(speed, "_CALLS", 3)
    monkeypatch.setattr(speed, "_WARM_UP", 1)


def test_a_runtime_is_scored_by_what_it_gives(score, servable):
    def wrong(arguments):
        return {OUTPUTS: -servable.numeric(arguments).numpy()}

    def right(arguments):
        return {OUTPUTS: servable.numeric(arguments)}

    assert score(right).metrics["accuracy"] == 1
    assert score(right).worst_difference <= 1e-6
    assert score(wrong).metrics["accuracy"] == 0
    assert score(wrong).worst_difference > 0.1


@pytest.fixture
def write(servable, score, images, tmp_path):
    """write(names, most): the entries of these formats, of which so much accuracy may be lost."""

    def run(names, most=0.01):
        loss = Loss("accuracy", "max", 1.0, most)
        return write_variants(
            names, servable, tmp_path, images, score=score, facts=None, keep=0, loss=loss
        )

    return run


def test_every_format_has_size_quality_and_speed(write, tmp_path):
    onnx, lite = write(("onnx", "litert"))
    for entry in (onnx, lite):
        assert entry["version"] == str(tmp_path / entry["format"] / "1")
        assert entry["metrics"]["accuracy"] == 1
        assert entry["worst_difference"] <= 1e-5
        assert 0 < entry["gzip_bytes"] < entry["bytes"]
        assert 0 < entry["median_ms"] <= entry["p99_ms"]
        assert entry["examples_per_second_at_32"] > 0
    assert lite["bytes"] == (tmp_path / "litert" / "1" / "model.tflite").stat().st_size
    assert {p.name for p in (tmp_path / "litert" / "1").iterdir()} == {
        "model.tflite", "encoder.py", "encoder.json", "README.md",
    }  # fmt: skip


def test_a_format_that_loses_more_than_allowed_is_measured_and_not_published(write, tmp_path):
    (entry,) = write(("litert",), most=-0.5)
    assert (entry["version"], entry["lost"]) == (None, 0.0)
    assert entry["reason"] == "loses 0 of accuracy, more than -0.5"
    assert entry["metrics"]["accuracy"] == 1
    assert not versions(tmp_path / "litert")


def test_a_format_that_cannot_be_written_leaves_the_others(write, monkeypatch):
    def fail(*arguments):
        raise ValueError("no such form")

    monkeypatch.setattr("tfapp.export.litert.LiteRTExporter.write", fail)
    failed, onnx = write(("litert", "onnx"))
    assert failed["version"] is None
    assert "no such form" in failed["reason"]
    assert onnx["version"]


def test_a_full_disk_ends_it(write, monkeypatch):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tfapp.export.litert.LiteRTExporter.write", fail)
    with pytest.raises(StorageError, match="export could not be written"):
        write(("litert",))


@pytest.mark.parametrize(
    "goal, value, lost, allowed",
    [
        ("max", 0.89, 0.01, True),
        ("max", 0.88, 0.02, False),
        ("max", 0.95, -0.05, True),
        ("min", 0.909, 0.01, True),
        ("min", 0.95, 0.0556, False),
        ("max", float("nan"), float("nan"), False),
    ],
)
def test_what_is_lost(goal, value, lost, allowed):
    loss = Loss("quality", goal, 0.9, 0.01 + 1e-9)
    found = loss({"quality": value})
    assert found == pytest.approx(lost, abs=1e-3, nan_ok=True)
    assert loss.allows(found) == allowed


def test_differences_are_absolute_for_small_numbers_and_relative_for_large():
    assert worst_difference([0.0, 99.0], [0.001, 100.0]) == pytest.approx(1 / 101)
    assert worst_difference([np.nan], [1.0]) == np.inf
    assert relative_error([3.0, 4.0], [3.0, 5.0]) == pytest.approx(1 / np.sqrt(34))
    assert relative_error([np.nan], [1.0]) == np.inf
    assert relative_error([[1.0]], [1.0]) == np.inf


def test_answers_agree_where_all_but_numbers_are_the_same():
    right = {"class_id": np.array([1, 2]), "name": np.array([b"a", b"b"]), "p": np.ones(2)}
    assert agreement({**right, "p": np.zeros(2)}, right) == 1
    assert agreement({**right, "class_id": np.array([1, 3])}, right) == 0.5
    assert agreement({"p": np.zeros(2)}, {"p": np.ones(2)}) == 1

"""Training from files: the global order, for any engine, number of replicas and restart."""

import dataclasses
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from tests.data.opening import open_all
from tests.data.pets import Pets
from tests.data.streams import batches, digest, in_records
from tests.image_files import make_folder


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "animals", each=15)


def in_arrays(tmp_path, folder):
    """The folder's files as an .npz."""
    paths = sorted(folder.rglob("*.JPG"))
    images = [tf.io.decode_jpeg(path.read_bytes()).numpy() for path in paths]
    np.savez(tmp_path / "data.npz", image=images, label=np.arange(len(paths)) % 3)
    return f"npz:{tmp_path}/data.npz"


def in_tfds(tmp_path, folder):
    """A data set that TFDS has prepared, with random access."""
    del folder
    builder = Pets(data_dir=str(tmp_path / "tfds"), file_format="array_record")
    builder.download_and_prepare()
    return f"tfds:{builder.data_dir}"


def in_files(tmp_path, folder):
    del tmp_path
    return folder


SLOW = [pytest.param(make, marks=pytest.mark.slow) for make in (in_files, in_records, in_tfds)]


@pytest.mark.parametrize("make", [in_arrays, *SLOW])
def test_an_interrupted_epoch_goes_on_with_the_same_examples(tmp_path, folder, make, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data = make(tmp_path, folder)
    whole = list(batches(data, 0, 7))
    assert digest(whole) == digest([*whole[:4], *batches(data, 4, 3)])
    assert digest(whole) == digest([*whole[:4], *batches(data, 4, 3, replicas=2)])
    assert digest(whole[:2]) != digest(whole[3:5])


@pytest.mark.slow
def test_resident_and_stream_serve_the_same(folder):
    resident = list(batches(folder, 2, 3, engine="resident"))
    assert digest(resident) == digest(batches(folder, 2, 3))
    assert digest(resident) == digest(batches(folder, 2, 3, engine="resident", replicas=2))


@pytest.mark.slow
def test_random_windows_repeat_with_the_epoch_and_the_replicas(folder):
    cut = list(batches(folder, 0, 4, windows=True))
    assert digest(cut) == digest(batches(folder, 0, 4, windows=True, replicas=2))
    assert digest(cut) != digest(batches(folder, 0, 4))


RECIPE = {"model": "mlp", "batch_size": 12, "steps": 12, "xla": "off", "precision": "float32"}


def losses(make_experiment, folder, **changes):
    built = make_experiment(dataset=f"folder:{folder}", **{**RECIPE, **changes})
    built.engine.restart(0)
    run = built.run_loop
    return built, [run(step, 1).sums["loss"] for step in range(6)]


@pytest.mark.slow
@pytest.mark.parametrize("augment", [("flip", "colour", "mixup"), ("crop:4", "cutmix")])
def test_augmented_losses_agree_over_engines_and_replicas(make_experiment, folder, augment):
    _, expected = losses(make_experiment, folder, augment=augment)
    _, plain = losses(make_experiment, folder)
    assert expected != pytest.approx(plain, rel=1e-3)
    for changes in ({"engine": "stream"}, {"logical_devices": 2}):
        _, measured = losses(make_experiment, folder, augment=augment, **changes)
        assert measured == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
def test_random_windows_of_files_are_cut_while_decoding(make_experiment, folder):
    built, found = losses(make_experiment, folder, augment=("random_resized_crop", "flip"))
    assert built.engine_choice.name == "stream"
    assert "random_resized_crop cuts its window while a file is decoded" in (
        built.engine_choice.reason
    )
    _, two = losses(
        make_experiment, folder, augment=("random_resized_crop", "flip"), logical_devices=2
    )
    assert two == pytest.approx(found, rel=1e-4)


@pytest.mark.slow
def test_validation_is_left_alone(make_experiment, folder):
    changes = {"augment": ("random_resized_crop", "randaugment", "cutmix")}
    augmented, _ = losses(make_experiment, folder, **changes)
    plain = make_experiment(dataset=f"folder:{folder}", **RECIPE)
    fresh = make_experiment(dataset=f"folder:{folder}", **{**RECIPE, **changes})
    assert fresh.evaluate("validation").metrics == plain.evaluate("validation").metrics
    a, b = (e.data.source.splits["validation"].arrays()["image"] for e in (augmented, plain))
    assert np.array_equal(a, b)


@pytest.mark.slow
def test_evaluation_from_a_stream_is_the_same(make_experiment, folder):
    built = make_experiment(dataset=f"folder:{folder}", **RECIPE)
    expected = built.evaluate("validation").metrics
    needed = built.data.source.splits["validation"].nbytes
    assert needed < built.evaluate.allowed  # so it was resident
    streamed = dataclasses.replace(built.evaluate, allowed=needed - 1)
    assert streamed("validation").metrics == pytest.approx(expected, rel=1e-6)


@pytest.mark.slow
def test_a_file_that_vanishes_in_the_middle_of_an_epoch(run_cli, folder, tmp_path):
    path = sorted(folder.rglob("*.JPG"))[7]
    path.write_bytes(path.read_bytes()[:300])
    flags = (
        f"--dataset=folder:{folder}", "--model=mlp", "--steps=20", "--engine=stream",
        "--export=none", "--model_dir=run", "--xla=off", "--precision=float32",
    )  # fmt: skip
    done = run_cli(*flags)
    assert done.code == 3
    assert f"tfapp: {path}: is a damaged or truncated JPEG" in done.err
    assert "node" not in done.err
    done = run_cli(*flags, "--max_bad_examples=1")
    assert done.code == 0, done.err
    assert str(path) in pathlib.Path("run/bad_examples.jsonl").read_text()
    assert "1 bad example skipped" in done.err


@pytest.mark.slow
def test_bad_examples_do_not_count_in_evaluation(make_experiment, folder):
    built = make_experiment(dataset=f"folder:{folder}", max_bad_examples="50%", **RECIPE)
    test = built.data.source.splits["validation"]
    rows = test.arrays()
    path = pathlib.Path(test.reader.where(int(test.rows[1])))
    path.write_bytes(b"no image")
    kept = [i for i in range(test.num_examples) if i != 1]
    outputs = built.model(built.data.preprocess({"image": rows["image"][kept]}))
    accuracy = np.mean(np.argmax(outputs, -1) == rows["label"][kept])
    assert built.evaluate("validation").metrics["accuracy"] == pytest.approx(accuracy)


def test_shares_of_odd_sizes(folder):
    train = open_all(f"folder:{folder}").splits["train"]
    assert [train.chunk_size(n) for n in (1, 7, 32, 64, 96, 97)] == [1, 7, 32, 64, 48, 1]

"""Image folders, from the command line to the served model."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tests.image_files import jpeg, make_folder, picture


@pytest.mark.slow
def test_predictions_have_the_accuracy_and_loss_of_the_evaluation(run_cli, tmp_path):
    """Trains on a folder, and predicts the files of test, one of which has an EXIF rotation."""
    folder = make_folder(tmp_path / "data" / "train", each=16)
    test = make_folder(tmp_path / "data" / "test", each=6)
    (test / "cat" / "side.jpg").write_bytes(jpeg(picture(9, 30, 24), orientation=6))
    run = tmp_path / "run"
    done = run_cli(
        f"--dataset=folder:{folder.parent}", "--model=mlp", "--image_size=20", "--batch_size=12",
        "--steps=30", "--augment=flip", f"--model_dir={run}", "--xla=off", "--precision=float32",
    )  # fmt: skip
    assert done.code == 0, done.err
    metrics = json.loads((run / "summary.json").read_text())["metrics"]["test"]
    done = run_cli(
        "--mode=predict", f"--model_dir={run}", f"--input={test}", f"--output={tmp_path}/out.npz"
    )
    assert done.code == 0, done.err
    with np.load(tmp_path / "out.npz") as answers:
        found = dict(answers)
    files = sorted(p for p in test.rglob("*") if p.is_file())
    truth = np.array([("cat", "dog", "fox").index(p.parent.name) for p in files])
    assert len(files) == 19
    assert np.mean(found["class_id"] == truth) == metrics["accuracy"]
    loss = -np.mean(np.log(found["probabilities"][np.arange(19), truth].astype(np.float64)))
    assert abs(loss - metrics["log_loss"]) < 1e-5


def test_the_exported_model_takes_encoded_images(trained_run):
    signatures = tf.saved_model.load(trained_run.export_dir).signatures
    pixels = np.random.default_rng(0).integers(0, 17, (3, 8, 8, 1), dtype=np.uint8)
    encoded = tf.constant([tf.io.encode_png(image).numpy() for image in pixels])
    from_bytes = signatures["serving_bytes"](image=encoded)
    from_pixels = signatures["serving_default"](image=tf.constant(pixels))
    for name, value in from_pixels.items():
        assert np.array_equal(from_bytes[name], value), name

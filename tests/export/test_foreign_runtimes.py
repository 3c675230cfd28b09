"""Programs that are not ours read an export: 256 real test images, a tolerance of 1e-5."""

import subprocess
import sys

import numpy as np
import pytest

from tfapp.export.served_model import ServedModel

pytestmark = pytest.mark.slow
COUNT = 256
ONLY_TENSORFLOW = """
import sys
import numpy as np, tensorflow as tf
serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
answers = serve(image=tf.constant(np.load(sys.argv[2])))
assert "tfapp" not in sys.modules
np.savez(
    sys.argv[3],
    probabilities=answers["probabilities"].numpy(),
    class_name=answers["class_name"].numpy().astype("S"),
)
"""


@pytest.fixture(scope="module")
def images(trained_run):
    """The first test images of the digits, uint8 [256, 8, 8, 1]."""
    from tfapp.data import open_source
    from tfapp.spec import DIGITS

    del trained_run  # only has to have prepared the data
    return open_source(DIGITS).splits["test"].examples(COUNT)["image"]


@pytest.fixture(scope="module")
def answers(trained_run, images):
    return ServedModel(trained_run.export_dir).answer({"image": images})


def test_openvino_reads_the_savedmodel(trained_run, images, answers):
    openvino = pytest.importorskip("openvino")
    core = openvino.Core()
    model = core.compile_model(
        core.read_model(trained_run.export_dir), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    found = model(images)["probabilities"]
    assert len(found) == COUNT
    np.testing.assert_allclose(found, answers["probabilities"], rtol=1e-5, atol=1e-5)


def test_a_program_that_imports_only_tensorflow_reads_it(trained_run, images, answers, tmp_path):
    np.save(tmp_path / "images.npy", images)
    paths = [trained_run.export_dir, tmp_path / "images.npy", tmp_path / "out.npz"]
    done = subprocess.run(
        [sys.executable, "-c", ONLY_TENSORFLOW, *map(str, paths)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as out:
        np.testing.assert_allclose(out["probabilities"], answers["probabilities"], atol=1e-5)
        assert out["class_name"].tolist() == answers["class_name"].tolist()


def test_saved_model_cli_shows_the_signatures(trained_run):
    done = subprocess.run(
        [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli", "show",
         "--dir", trained_run.export_dir, "--all"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for name in ("serving_default", "serving_bytes", "classify", "core"):
        assert f"signature_def['{name}']" in done.stdout
    assert "shape: (-1, 8, 8, 1)" in done.stdout
    assert "Method name is: tensorflow/serving/classify" in done.stdout

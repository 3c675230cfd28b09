"""Two and four workers give the losses and the exported answers of one process, in every recipe.

TFAPP_WORKERS=2,4 in the environment runs all of them with as many workers; without it they are
skipped, for their time: test_several_workers.py runs one of each kind.
"""

import os
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import outcome, start_main
from tests.distribution.processes import losses, run_workers
from tfapp.data.sources import digits

COUNTS = [int(count) for count in os.environ.get("TFAPP_WORKERS", "").split(",") if count]
FLAGS = (
    "--model_dir=run", "--steps=100", "--batch_size=48", "--precision=float32", "--log_every=10",
    "--evaluate_every=25", "--early_stopping=0", "--export_weights=last", "--nocalibrate",
    "--writers=jsonl",
)  # fmt: skip
RECIPES = {
    "plain": (),
    "kernels": ("--xla=off",),
    "clip": ("--clip_norm=0.1",),
    "accumulate": ("--accumulate=2",),
    "ema": ("--ema=0.98",),
    # In small steps: what is normalised by its own statistics multiplies each rounding, under Adam
    # from 1e-7 after 10 steps to 1e-3 after 100, as it does between two placements of one process.
    "synchronised statistics": (
        "--model=convnet", "--model_arg=synchronized=true", "--optimizer=sgd",
        "--learning_rate=2e-4",
    ),
    "shards": ("--shard_optimizer", "--optimizer=adamw", "--weight_decay=0.1"),
    "stream": ("--engine=stream",),
    "augmentation": ("--augment=crop:1",),
    "augmentation, stream": ("--augment=crop:1", "--engine=stream"),
    "everything": (
        "--clip_norm=0.1", "--accumulate=2", "--ema=0.98", "--shard_optimizer", "--engine=stream",
        "--augment=crop:1", "--label_smoothing=0.1", "--class_weight=balanced",
    ),
}  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COUNTS, reason="TFAPP_WORKERS is not set"),
]


def answers(run, images):
    serve = tf.saved_model.load(str(run / "export" / "1")).signatures["serving_default"]
    return serve(image=tf.constant(images))["probabilities"].numpy()


@pytest.mark.parametrize("name", RECIPES)
def test_workers_compute_what_one_process_does(tmp_path, name, capsys):
    flags = (*FLAGS, *RECIPES[name])
    images = np.load(pathlib.Path(digits.__file__).with_name("digits.npz"))["image"][:200]
    (tmp_path / "one").mkdir()
    done = outcome(start_main(tmp_path / "one", *(f for f in flags if f != "--shard_optimizer")))
    assert done.code == 0, done.err
    expected = losses(tmp_path / "one" / "run")
    assert max(step for _, step in expected) == 100
    answered = answers(tmp_path / "one" / "run", images)
    for count in COUNTS:
        folders = [tmp_path / f"{count}-{i}" for i in range(count)]
        for folder in folders:
            folder.mkdir()
        done = run_workers(folders, *flags)
        assert [d.code for d in done] == [0] * count, [d.err for d in done]
        found = losses(folders[0] / "run")
        given = answers(folders[0] / "run", images)
        worst = max(abs(found[key] / loss - 1) for key, loss in expected.items())
        with capsys.disabled():
            print(
                f"\n{name}, {count} workers: losses differ by {worst:.1e} of their value, "
                f"probabilities by {np.abs(given - answered).max():.1e}"
            )
        assert found == pytest.approx(expected, rel=1e-5)
        assert given == pytest.approx(answered, abs=5e-5)

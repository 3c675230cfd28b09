"""--low_rank: a finished run goes on with low-rank layers, which whoever needs it finds again."""

import json
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

import tfapp
from tfapp.compression.grids import GRIDS
from tfapp.compression.kernels import kernels_of
from tfapp.compression.low_rank import LowRankDense
from tfapp.compression.sparsity import sparsity_of
from tfapp.errors import UsageError
from tfapp.experiment.kept import RANKS
from tfapp.run_folder import CHOICES


@pytest.fixture(scope="module")
def low_rank(trained_run, tmp_path_factory):
    """The Result of a run with low-rank layers."""
    folder = tmp_path_factory.mktemp("low-rank") / "run"
    return tfapp.run(
        tfapp.Config(
            init_from=trained_run.model_dir, low_rank=0.4, epochs=2, model_dir=str(folder),
            export=("savedmodel", "litert"), export_precision="bfloat16",
        )
    )  # fmt: skip


def test_it_has_fewer_weights_and_says_so(low_rank, trained_run):
    layer, last = low_rank.summary["low_rank"].values()
    assert (layer["shape"], last["shape"]) == ([64, 128], [128, 10])
    assert 0 < layer["rank"] <= 64 * 128 // (64 + 128)
    before, after = (r.summary["metrics"]["test"]["accuracy"] for r in (trained_run, low_rank))
    assert after > before - 0.03
    export = pathlib.Path(low_rank.export_dir)
    assert f"| 64 x 128 | {layer['rank']} |" in (export / "MODEL.md").read_text()
    shapes = [w.shape.as_list() for w in tf.saved_model.load(str(export)).trainable_weights]
    assert [64, layer["rank"]] in shapes and [64, 128] not in shapes


def test_it_is_evaluated_without_the_run_that_it_began_from(low_rank):
    again = tfapp.evaluate(low_rank.model_dir, init_from="gone")
    assert again["loss"] == pytest.approx(low_rank.summary["metrics"]["test"]["loss"])


def test_another_run_begins_with_it_and_is_taught_by_it(low_rank, make_experiment):
    run = low_rank.model_dir
    built = make_experiment(init_from=run, distill_from=run, distill_weight=1.0, xla="off")
    assert any(isinstance(layer, LowRankDense) for layer in built.model.layers)
    batch = built.data.source.splits["validation"].fetch(tf.range(32, dtype=tf.int64))
    functions = built.steps.functions(built.state)
    found = functions.gradients(built.state.read(), batch, tf.constant(0))
    assert float(tf.linalg.global_norm(found.grads)) < 1e-5  # both answer the same


def test_a_killed_run_goes_on_without_the_first_folder(trained_run, tmp_path):
    """The ranks are those of its first start."""

    def config(name, first):
        return tfapp.Config(
            init_from=str(first), low_rank=0.4, epochs=2, checkpoint_every="10",
            model_dir=str(tmp_path / name), export=(),
        )  # fmt: skip

    first = tmp_path / "first"
    shutil.copytree(trained_run.model_dir, first)
    whole = tfapp.run(config("whole", first))

    class Killed(Exception):
        pass

    def kill(_):
        raise Killed

    with pytest.raises(Killed):
        tfapp.run(config("killed", first), [tfapp.Action(tfapp.EverySteps(25), kill)])
    choices = json.loads((tmp_path / "killed" / CHOICES).read_text())
    assert choices[RANKS] == [layer["rank"] for layer in whole.summary["low_rank"].values()]
    first.rename(tmp_path / "moved")
    resumed = tfapp.run(config("killed", first))
    assert resumed.summary["metrics"] == whole.summary["metrics"]


def test_with_a_bound_that_no_layer_meets_the_log_says_so(make_experiment, trained_run, caplog):
    with caplog.at_level("WARNING", "tfapp"):
        built = make_experiment(init_from=trained_run.model_dir, low_rank=1e-6)
    assert "within --low_rank=1e-06 no dense layer would have fewer weights" in caplog.text
    assert not any(isinstance(layer, LowRankDense) for layer in built.model.layers)


def test_it_needs_weights_to_replace(make_experiment):
    with pytest.raises(UsageError, match=r"--low_rank=0\.4 needs --init_from"):
        make_experiment(low_rank=0.4)


@pytest.mark.parametrize(
    "placement, devices",
    [("loop", 0), pytest.param("gradients", 2, marks=pytest.mark.slow), ("off", 2)],
)
def test_it_is_pruned_and_rounded_as_well(make_experiment, trained_run, placement, devices):
    built = make_experiment(
        init_from=trained_run.model_dir, low_rank=0.4, prune=0.5, quantize="int8",
        logical_devices=devices, xla=placement,
    )  # fmt: skip
    built.engine.restart(0)
    assert built.run_loop(0, 20).bad_step is None
    (trainable, _), model = built.state.read_for_answers(), built.model
    assert sparsity_of(model, trainable)["overall"] == pytest.approx(0.5, abs=1e-3)
    grid, kernels = GRIDS["int8"], kernels_of(model)
    assert len(kernels) == 4  # the factors of two layers
    for kernel in kernels:
        value = trainable[kernel.position]
        assert np.array_equal(grid.on_grid(value, kernel.outputs_axis), value)

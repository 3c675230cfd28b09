"""Runs that make their model smaller: pruned in every placement, killed, from a finished run."""

import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf

import tfapp
from tfapp.compression.grids import GRIDS
from tfapp.compression.pruning import MASKS
from tfapp.compression.sparsity import sparsity_of
from tfapp.errors import UsageError
from tfapp.experiment.shared_checkpoints import open_checkpoints
from tfapp.run_folder import RunFolder
from tfapp.training.groups import EMA, TEACHER, TRAINABLE

STEPS = 20


def trained(experiment, first=0, steps=STEPS):
    experiment.engine.restart(first)
    assert experiment.run_loop(first, steps).bad_step is None
    return experiment.state.read()


@pytest.fixture(scope="module")
def kept():
    """Masks and weights after each of the trainings below."""
    return []


@pytest.mark.parametrize(
    "changes",
    [
        {"xla": "loop"},
        pytest.param({"xla": "off", "accumulate": 2, "logical_devices": 2}, marks=pytest.mark.slow),
        pytest.param({"xla": "off"}, marks=pytest.mark.slow),
        pytest.param({"xla": "step"}, marks=pytest.mark.slow),
        pytest.param({"xla": "gradients"}, marks=pytest.mark.slow),
        pytest.param({"xla": "update", "logical_devices": 2}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_every_placement_prunes_the_same(make_experiment, changes, kept):
    built = make_experiment(prune=0.8, ema=0.9, batch_size=64, **changes)
    trained(built)
    for replica in range(built.batches.num_replicas):
        values = built.state.read(replica)
        for group in (TRAINABLE, EMA):
            assert sparsity_of(built.model, values[group])["overall"] == 0.8
        kept.append(values)
        for mine, theirs in zip(values[MASKS], kept[0][MASKS], strict=True):
            assert np.mean(mine.numpy() != theirs.numpy()) < 2e-3  # by rounding at the threshold
    for mine, theirs in zip(values[MASKS], built.state.read(0)[MASKS], strict=True):
        assert np.array_equal(mine, theirs)


def test_a_run_that_goes_on_from_a_checkpoint_prunes_as_if_it_had_not_stopped(make_experiment):
    whole = trained(make_experiment(prune=0.8, ema=0.9))
    first, second = make_experiment(prune=0.8, ema=0.9), make_experiment(prune=0.8, ema=0.9)
    trained(first, steps=7)
    first.state.host.step = 7
    folder = RunFolder(pathlib.Path("checkpointed"), None, is_new=True)
    open_checkpoints(first, folder).save()
    assert open_checkpoints(second, folder).restore_latest() == 7
    resumed = trained(second, 7, STEPS - 7)
    for name, group in whole.items():
        for mine, theirs in zip(group, resumed[name], strict=True):
            assert np.array_equal(mine, theirs), name


@pytest.fixture(scope="module")
def pruned(trained_run, tmp_path_factory):
    """The Result of a run that prunes the weights of a finished one."""
    folder = tmp_path_factory.mktemp("pruned") / "run"
    return tfapp.run(
        tfapp.Config(
            init_from=trained_run.model_dir, prune=0.7, epochs=2, model_dir=str(folder), seed=1
        )
    )


def records(result, split):
    """The records of metrics.jsonl of a split."""
    lines = (pathlib.Path(result.model_dir) / "metrics.jsonl").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["split"] == split]


def test_a_finished_run_is_pruned_and_recovers(pruned, trained_run):
    before, after = (r.summary["metrics"]["test"]["accuracy"] for r in (trained_run, pruned))
    assert after > before - 0.03
    assert pruned.summary["sparsity"]["overall"] == pytest.approx(0.7, abs=1e-3)
    layers = pruned.summary["sparsity"]["layers"]
    assert len(layers) == 2 and all(0.3 < share < 0.8 for share in layers.values())
    assert records(pruned, "validation")[0]["loss"] < 0.5  # new weights begin at log(10)


def test_the_exported_weights_are_zero_and_the_card_lists_them(pruned):
    export = pathlib.Path(pruned.export_dir)
    weights = tf.saved_model.load(str(export)).trainable_weights
    zeros = sum(int(np.sum(w.numpy() == 0)) for w in weights if len(w.shape) == 2)
    assert zeros == pytest.approx(0.7 * sum(w.shape.num_elements() for w in weights), rel=0.02)
    assert "70.0% of the weights in kernels are zero" in (export / "MODEL.md").read_text()


def test_weights_count_only_once_they_are_pruned(pruned):
    steps = [record["step"] for record in records(pruned, "validation")]
    assert min(steps) < 0.6 * pruned.steps  # earlier ones were evaluated as well
    assert pruned.summary["best"]["step"] >= 0.6 * pruned.steps


def test_a_pruned_run_is_evaluated_without_the_run_that_it_began_from(pruned):
    again = tfapp.evaluate(pruned.model_dir, init_from="gone")
    assert again["loss"] == pytest.approx(pruned.summary["metrics"]["test"]["loss"])


SMALL = {"model": "mlp", "model_arg": ("hidden=8",), "augment": ("flip",)}


@pytest.fixture(scope="module")
def taught():
    """Weights after each of the trainings below."""
    return []


@pytest.mark.parametrize(
    "changes",
    [
        {"xla": "loop"},
        pytest.param(
            {"xla": "gradients", "accumulate": 2, "logical_devices": 2}, marks=pytest.mark.slow
        ),
        pytest.param({"xla": "off"}, marks=pytest.mark.slow),
        pytest.param({"xla": "step"}, marks=pytest.mark.slow),
        pytest.param({"xla": "update"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_every_placement_teaches_the_same(make_experiment, trained_run, changes, taught):
    built = make_experiment(
        distill_from=trained_run.model_dir, batch_size=64, **{**SMALL, **changes}
    )
    before = built.state.read()[TEACHER]
    values = trained(built)
    for mine, theirs in zip(before, values[TEACHER], strict=True):
        assert np.array_equal(mine, theirs)  # it learns nothing itself
    taught.append(values[TRAINABLE])
    for mine, theirs in zip(values[TRAINABLE], taught[0], strict=True):
        assert np.asarray(mine) == pytest.approx(np.asarray(theirs), abs=2e-4)
    assert not any(name.startswith(TEACHER) for name in built.state.to_store())


@pytest.mark.parametrize("weight", [1.0, 0.5])
def test_who_answers_as_the_teacher_has_nothing_to_learn_from_it(
    make_experiment, trained_run, weight
):
    """The gradient is zero at the teacher's weights if both see the same augmented batch."""
    run = trained_run.model_dir
    built = make_experiment(init_from=run, distill_from=run, distill_weight=weight, xla="off")
    functions = built.steps.functions(
        built.state, augment=lambda batch: {**batch, "image": 16 - batch["image"]}
    )
    batch = built.data.source.splits["validation"].fetch(tf.range(32, dtype=tf.int64))
    found = functions.gradients(built.state.read(), batch, tf.constant(0))
    norm = float(tf.linalg.global_norm(found.grads))
    assert norm < 1e-5 if weight == 1 else norm > 1e-2


def is_on_grid(kernel, name="int8"):
    """Whether rounding it changes no bit."""
    return np.array_equal(GRIDS[name].on_grid(tf.constant(kernel), -1), kernel)


@pytest.fixture(scope="module")
def rounded(trained_run, tmp_path_factory):
    """The Result of a run that rounds the weights of a finished one, and prunes them."""
    folder = tmp_path_factory.mktemp("rounded") / "run"
    return tfapp.run(
        tfapp.Config(
            init_from=trained_run.model_dir, quantize="int8", prune=0.5, epochs=2, ema=0.9,
            model_dir=str(folder),
        )
    )  # fmt: skip


@pytest.mark.slow
def test_what_is_exported_is_packed_and_what_was_measured(rounded, trained_run):
    served = tf.saved_model.load(rounded.export_dir)
    levels = [w.numpy() for w in served.trainable_weights if w.dtype == tf.int8]
    assert [kernel.shape for kernel in levels] == [(64, 128), (128, 10)]
    zeros = sum(int(np.sum(kernel == 0)) for kernel in levels)
    assert zeros >= 0.5 * sum(kernel.size for kernel in levels)  # pruned ones stay zero
    before, after = (r.summary["metrics"]["test"]["accuracy"] for r in (trained_run, rounded))
    assert after > before - 0.03
    again = tfapp.evaluate(rounded.model_dir)
    assert again["accuracy"] == after


@pytest.mark.parametrize(
    "name, bytes_of_a_weight",
    [("int4", 0.5), pytest.param("float8", 1, marks=pytest.mark.slow)],
)
def test_a_run_of_few_bits_is_exported_in_them(trained_run, tmp_path, name, bytes_of_a_weight):
    config = tfapp.Config(
        init_from=trained_run.model_dir, quantize=name, epochs=2, model_dir=str(tmp_path / "run")
    )
    result = tfapp.run(config)
    assert result.summary["metrics"]["test"]["accuracy"] > 0.9
    card = json.loads((pathlib.Path(result.export_dir) / "model_card.json").read_text())
    assert card["training"]["quantized_kernels"] == name
    served = tf.saved_model.load(result.export_dir)
    packed = [w for w in served.trainable_weights if w.dtype in (tf.int8, tf.uint8)]
    weights = 64 * 128 + 128 * 10
    assert sum(w.numpy().nbytes for w in packed) == bytes_of_a_weight * weights
    again = tfapp.evaluate(result.model_dir)
    assert again["accuracy"] == result.summary["metrics"]["test"]["accuracy"]


@pytest.mark.slow
def test_the_optimizer_keeps_weights_of_full_precision(make_experiment):
    built = make_experiment(quantize="int8", logical_devices=2, xla="gradients")
    values = trained(built)
    (stored, *_), ((used, *_), _) = values[TRAINABLE], built.state.read_for_answers()
    assert not is_on_grid(stored.numpy()) and is_on_grid(used.numpy())


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"model_arg": ("hidden=7",)}, "has other weights"),
        ({"flatten": True}, "--flatten=False, not True"),
        ({"dataset": "csv:table.csv", "label": "y"}, "other features or another label"),
        ({"init_from": "nowhere"}, "holds no checkpoints"),
        ({"distill_from": "nowhere", "init_from": ""}, "--distill_from=nowhere: holds no"),
        ({"prune": 0.5, "prune_begin": "15", "prune_end": "10"}, "comes after --prune_end=10"),
    ],
    ids=str,
)
def test_what_cannot_be_begun_with_is_refused_in_one_line(
    make_experiment, trained_run, tmp_path, changes, message
):
    (tmp_path / "table.csv").write_text(
        "x,y\n" + "".join(f"{i % 7 / 2},{i % 2}\n" for i in range(40))
    )
    with pytest.raises(UsageError, match=message) as error:
        make_experiment(**{"init_from": trained_run.model_dir, **changes})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "flags, message",
    [
        ({"prune": 0.5, "prune_pattern": "2:4"}, "contradicts --prune_pattern"),
        ({"prune": 0.5, "shard_optimizer": True}, "--shard_optimizer contradicts --prune"),
        ({"prune_pattern": "4:2"}, "--prune_pattern=4:2: write it as N:M"),
        ({"prune": 1.0}, "--prune=1.0"),
    ],
    ids=str,
)
def test_flags_that_contradict_are_refused(flags, message):
    with pytest.raises(UsageError, match=message):
        tfapp.Config(**flags)


@pytest.mark.parametrize("given", [False, True])
def test_it_is_warned_of_other_hold_outs_where_there_are_any(
    make_experiment, tmp_path, caplog, given
):
    rows = "".join(f"{i % 7 / 2},{'ab'[i % 2]}\n" for i in range(60))
    for name in ("train", "validation", "test") if given else ("train",):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / f"{name}.csv").write_text(f"x,y\n{rows}")
    recipe = {
        "dataset": f"csv:{tmp_path / 'data'}", "label": "y", "model": "linear", "steps": 4,
        "batch_size": 20,
    }  # fmt: skip
    first = tfapp.run(
        tfapp.Config(**recipe, model_dir=str(tmp_path / "first"), export=(), xla="off")
    )
    with caplog.at_level("WARNING", "tfapp"):
        make_experiment(**recipe, distill_from=first.model_dir, seed=1, xla="off")
    assert ("so it may have been trained on examples" in caplog.text) == (not given)

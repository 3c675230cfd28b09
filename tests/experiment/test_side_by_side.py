"""Batches in parts side by side: when, with how many threads, and what cannot be divided."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

import tfapp
from tests.training.losses import losses
from tfapp import cli
from tfapp.experiment import side_by_side
from tfapp.training.side_by_side import in_parts, split

TEXT = tfapp.Config(dataset="text:plays.txt")
GPT = dataclasses.replace(TEXT, model="gpt", batch_size=64)


@pytest.fixture(autouse=True)
def cores_are(monkeypatch):
    """cores_are(number): the machine has so many; 2 by default."""

    def put(number):
        monkeypatch.setattr(side_by_side, "cores", lambda: number)

    put(2)
    return put


@pytest.fixture
def threads(monkeypatch):
    """The numbers of threads an operation that TensorFlow has been set to."""
    found = []
    monkeypatch.setattr(tf.config.threading, "set_intra_op_parallelism_threads", found.append)
    return found


def parts(config, model="gpt", num_replicas=1, begun=None):
    return side_by_side.decide(config, model, num_replicas=num_replicas, begun=begun)


@pytest.mark.parametrize(
    "cores, batch_size, expected", [(1, 64, 1), (2, 64, 2), (3, 64, 2), (16, 64, 4), (16, 6, 2)]
)
def test_a_part_for_each_core_up_to_four(cores_are, cores, batch_size, expected):
    cores_are(cores)
    config = dataclasses.replace(GPT, batch_size=batch_size)
    assert parts(config).get("cpu_parts", 1) == expected


@pytest.mark.parametrize(
    "changes, others",
    [
        ({}, {"model": "resnet20"}),
        ({}, {"num_replicas": 2}),
        ({"batch_size": 63}, {}),
        ({"batch_size": 62, "accumulate": 2}, {}),
        ({"xla": "loop"}, {}),
        ({"cpu_parts": 1}, {}),
        ({}, {"begun": {}}),  # the run began with whole batches
    ],
    ids=str,
)
def test_whole_batches(changes, others):
    assert parts(dataclasses.replace(GPT, **changes), **others) == {}


def test_a_run_keeps_its_parts(cores_are):
    cores_are(16)
    assert parts(GPT, begun={"cpu_parts": 2}) == {"cpu_parts": 2}


def test_a_gpu_takes_batches_whole(monkeypatch):
    monkeypatch.setattr(side_by_side, "device_type", lambda: "GPU")
    assert parts(GPT, begun={"cpu_parts": 2}) == {}
    assert side_by_side.parts_of(dataclasses.replace(GPT, cpu_parts=2)) == 1


@pytest.mark.parametrize("cores, expected", [(2, 1), (3, 2), (16, 4)])
def test_an_operation_has_the_threads_of_its_part(cores_are, threads, cores, expected):
    cores_are(cores)
    side_by_side.share_cores(TEXT)
    assert threads == [expected]


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset": "digits"},
        {"mode": "eval", "model_dir": "run"},
        {"logical_devices": 2},
        {"xla": "step"},
        {"cpu_parts": 1},
        {"batch_size": 7},
        {"workers": ("a:1", "b:1"), "worker": 0},
    ],
    ids=str,
)
def test_all_cores_for_an_operation(threads, changes):
    side_by_side.share_cores(dataclasses.replace(TEXT, **changes))
    assert threads == []


@pytest.mark.parametrize("recipe, expected", [({"cpu_parts": 2}, [1]), ({}, [])])
def test_a_run_that_goes_on_has_the_threads_of_its_parts(threads, tmp_path, recipe, expected):
    choices = {"precision": "float32", "xla": "update", "recipe": recipe}
    (tmp_path / "choices.json").write_text(json.dumps(choices))
    side_by_side.share_cores(dataclasses.replace(TEXT, model_dir=str(tmp_path)))
    assert threads == expected


def test_threads_that_a_user_has_set_stay(threads, monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "2")
    side_by_side.share_cores(TEXT)
    assert threads == []


def test_only_the_command_lines_own_process_is_changed(run_cli, monkeypatch):
    configs = []
    monkeypatch.setattr(side_by_side, "share_cores", configs.append)
    assert run_cli("--only_check_args").code == 0
    assert configs == []
    assert cli.main(["main.py", "--only_check_args"], own_process=True) == 0
    assert [config.dataset for config in configs] == ["digits"]


def test_devices_that_are_made_stay_as_they_are():
    tf.zeros(1)
    before = tf.config.threading.get_intra_op_parallelism_threads()
    side_by_side.share_cores(TEXT)
    assert tf.config.threading.get_intra_op_parallelism_threads() == before


def test_parts_are_the_batch_in_order():
    batch = {"row": tf.range(8), "x": tf.ones((8, 3))}
    rows = [part["row"].numpy().tolist() for part in split(batch, 4)]
    assert rows == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_parts_draw_masks_of_their_own(make_experiment, save_npz):
    """Of a batch of the same example twice: with one mask its loss would be that of either."""
    image, labels = np.full((2000, 4, 4, 1), 255, "u1"), np.arange(2000) // 1999
    image[:, :2] = 0
    data = save_npz(x_train=image, y_train=labels, x_test=image, y_test=labels)
    recipe = {
        "dataset": f"npz:{data}", "model": "tests.models_for_tests:Dropping",
        "learning_rate": 1e-9, "xla": "off",
    }  # fmt: skip
    divided, _ = losses(make_experiment(**recipe, batch_size=2, cpu_parts=2), 5)
    first, _ = losses(make_experiment(**recipe, batch_size=1), 5)
    assert (np.abs(np.subtract(divided, first)) > 1e-4).all()


def test_a_batch_normalisation_needs_the_whole_batch(run_cli):
    done = run_cli(
        "--model=tests.models_for_tests:Normalised", "--cpu_parts=2", "--model_dir=run",
        "--export=none",
    )  # fmt: skip
    assert done.code == 2
    assert "tfapp: --cpu_parts=2: the model keeps what it sees of whole" in done.err


def test_a_layer_that_assigns_weights_needs_the_whole_batch():
    class Gradients:
        assigned = {0: tf.ones(1)}

    divided = in_parts(lambda values, batch: Gradients(), 2, lambda values, i: values)
    with pytest.raises(tfapp.TfappError, match="--cpu_parts=2: a layer of the model assigns"):
        divided({}, {"x": tf.ones((2, 1))})


def test_xla_contradicts_parts(run_cli):
    done = run_cli("--cpu_parts=2", "--xla=loop")
    assert done.code == 2
    assert "--cpu_parts=2 contradicts --xla=loop" in done.err

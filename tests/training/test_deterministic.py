"""--deterministic: every engine trains, and gives the same bits again."""

import pytest
from tensorflow.python.framework import config as tf_config

import tfapp


@pytest.fixture(autouse=True)
def deterministic_only_here():
    yield
    tf_config.disable_op_determinism()  # which is set for the whole process


@pytest.mark.parametrize("replicas", [0, 2])
@pytest.mark.parametrize("engine", ["stream", "resident"])
def test_the_same_bits_again(make_experiment, engine, replicas):
    losses = []
    for _ in range(2):
        experiment = make_experiment(
            engine=engine, deterministic=True, logical_devices=replicas, xla="off"
        )
        experiment.engine.restart(0)
        result = experiment.run_loop(0, 3)
        losses.append(result.sums["loss"])
        assert 0 <= result.sums["input_wait"] < 600
    assert losses[0] == losses[1]


@pytest.mark.slow
def test_a_whole_run_on_the_stream_engine(make_config):
    result = tfapp.run(make_config(engine="stream", deterministic=True, steps=5))
    assert result.status == "done"

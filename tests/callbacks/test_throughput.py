"""The rate of a run; its times are made up."""

from tfapp.callbacks.throughput import Throughput
from tfapp.training.moment import Moment


def moment(step, seconds):
    return Moment(step, total_steps=100, steps=10, seconds=seconds, sums={}, last=False)


def test_throughput_leaves_out_the_first_loop():
    notes = []
    throughput = Throughput(batch_size=32, note=notes.append, process_seconds=lambda: 64.25)
    assert throughput.summary()["examples_per_second"] is None
    throughput(moment(10, seconds=60.0))
    assert throughput.summary() == {
        "examples_per_second": None, "step_ms": None, "first_loop_seconds": 60.0,
        "first_step_at_seconds": 64.25,
    }  # fmt: skip
    throughput(moment(20, seconds=0.1))
    throughput(moment(30, seconds=0.3))
    assert throughput.summary() == {
        "examples_per_second": 1600.0, "step_ms": 20.0, "first_loop_seconds": 60.0,
        "first_step_at_seconds": 64.25,
    }  # fmt: skip
    assert notes == ["first step: 64.2 s after the start"]

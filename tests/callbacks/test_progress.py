"""What a user sees while training, on a terminal and elsewhere; stream and clock are fakes."""

import io
import sys

import numpy as np
import pytest

from tfapp.callbacks.progress import Progress
from tfapp.metrics.accuracy import Accuracy
from tfapp.training.trainer import Moment


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def moment(step, **changes):
    values = {
        "step": step, "total_steps": 1000, "steps": 10, "seconds": 0.1, "last": False,
        "sums": {
            "loss": 160.0, "accuracy": np.array([240.0, 320.0]), "count": 320.0, "input_wait": 0.0
        },
    }  # fmt: skip
    return Moment(**{**values, **changes})


def make(stream, clock):
    return Progress(
        steps_per_epoch=40, batch_size=32, metrics=(Accuracy(),), stream=stream, clock=clock
    )


def test_plain_lines_come_every_few_seconds(clock):
    stream = io.StringIO()
    progress = make(stream, clock)
    for step in range(10, 130, 10):
        clock.now += 1
        progress(moment(step))
    lines = stream.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == ["50/1000", "100/1000"]
    assert lines[0] == (
        "step 50/1000  epoch 1.2  loss 0.5000  accuracy 0.7500  3,200 examples/s  0:10 left"
    )
    assert "\r" not in stream.getvalue()


def test_the_first_loop_is_compilation_and_not_counted(clock):
    stream = io.StringIO()
    progress = make(stream, clock)
    clock.now = 9
    progress(moment(10, seconds=9.0))
    assert "examples/s" not in stream.getvalue()
    assert "left" not in stream.getvalue()


def test_the_end_is_always_shown(clock):
    stream = io.StringIO()
    make(stream, clock)(moment(1000, last=True))
    assert stream.getvalue().startswith("step 1000/1000")
    assert stream.getvalue().endswith("\n")


def test_a_terminal_has_one_live_line(clock):
    stream = Terminal()
    progress = make(stream, clock)
    for step in (10, 20, 30):
        clock.now += 1
        progress(moment(step))
    progress(moment(40, stop="signal"))
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.count("\r") == 4


def test_a_note_overwrites_the_live_line_whole(clock):
    stream = Terminal()
    progress = make(stream, clock)
    clock.now = 1
    progress(moment(10))
    progress.note("validation")
    shown = stream.getvalue().split("\r")
    assert len(shown[2].rstrip("\n")) >= len(shown[1])
    assert shown[2].strip() == "validation"


def test_hours(clock):
    stream = io.StringIO()
    progress = make(stream, clock)
    progress(moment(10))
    clock.now = 6
    progress(moment(20, total_steps=1_000_020, seconds=10 * 0.0123))
    assert "3:25:00 left" in stream.getvalue()


class Broken(io.StringIO):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "full"), ValueError("closed")])
def test_a_stream_that_fails_does_not_end_training(clock, error):
    progress = make(Broken(error), clock)
    for step in (10, 20):
        clock.now += 10
        progress(moment(step))
        progress.note("a line")


def test_a_process_without_stderr_can_train(clock, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    progress = make(None, clock)
    clock.now += 10
    progress(moment(10))

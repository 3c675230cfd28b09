"""What a user sees while training, on a terminal and elsewhere; stream and clock are fakes."""

import io
import itertools
import os
import pty
import sys
import termios

import numpy as np
import pytest

from tfapp.callbacks.progress import Progress
from tfapp.metrics.accuracy import Accuracy
from tfapp.metrics.mean import Mean
from tfapp.runtime import plain_text
from tfapp.training.trainer import Moment


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def make_terminal(monkeypatch):
    """make_terminal(columns, encoding): (stream, resize, written) of a real terminal."""
    monkeypatch.setenv("TERM", "xterm")
    opened = []

    def make(columns, encoding="utf-8"):
        master, slave = pty.openpty()
        attributes = termios.tcgetattr(slave)
        attributes[1] &= ~termios.OPOST  # as written, without "\r" before "\n"
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        stream = open(slave, "w", encoding=encoding)  # noqa: SIM115 (closed after the test)
        opened.extend([stream, open(master, "rb", buffering=0)])  # noqa: SIM115

        def resize(columns):
            termios.tcsetwinsize(slave, (24, columns))

        def written():
            """All since the last call: the terminal delivers it in parts."""
            stream.write("\0")
            stream.flush()
            data = b""
            while not data.endswith(b"\0"):
                data += os.read(master, 1 << 16)
            return data[:-1].decode(encoding)

        resize(columns)
        return stream, resize, written

    yield make
    for file in opened:
        file.close()


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


HOSTILE = "精度精度\x1b[2J\n"


def drawn(text):
    """What is drawn over one another on one line of a terminal."""
    return [part for part in text.replace("\n", "\r").split("\r") if part]


@pytest.mark.parametrize("columns", [10, 20, 40, 80, 200])
def test_the_live_line_fits_the_terminal(clock, make_terminal, columns):
    stream, _, written = make_terminal(columns)
    progress = make(stream, clock)
    for step in (10, 200, 999):
        clock.now += 1
        progress(moment(step))
    progress(moment(1000, last=True))
    shown = drawn(written())
    assert len(shown) == 4
    assert max(map(plain_text.width, shown)) < columns
    assert all(line.startswith("step "[: columns - 1]) for line in shown)
    for part, needed in (("loss", 40), ("left", 40), ("accuracy", 80), ("examples/s", 200)):
        assert (part in shown[-1]) == (columns >= needed)


def test_what_matters_most_stays_longest(clock, make_terminal):
    stream, resize, written = make_terminal(200)
    progress = make(stream, clock)
    progress(moment(10))
    kept = []
    for columns in range(100, 9, -1):
        resize(columns)
        clock.now += 1
        progress(moment(500))
        line = drawn(written())[-1]
        assert plain_text.width(line) < columns
        kept.append({word for word in line.split() if word.isalpha()})
    words = ["examples/s", "epoch", "accuracy", "left", "loss", "step"]
    assert all(later <= earlier for earlier, later in itertools.pairwise(kept))
    assert {"step", "loss", "epoch", "accuracy", "left"} <= kept[0] <= set(words)
    assert kept[-1] == {"step"}


def test_a_narrower_window_is_not_padded_to_the_old_width(clock, make_terminal):
    stream, resize, written = make_terminal(120)
    progress = make(stream, clock)
    clock.now = 1
    progress(moment(10))
    resize(30)
    clock.now = 2
    progress(moment(20))
    assert plain_text.width(drawn(written())[-1]) < 30


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_wide_and_hostile_names_fit_too(clock, make_terminal, encoding):
    stream, _, written = make_terminal(40, encoding)
    progress = Progress(
        steps_per_epoch=40, batch_size=32, stream=stream, clock=clock,
        metrics=(Mean(HOSTILE, None, "max"),),
    )  # fmt: skip
    clock.now = 1
    progress(moment(10, sums={"loss": 160.0, HOSTILE: np.ones(2), "count": 320.0}))
    text = written()
    assert not set("\x1b\n") & set(text)
    assert plain_text.width(drawn(text)[-1]) < 40


def test_a_terminal_that_cannot_overwrite_gets_plain_lines(clock, make_terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream, _, written = make_terminal(80)
    progress = make(stream, clock)
    for step in (10, 20):
        clock.now += 10
        progress(moment(step))
    text = written()
    assert "\r" not in text
    assert len(text.splitlines()) == 2


def test_a_terminal_that_does_not_know_its_width_has_the_usual_one(clock, make_terminal):
    stream, _, written = make_terminal(0)
    progress = make(stream, clock)
    clock.now = 1
    progress(moment(10))
    assert "epoch" in written()

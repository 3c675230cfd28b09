"""Writers by name, and what all of them owe: no step twice, none beyond the restored one."""

import csv
import json
import pathlib

import pytest

import tfapp
from tests.callbacks.writers.events import read_values
from tfapp.callbacks.writers import WRITERS, check_names, open_writers
from tfapp.callbacks.writers.writer import Writer
from tfapp.errors import UsageError


class TextWriter(Writer):
    """A user's own backend: a line a record, only what a `Writer` must have."""

    def scalars(self, step, split, values):
        with open(self.folder / "mine.txt", "a") as file:
            file.write(f"{step} {split} {values['loss']}\n")

    def rewind(self, step):
        path = self.folder / "mine.txt"
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        path.write_text("".join(line for line in lines if int(line.split()[0]) <= step))

    def close(self):
        pass


@pytest.fixture(autouse=True)
def with_a_fourth(monkeypatch):
    """Registers `TextWriter` as a user does, for one test."""
    monkeypatch.setattr(WRITERS, "_entries", dict(WRITERS._entries))
    WRITERS.register("mine", TextWriter)


def jsonl_steps(folder, split):
    lines = (pathlib.Path(folder) / "metrics.jsonl").read_text().splitlines()
    return [r["step"] for r in map(json.loads, lines) if r["split"] == split]


def csv_steps(folder, split):
    with open(folder / "metrics" / f"{split}.csv") as file:
        return [int(row["step"]) for row in csv.DictReader(file)]


def tensorboard_steps(folder, split):
    # The names of files of the same second end in a counter, so 10 comes before 9.
    return sorted(step for tag, step in read_values(folder, split) if tag == "loss")


def text_steps(folder, split):
    lines = map(str.split, (folder / "mine.txt").read_text().splitlines())
    return [int(step) for step, name, _ in lines if name == split]


BACKENDS = {
    "jsonl": jsonl_steps,
    "csv": csv_steps,
    "tensorboard": tensorboard_steps,
    "mine": text_steps,
}


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


@pytest.fixture
def steps_of(backend, tmp_path):
    """steps_of(split): the steps that the backend's files hold."""
    return lambda split: BACKENDS[backend](tmp_path, split)


@pytest.fixture
def start(backend, tmp_path):
    """start(resume_step): the writers of a process that begins there."""
    opened = []

    def open_at(step):
        opened.extend(open_writers([backend], tmp_path, resume_step=step))
        return opened[-1]

    yield open_at
    for writer in opened:
        writer.close()


def record(writer, *steps):
    for step in steps:
        writer.scalars(step, "train", {"loss": step / 8})
        if step % 20 == 0:
            writer.scalars(step, "validation", {"loss": step / 4})


def test_no_step_twice_and_none_beyond_a_resume(start, steps_of):
    writer = start(0)
    record(writer, 10, 20, 30, 40)
    writer.close()
    record(start(20), 30)
    assert steps_of("train") == [10, 20, 30]
    assert steps_of("validation") == [20]


def test_no_step_twice_and_none_beyond_a_restore(start, steps_of):
    writer = start(0)
    record(writer, 10, 20, 30, 40)
    writer.rewind(20)
    assert steps_of("train") == [10, 20]
    record(writer, 30, 40)
    writer.rewind(30)
    record(writer, 50)
    writer.close()
    assert steps_of("train") == [10, 20, 30, 50]
    assert steps_of("validation") == [20]


def test_a_record_outlives_a_killed_process(start, steps_of):
    record(start(0), 10)
    assert steps_of("train") == [10]  # nothing was flushed or closed


def test_a_run_that_starts_again_from_nothing_keeps_nothing(start, steps_of, tmp_path):
    writer = start(0)
    record(writer, 10, 20)
    writer.close()
    record(start(0), 10)
    assert steps_of("train") == [10]


def test_closing_twice_is_fine(start, steps_of):
    writer = start(0)
    record(writer, 10)
    writer.close()
    writer.close()
    assert steps_of("train") == [10]


def test_what_a_backend_cannot_hold_is_dropped(tmp_path):
    writer = TextWriter(tmp_path)
    writer.rewind(0)
    writer.images(1, "train", "pictures", None)
    writer.texts(1, "train", "text", "")
    writer.histograms(1, "train", "weights", [1.0])
    writer.artifact(1, "model", tmp_path / "model")
    writer.flush()
    assert (tmp_path / "mine.txt").read_text() == ""


def test_metrics_jsonl_is_always_written_and_nothing_twice(tmp_path):
    writers = open_writers(["csv", "csv", "jsonl"], tmp_path, resume_step=0)
    assert [type(writer).__name__ for writer in writers] == ["JsonlWriter", "CsvWriter"]
    for writer in writers:
        writer.close()


def test_a_failure_closes_those_opened_before(tmp_path, monkeypatch):
    closed = []

    def fail(self, step):
        raise OSError("no space left")

    monkeypatch.setattr(TextWriter, "rewind", fail)
    monkeypatch.setattr(TextWriter, "close", lambda self: closed.append(self))
    with pytest.raises(OSError, match="no space left"):
        open_writers(["mine"], tmp_path, resume_step=0)
    assert len(closed) == 1


@pytest.mark.parametrize(
    "names, message",
    [
        (["tensorbord"], "--writers=tensorbord: unknown; did you mean 'tensorboard'?"),
        (["csv", "nowhere:Writer"], "--writers=nowhere:Writer: importing 'nowhere' failed"),
        (["json:dumps"], "--writers=json:dumps: is not a subclass of tfapp.callbacks.writers"),
        (["pathlib:Path"], "--writers=pathlib:Path: is not a subclass"),
    ],
)
def test_names_are_checked_before_anything_is_opened(names, message):
    with pytest.raises(UsageError) as caught:
        check_names(names)
    assert message in str(caught.value)


def test_good_names_pass():
    check_names(["jsonl", "tensorboard", "csv", "mine", f"{__name__}:TextWriter"])


FRAGILE = """
import keras
import numpy as np

class Net(keras.Model):
    '''Infinite in training if an example of the batch has a value above 5.'''

    def __init__(self, outputs):
        super().__init__()
        self.head = keras.layers.Dense(outputs)

    def call(self, inputs, training=False):
        outputs = self.head(inputs)
        bad = keras.ops.any(inputs > 5.0)
        return keras.ops.where(bad, np.inf, outputs) if training else outputs

def data():
    x = np.random.default_rng(0).uniform(-1, 1, size=(400, 2)).astype("float32")
    x[120] = 100.0
    y = (x[:, 0] > 0).astype("int64")
    return {"train": (x[:200], y[:200]), "validation": (x[200:300], y[200:300]),
            "test": (x[300:], y[300:])}
"""


def test_going_back_rewinds_every_writer_of_a_run(make_config):
    """--nan_policy=restore: metrics.jsonl and TensorBoard have each step once."""
    pathlib.Path("fragile.py").write_text(FRAGILE)
    config = make_config(
        dataset="fragile:data", model="fragile:Net", batch_size=20, steps=10, log_every="1",
        nan_policy="restore", xla="off", precision="float32", seed=1,
    )  # fmt: skip
    tfapp.run(config)
    steps = jsonl_steps(config.model_dir, "train")
    assert len(steps) == 9  # of 10: the bad batch was left out
    assert steps == sorted(set(steps))
    assert tensorboard_steps(config.model_dir, "train") == steps

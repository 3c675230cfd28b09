"""Every file that tfapp writes and reads again: how it is made, and what reads it.

Each entry makes a sound file in the working directory, and reads it as a later start of a run, or a
neighbouring run, does.
"""

import json
import pathlib
import shutil

import numpy as np

from tests.conftest import ROOT
from tfapp import flags
from tfapp.callbacks.metric_text import metric_text
from tfapp.callbacks.writers.csv import CsvWriter
from tfapp.callbacks.writers.jsonl import JsonlWriter
from tfapp.callbacks.writers.tensorboard import TensorBoardWriter
from tfapp.config import Config
from tfapp.data import open_source
from tfapp.data.fingerprint import fingerprint
from tfapp.data.images import folder_index
from tfapp.data.records.index import build_index
from tfapp.data.splits.bad_examples import BadExamples
from tfapp.experiment import kept
from tfapp.experiment.calibration import cache
from tfapp.experiment.early_end import early_end
from tfapp.experiment.same_data import SameData
from tfapp.modes.predict.csv import csv_reader
from tfapp.run_folder import open_run_folder, read_run_folder
from tfapp.runtime.tf_settings import cache_folder
from tfapp.training import manifest
from tfapp.training.state import HostState

OLD = ROOT / "tests" / "old_runs" / "0.1.0"
RUN = pathlib.Path("runs/people.csv-1")
DATASET = f"csv:{OLD / 'people.csv'}"


def copy_run():
    """A run of an older version, with the files that only newer ones write."""
    shutil.copytree(OLD / "table-finished", RUN, dirs_exist_ok=True)
    raw = open_source(DATASET, label="pay")
    (RUN / "data.json").write_text(json.dumps(fingerprint(DATASET, raw)))
    (RUN / "bad_examples.jsonl").write_text('{"example": "a.csv, row 7", "reason": "is short"}\n')
    numbers = {"temperature": 1.5, "smearing": 1.2, "threshold": 0.3}
    (RUN / "adjustments.json").write_text(json.dumps(numbers))
    with_csv = CsvWriter(RUN)
    with_csv.scalars(5, "train", {"loss": 0.5})
    with_csv.close()
    events = TensorBoardWriter(RUN)
    events.scalars(5, "train", {"loss": 0.5})
    events.close()
    return raw


def _command(**changes):
    return Config(**{"dataset": DATASET, "label": "pay", "seed": 1, **changes})


def _open(**changes):
    open_run_folder(**flags.folder_arguments(_command(**changes))).close()


def _neighbour():
    """A default folder is looked for among those that are there."""
    _open()


def _continued():
    _open(model_dir=str(RUN))


def _evaluated():
    flags.parse(["main.py", "--mode=eval", f"--model_dir={RUN}"])


def _predicting():
    return Config(mode="predict", model_dir=str(RUN), input="in.csv", output="out.csv")


def _summary():
    found = kept.summary(read_run_folder(RUN))
    if found is not None:
        early_end(HostState(step=40), found, total_steps=50, early_stopping=0)
        for metrics in found["metrics"].values():
            metric_text(metrics, monitor=found["best"]["metric"])


def _same_data(raw):
    same = SameData(_command(), read_run_folder(RUN), None, train=False)
    return lambda: same(raw)


def _fitted(raw):
    def read():
        fitted = kept.fitted(read_run_folder(RUN))
        if fitted is not None:
            kept.check_fits(read_run_folder(RUN), fitted, raw.spec)

    return read


def _rewound(writer):
    def read():
        opened = writer(RUN)
        opened.rewind(10)
        opened.close()

    return read


def run_files(raw):
    """File below `RUN` -> what reads it."""
    checkpoint = RUN / "checkpoints" / "step-00000040"
    return {
        "identity.json": (_continued, _neighbour),
        "flags.txt": (_continued, _neighbour, _evaluated),
        "summary.json": (_summary, _neighbour),
        "data.json": (_same_data(raw), lambda: csv_reader(_predicting())),
        "adjustments.json": (lambda: kept.adjustments(read_run_folder(RUN)),),
        "preprocessing.json": (_fitted(raw),),
        "choices.json": (lambda: kept.choices(read_run_folder(RUN)),),
        "bad_examples.jsonl": (lambda: BadExamples("5").keep_in(RUN),),
        "metrics.jsonl": (_rewound(JsonlWriter),),
        "metrics/train.csv": (_rewound(CsvWriter),),
        _events(): (_rewound(TensorBoardWriter),),
        "checkpoints/step-00000040/manifest.json": (lambda: manifest.read(checkpoint, 40),),
    }


def _events():
    file = next(RUN.glob("tensorboard/train/events*"))
    return str(file.relative_to(RUN))


# The cache.

CHOICES = [{"precision": "float32", "xla": "loop", "step_ms": 1.5}]


def keep_choices():
    """Returns what must come out of a cache, whatever has become of it."""
    cache.keep("other", CHOICES)
    cache.keep("key", CHOICES)

    def read():
        assert cache.look_up("key") in (None, CHOICES)
        cache.keep("key", CHOICES)
        assert cache.look_up("key") == CHOICES

    return read


def keep_index(shard):
    """The same for the index of TFRecord files, and their decompressed copies."""
    pathlib.Path("t.tfrecord").write_bytes(shard)
    offsets = build_index(["t.tfrecord"]).offsets.tolist()

    def read():
        found = build_index(["t.tfrecord"])
        assert found.offsets.tolist() == offsets
        assert not found.bad
        for row in range(len(found)):
            found.read(row)

    return read


def keep_folder(monkeypatch):
    """The same for the list of a folder's images."""
    monkeypatch.setattr(folder_index, "_CACHED_FROM", 1)
    monkeypatch.setattr(folder_index, "_SETTLED_SECONDS", -1e6)
    for name in ("cat", "dog"):
        pathlib.Path("images", name).mkdir(parents=True)
        pathlib.Path("images", name, "1.png").write_bytes(b"")
    whole = folder_index.build_index("images", (b".png",))

    def read():
        found = folder_index.build_index("images", (b".png",))
        assert [found.path(row) for row in range(len(found))] == ["cat/1.png", "dog/1.png"]
        assert np.array_equal(found.top_ids, whole.top_ids)

    return read


def cached():
    """The files in the cache folder, but for locks."""
    files = sorted(p for p in cache_folder().rglob("*") if p.is_file() and p.suffix != ".lock")
    assert files
    return files

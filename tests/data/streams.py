"""Streams of batches from files, as training reads them."""

import hashlib

import numpy as np
import tensorflow as tf

from tests.data.opening import open_all
from tests.tf_examples import example
from tfapp.data.pipeline import choose as engines
from tfapp.data.splits.source import Source
from tfapp.distribution.devices import DeviceOptions
from tfapp.distribution.strategy import Wanted, build_distribution


def batches(data, first, count, *, engine="stream", replicas=1, windows=False, reader=None):
    """Yields the global batches of steps first, first + 1, ..., name -> NumPy [12, ...].

    Args:
      data: a folder of images, a str as --dataset, or a `Source`.
      reader: (`Source`) -> the `PieceReader` of a stream; None: of this process.
    """
    source = _opened(data)
    strategy = build_distribution(
        strategy="auto",
        wanted=Wanted(DeviceOptions(logical_devices=replicas)),
        batch_size=12,
        deterministic=False,
    ).strategy
    train = source.splits["train"]
    if windows:
        train = train.with_random_windows()
    choice = engines.EngineChoice(engine, "")
    more = {"reader": reader(source)} if reader else {}
    built = engines.build(
        choice, train, strategy=strategy, batch_size=12, seed=3, with_seeds=True, **more
    )
    built.restart(first)
    for step in range(first, first + count):
        with source.bad_examples.reporting():
            pulled = built.pull(built.inputs, tf.constant(step, tf.int64))
        parts = []
        for replica in range(replicas):
            own = tf.nest.map_structure(lambda v, r=replica: part_of(v, r), pulled)
            parts.append({k: v.numpy() for k, v in built.batch(own, replica).items()})
        yield {k: np.concatenate([part[k] for part in parts]) for k in parts[0]}


def _opened(data):
    if isinstance(data, Source):
        return data
    return open_all(data if isinstance(data, str) else f"folder:{data}")


def part_of(value, replica):
    return value.values[replica] if hasattr(value, "values") else value


def digest(found):
    """A hash of all that a run of batches holds, in its order."""
    total = hashlib.sha256()
    for batch in found:
        for name in sorted(batch):
            total.update(np.ascontiguousarray(batch[name]).tobytes())
    return total.hexdigest()


def in_records(tmp_path, folder):
    """The folder's files as TFRecords in two shards."""
    paths = sorted(folder.rglob("*.JPG"))
    for shard in range(2):
        with tf.io.TFRecordWriter(str(tmp_path / f"{shard}.tfrecord")) as writer:
            for number, path in enumerate(paths[shard::2]):
                writer.write(example(image=path.read_bytes(), label=number % 3))
    return f"tfrecord:{tmp_path}/*.tfrecord"

"""Reads TensorBoard's event files back."""

import pathlib
import re

import tensorflow as tf


def read_events(folder, split):
    """The events under `folder`/tensorboard/`split`, file by file in the order of their making."""
    for path in sorted(pathlib.Path(folder, "tensorboard", split).glob("events.*"), key=_made):
        for event in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            yield tf.compat.v1.Event.FromString(event)


def _made(path):
    """Time and counter in the file's name, as numbers: the tenth comes after the ninth."""
    return [int(number) for number in re.findall(r"\d+", path.name)]


def read_values(folder, split):
    """(tag, step) -> scalar. Fails for a tag that has a step twice."""
    found = {}
    for event in read_events(folder, split):
        for value in event.summary.value:
            key = (value.tag, event.step)
            assert key not in found, f"{key} is there twice"
            found[key] = float(tf.make_ndarray(value.tensor))
    return found

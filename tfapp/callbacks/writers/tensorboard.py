"""TensorBoard event files, one folder a split: tensorboard/train and tensorboard/validation."""

import pathlib

import tensorflow as tf

_NOT_PLOTTED = ("step", "split", "time")


class TensorBoardWriter:
    """Writes every number of a record as a scalar."""

    def __init__(self, folder):
        self._folder = pathlib.Path(folder)
        self._writers = {}

    def __call__(self, record):
        split = record["split"]
        if split not in self._writers:
            self._writers[split] = tf.summary.create_file_writer(str(self._folder / split))
        with self._writers[split].as_default(step=record["step"]):
            for name, value in record.items():
                if name not in _NOT_PLOTTED:
                    tf.summary.scalar(name, value)

    def close(self):
        for writer in self._writers.values():
            writer.close()

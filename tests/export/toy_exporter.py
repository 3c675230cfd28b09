"""A user's own export format: the weights of a linear model as .npz, answered by NumPy."""

import numpy as np

from tfapp.export.compare import check_answers
from tfapp.export.exporter import Exporter


class ToyExporter(Exporter):
    """Exports `tests.export.models.Counting`."""

    name = "toy"

    def write(self, servable, folder):
        kernel, bias = (v.numpy() for v in servable.trainable_weights)
        np.savez(folder / "weights.npz", kernel=kernel, bias=bias)

    def verify(self, servable, folder, examples):
        inputs = servable.preprocess(examples).numpy()
        with np.load(folder / "weights.npz") as weights:
            outputs = inputs.reshape(len(inputs), -1) @ weights["kernel"] + weights["bias"]
        check_answers(folder, servable.answers(outputs, inputs), servable.serve(examples), 1e-4)


class UnwritableExporter(ToyExporter):
    """Its disk is full in the middle of a file."""

    def write(self, servable, folder):
        (folder / "half").write_bytes(b"half of it")
        raise OSError(28, "No space left on device")


class Abstract(Exporter):
    """Lacks everything."""

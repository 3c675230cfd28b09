"""An export that needs no training, for the modes that only answer."""

import pathlib

import pytest
import tensorflow as tf


class _Sizes(tf.Module):
    """A number and a town: their answers show in which row they stood."""

    @tf.function(autograph=False)
    def serve(self, size, town):
        length = tf.cast(tf.strings.length(town), tf.float32)
        return {
            "probabilities": tf.stack([size, length, size + length], -1),
            "value": 2.0 * size,
            "word": tf.strings.upper(town),
        }


@pytest.fixture(scope="session")
def sizes_export(tmp_path_factory):
    """The folder of a run whose export/1 takes `size`, a number, and `town`, a string."""
    folder = tmp_path_factory.mktemp("sizes")
    module = _Sizes()
    specs = {"size": tf.TensorSpec([None], tf.float32, "size"),
             "town": tf.TensorSpec([None], tf.string, "town")}  # fmt: skip
    signature = module.serve.get_concrete_function(**specs)
    tf.saved_model.save(module, str(folder / "export" / "1"), {"serving_default": signature})
    return pathlib.Path(folder)

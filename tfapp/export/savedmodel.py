"""SavedModel in TensorFlow Serving's layout, export/1, export/2, ...: raw input in, answers out.

The model is written aside, read back, compared with what evaluation computes, and only then
renamed: a server that polls the folder never sees half of it or a wrong one.
"""

import os
import pathlib
import shutil

import numpy as np
import tensorflow as tf

from tfapp.data.images import decode as image_decode
from tfapp.errors import StorageError, TfappError
from tfapp.runtime.atomic_files import sync_folder
from tfapp.spec import SERVING_BYTES
from tfapp.training.forward import forward

_TOLERANCE = 1e-6  # of answers that are float32: what two orders of summation may differ by


class ServingModule(tf.Module):
    """One copy of the weights and the function that serves them.

    Keras's own export keeps a second copy of every weight (keras#23553); plain variables and a
    stateless call keep one.
    """

    def __init__(self, model, weights, preprocess, task, spec):
        """`weights`: values of the trainable and of the other variables."""
        super().__init__(name="tfapp")
        # One flat list for both kinds: a SavedModel keeps each of its variables once.
        self.trainable_weights = [tf.Variable(v, trainable=True) for v in weights[0]]
        self.other_weights = [tf.Variable(v, trainable=False) for v in weights[1]]
        signature = {
            f.name: tf.TensorSpec([None, *f.shape], f.dtype, name=f.name) for f in spec.features
        }

        def serve(**features):
            inputs = preprocess(preprocess.encode(features))
            outputs, _, _ = forward(
                model,
                [v.read_value() for v in self.trainable_weights],
                [v.read_value() for v in self.other_weights],
                inputs,
                training=False,
            )
            return task.answers(outputs, inputs)

        self.serve = tf.function(serve, autograph=False)
        self.signature = self.serve.get_concrete_function(**signature)
        self.served = {"serving_default": self.signature}
        if _takes_bytes(spec):
            self.served[SERVING_BYTES] = self._from_bytes(spec.features[0])

    def _from_bytes(self, feature):
        """The same for encoded images, string [batch], decoded as training decoded files."""
        height, width, channels = feature.shape
        decode = image_decode.decoder((height, width), channels)

        def serve_bytes(**features):
            pixels = tf.map_fn(
                decode,
                features[feature.name],
                fn_output_signature=tf.TensorSpec(feature.shape, tf.uint8),
            )
            return self.serve(**{feature.name: pixels})

        encoded = tf.TensorSpec([None], tf.string, name=feature.name)
        return tf.function(serve_bytes, autograph=False).get_concrete_function(
            **{feature.name: encoded}
        )


def _takes_bytes(spec):
    """True if the model's one input is an image of 8 bits, grey or in colour."""
    first, alone = spec.features[0], len(spec.features) == 1
    return alone and first.kind == "image" and first.dtype == "uint8" and first.shape[-1] in (1, 3)


def export(folder, *, model, weights, preprocess, task, spec, examples):
    """Writes the next version below `folder`.

    Args:
      folder: the export folder; versions are its subfolders 1, 2, ...
      model, weights, preprocess, task, spec: what to serve; see `ServingModule`.
      examples: raw features, name -> [n, ...], on which the written model is compared.

    Returns:
      the path of the new version.

    Raises:
      StorageError: it cannot be written.
      TfappError: the written model answers something else than the model in memory.
    """
    folder = pathlib.Path(folder)
    version = max(versions(folder), default=0) + 1
    unfinished = folder / f".unfinished-{version}"
    module = ServingModule(model, weights, preprocess, task, spec)
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        tf.saved_model.save(module, str(unfinished), signatures=module.served)
        _compare(unfinished, module, examples)
        _sync_tree(unfinished)
        os.rename(unfinished, folder / str(version))
        sync_folder(folder)
    except (OSError, tf.errors.OpError) as error:
        raise StorageError(f"{folder}: export could not be written: {error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder / str(version)


def versions(folder):
    """Numbers of the finished versions below `folder`."""
    folder = pathlib.Path(folder)
    return [int(p.name) for p in folder.iterdir() if p.name.isdigit()] if folder.is_dir() else []


def _compare(path, module, examples):
    """Reads the model back and compares its answers, also on a batch of one."""
    signatures = tf.saved_model.load(str(path)).signatures
    served = signatures["serving_default"]
    count = len(next(iter(examples.values())))
    for size in {count, 1}:
        batch = {name: tf.constant(array[:size]) for name, array in examples.items()}
        expected = module.signature(**batch)
        _check_equal(path, served(**batch), expected)
        if SERVING_BYTES in signatures:
            ((name, images),) = batch.items()
            encoded = tf.stack([tf.io.encode_png(image) for image in images])
            _check_equal(path, signatures[SERVING_BYTES](**{name: encoded}), expected)


def _check_equal(path, answers, expected):
    for name, value in answers.items():
        if not _close(value.numpy(), expected[name].numpy()):
            raise TfappError(
                f"{path}: the exported model answers another {name} than the trained one; "
                "nothing was exported"
            )


def _close(a, b):
    if a.dtype.kind == "f":
        return np.allclose(a, b, rtol=_TOLERANCE, atol=_TOLERANCE)
    return np.array_equal(a, b)


def _sync_tree(folder):
    for root, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(root, name), "rb") as file:
                os.fsync(file.fileno())
        sync_folder(root)

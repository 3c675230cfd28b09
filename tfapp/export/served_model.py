"""Reads a SavedModel that tfapp exported: raw features in, answers out, by the features' own names.

Only TensorFlow is used, nothing of the code or data that made the model. Exports of tfapp 0.1 lack
the file of arguments: there each argument has its feature's name.
"""

import pathlib

import tensorflow as tf

from tfapp.errors import DataError
from tfapp.runtime import json_files
from tfapp.runtime.json_shape import Each
from tfapp.spec import SERVING_BYTES, SERVING_DEFAULT

# In a SavedModel's folder: JSON, name of a feature -> argument of the signatures. TensorFlow
# Serving leaves assets.extra alone.
ARGUMENTS = pathlib.Path("assets.extra", "arguments.json")
# Likewise: JSON, the names of the classes in the order of the probabilities. Exports of tfapp 0.1
# lack it.
CLASS_NAMES = pathlib.Path("assets.extra", "class_names.json")


class ServedModel:
    """One exported version."""

    def __init__(self, path):
        """Reads the version at `path`. Raises DataError if that is no SavedModel of tfapp."""
        path = pathlib.Path(path)
        try:
            self._model = tf.saved_model.load(str(path))  # kept: signatures do not keep it
            known = _extra(path / ARGUMENTS, Each(str), {})
            self.class_names = tuple(_extra(path / CLASS_NAMES, [str], []))
        except Exception as error:  # TensorFlow raises many kinds for what is damaged
            lines = str(error).strip().splitlines() or [type(error).__name__]
            reason = lines[0][:120]
            raise DataError(f"{path}: cannot be read as a SavedModel ({reason})") from error
        if SERVING_DEFAULT not in self._model.signatures:
            raise DataError(f"{path}: has no signature {SERVING_DEFAULT}")
        self._default = self._model.signatures[SERVING_DEFAULT]
        features = {argument: feature for feature, argument in known.items()}
        taken = self._default.structured_input_signature[1]
        if known and set(known.values()) != set(taken):
            raise DataError(f"{path / ARGUMENTS}: is not of this model; export it again")
        self._arguments = {features.get(argument, argument): argument for argument in taken}
        # Feature -> tf.TensorSpec [None, ...].
        self.inputs = {name: taken[argument] for name, argument in self._arguments.items()}
        # Name of an answer -> its values an example; None: one, or not known before.
        self.answer_widths = {
            name: spec.shape[1] if spec.shape.rank == 2 else None
            for name, spec in self._default.structured_outputs.items()
        }
        self.takes_bytes = SERVING_BYTES in self._model.signatures

    @property
    def functions(self):
        """Signature -> tf.ConcreteFunction."""
        return dict(self._model.signatures)

    @property
    def features(self):
        """Argument of the signatures of raw features -> name of the feature."""
        return {argument: name for name, argument in self._arguments.items()}

    def answer(self, features):
        """Answers raw features.

        Args:
          features: name -> array or tensor [batch, ...], for each of `inputs`.

        Returns:
          name of an answer -> NumPy [batch, ...].

        Raises:
          tf.errors.OpError: an input that the model cannot work on.
        """
        arguments = {
            argument: tf.convert_to_tensor(features[name], self.inputs[name].dtype)
            for name, argument in self._arguments.items()
        }
        return _as_numpy(self._default(**arguments))

    def answer_bytes(self, files):
        """Answers encoded images, a list of bytes; only if `takes_bytes`. As `answer` otherwise."""
        (argument,) = self._arguments.values()
        serve = self._model.signatures[SERVING_BYTES]
        return _as_numpy(serve(**{argument: tf.constant(files, tf.string)}))


def _extra(file, shape, missing):
    """The JSON of a file, or `missing` if there is no such file."""
    try:
        return json_files.read(file, shape)
    except FileNotFoundError:
        return missing


def _as_numpy(answers):
    """By name, because TensorFlow gives them in another order in each process."""
    return {name: answers[name].numpy() for name in sorted(answers)}

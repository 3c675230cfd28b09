"""Reads a language model that tfapp exported: contexts of tokens in, logits of the next token out.

Only TensorFlow is used, nothing of the code or data that made the model. A context is at most the
window that the model was trained on.
"""

import logging
import pathlib

import numpy as np
import tensorflow as tf

from tfapp.data.preprocessing.tokens import Tokens
from tfapp.errors import DataError, UsageError
from tfapp.export.decoding import CACHE, DECODE, IDS, LOGITS, POSITIONS, PREFILL
from tfapp.runtime import json_files
from tfapp.runtime.json_shape import Each

_LOG = logging.getLogger("tfapp")
# In a SavedModel's folder: JSON, name of the text's feature -> what `Tokens.to_json` gives.
TOKENS = pathlib.Path("assets.extra", "tokens.json")
_CORE = "core"  # signature: ids [batch, window] -> logits [batch, window, vocabulary]
_SHAPE = Each({"pieces": [str], "length": int, "unit": str, "stream": bool})


class ServedDecoder:
    """One exported version of a language model.

    Attributes:
      feature: name of its text.
      tokens: the `Tokens` that cut it.
      window: most tokens of a context.
      has_cache: whether `step` is there; else contexts are read from their beginning each time.
    """

    def __init__(self, path, *, compile_steps=False):
        """Reads the version at `path`.

        Args:
          compile_steps: whether `step` is compiled by XLA, once for each size of a batch. That
            takes as long as some hundred steps without.

        Raises:
          UsageError: the model continues no text, or an earlier tfapp exported it.
          DataError: it is damaged.
        """
        path = pathlib.Path(path)
        self.feature, self.tokens = _read_tokens(path)
        self.window = self.tokens.length
        try:
            self._model = tf.saved_model.load(str(path))  # kept: signatures do not keep it
            signatures = self._model.signatures
            self.has_cache = DECODE in signatures
            self._read = signatures[PREFILL if self.has_cache else _CORE]
            self._step = signatures[DECODE] if self.has_cache else None
            self._compiled = _compiled(self._step) if self.has_cache and compile_steps else None
        except Exception as error:  # TensorFlow raises many kinds for what is damaged
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
            raise DataError(f"{path}: cannot be read as a SavedModel ({reason})") from error

    def read(self, ids, positions):
        """Reads contexts from their beginning.

        Args:
          ids: int32 [batch, window], 0 behind the end of a shorter context.
          positions: int32 [batch], of each context's last token.

        Returns:
          (logits of the next token, float32 NumPy [batch, vocabulary], cache or None).
        """
        ids = tf.constant(ids, tf.int32)
        if self.has_cache:
            return _taken_apart(self._read(**{IDS: ids, POSITIONS: tf.constant(positions)}))
        (argument,) = self._read.structured_input_signature[1]
        (logits,) = self._read(**{argument: ids}).values()
        return tf.gather(logits, positions, batch_dims=1).numpy().astype(np.float32), None

    def step(self, ids, positions, cache):
        """Reads one token more of each context; only if `has_cache`.

        Args:
          ids: int32 [batch], the tokens.
          positions: int32 [batch], where they stand, below the window.
          cache: of the call before.

        Returns:
          as `read`.
        """
        arguments = {IDS: tf.constant(ids), POSITIONS: tf.constant(positions), **cache}
        if self._compiled is not None:
            try:
                return _taken_apart(self._compiled(arguments))
            except tf.errors.OpError as error:
                reason = str(error).strip().splitlines()[0][:120]
                _LOG.warning("generate: steps are not compiled: %s", reason)
                self._compiled = None
        return _taken_apart(self._step(**arguments))


def _compiled(step):
    return tf.function(lambda arguments: step(**arguments), jit_compile=True, autograph=False)


def _taken_apart(outputs):
    cache = {name: part for name, part in outputs.items() if name.startswith(CACHE)}
    return outputs[LOGITS].numpy(), cache


def _read_tokens(path):
    """(feature, `Tokens`) of the version at `path`."""
    try:
        ((feature, value),) = json_files.read(path / TOKENS, _SHAPE).items()
    except FileNotFoundError as error:
        raise UsageError(
            f"--model_dir: {path} continues no texts: it is no language model (--dataset=text:FILE "
            "--model=gpt), or an earlier tfapp exported it; train it, or export it again"
        ) from error
    except (ValueError, OSError) as error:
        raise DataError(f"{path / TOKENS}: {error}; export the model again") from error
    return feature, Tokens.from_json(value)

"""Prompts as tokens, and tokens as text."""

import numpy as np
import tensorflow as tf

from tfapp.data.preprocessing.tokens import FIRST_PIECE, PAD, UNKNOWN
from tfapp.errors import DataError
from tfapp.modes.predict.stream import InputStream, Piece


class GivenPrompt(InputStream):
    """--prompt, as an input of one row."""

    files = ()
    total = 1

    def __init__(self, prompt, feature):
        """`feature`: the name of the model's text."""
        self._piece = Piece([""], {feature: np.array([prompt], object)}, {})

    def pieces(self, start):
        """See `InputStream`."""
        yield self._piece.rows(start, None)


def ids_of(where, text, tokens):
    """The ids of a prompt's tokens, int32 [n], at most the last that fit into the window.

    Args:
      where: what messages call it.
      text: the prompt.
      tokens: the model's `Tokens`.

    Raises:
      DataError: it is empty, or holds a character that the model does not know.
    """
    ids = tokens.encode(tf.constant([text], tf.string)).numpy()[0]
    ids = ids[ids != PAD]
    if not len(ids):
        raise DataError(f"{where}: is empty; give at least one character to continue")
    if UNKNOWN in ids:
        unknown = next((c for c in text if not _is_known(c, tokens)), text[:20])
        code = f" (U+{ord(unknown):04X})" if len(unknown) == 1 else ""
        raise DataError(
            f"{where}: holds {unknown!r}{code}, which is not in the text that the model was "
            "trained on; leave it out"
        )
    return ids


def _is_known(character, tokens):
    return UNKNOWN not in tokens.encode(tf.constant([character], tf.string)).numpy()[0]


def text_of(ids, tokens):
    """The text that tokens spell."""
    return "".join(tokens.pieces[i - FIRST_PIECE] for i in np.asarray(ids).tolist())

"""The contract of a piece reader: where the examples of a stream are read, here or elsewhere."""

import abc
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tfapp.spec import reserved_name

INDICES = reserved_name("indices")  # of the examples in a piece, int64 [size]


class Pieces(NamedTuple):
    """Which examples a stream holds. A piece is what one call reads; pieces have numbers."""

    size: int  # examples in a piece
    first: int  # number of the first piece
    end: int  # number after that of the last piece; tf.int64.max: the stream has no end
    draw: Callable[[tf.Tensor], dict]
    # From a piece's number, int64 scalar, to {INDICES: its examples, ...}, in a graph. The order
    # depends on nothing else, so a piece may be read anywhere, at any time, and again.


class PieceReader(abc.ABC):
    """Reads pieces in parallel, ahead of the training loop."""

    @abc.abstractmethod
    def read(self, split, pieces):
        """Reads the pieces of a `Split` in the order of their numbers.

        Args:
          split: a `Split`.
          pieces: `Pieces` of it.

        Returns:
          a data set of dicts of tensors [size, ...]: what `Split.load_chunk` gives for the indices
          and `spec.EXAMPLE_SEED`, and the entries of `draw` but for INDICES.
        """

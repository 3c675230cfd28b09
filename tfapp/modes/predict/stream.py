"""The contract of what --mode=predict reads: --input piece by piece, in the memory of a piece."""

import abc
import dataclasses
import pathlib
from collections.abc import Iterator

import numpy as np


@dataclasses.dataclass(frozen=True)
class Piece:
    """Some rows of --input, in its order."""

    names: list[str]  # one a row: its file, or its number
    features: dict[str, np.ndarray]  # feature -> [n, ...]; of encoded images object [n] of bytes
    kept: dict[str, list]  # column that is copied to the output -> its n values

    def __len__(self):
        return len(self.names)

    def rows(self, start, stop):
        """The rows from `start` up to `stop`."""
        return Piece(
            self.names[start:stop],
            {name: array[start:stop] for name, array in self.features.items()},
            {name: values[start:stop] for name, values in self.kept.items()},
        )


class InputStream(abc.ABC):
    """What --input holds, opened: that it exists and has the columns that are needed is known.

    Attributes:
      files: what is read, for noticing that it has changed.
      kept: names of the columns that are copied to the output.
      encoded: whether the one feature holds encoded images.
      total: number of rows, where that is known before they are read; else None.
    """

    files: list[pathlib.Path]
    kept: tuple[str, ...] = ()
    encoded: bool = False
    total: int | None = None

    @abc.abstractmethod
    def pieces(self, start) -> Iterator[Piece]:
        """Yields all rows from number `start` on, counted from 0. To be called once.

        Raises:
          DataError: a row cannot be read; the message names the file and the row.
        """


def joined(pieces):
    """Consecutive pieces as one."""
    if len(pieces) == 1:
        return pieces[0]
    return Piece(
        [name for piece in pieces for name in piece.names],
        {n: np.concatenate([p.features[n] for p in pieces]) for n in pieces[0].features},
        {n: [value for p in pieces for value in p.kept[n]] for n in pieces[0].kept},
    )


def batches(pieces, size):
    """Yields pieces of `size` rows; the last may be smaller."""
    held, count = [], 0
    for piece in pieces:
        held, count = [*held, piece], count + len(piece)
        if count < size:
            continue
        whole = joined(held)
        stop = count - count % size
        for start in range(0, stop, size):
            yield whole.rows(start, start + size)
        held, count = [whole.rows(stop, count)] if stop < count else [], count - stop
    if held:
        yield joined(held)

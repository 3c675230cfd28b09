"""Columns of a table that hold the same values in every row, whatever they are called."""

import hashlib

import numpy as np
import pyarrow as pa

from tfapp.data.tables import columns


def find(part, kinds):
    """Duplicates among the columns of a `Part`.

    Columns of one kind are compared: those that agree in what is cheap to see, such as the lowest
    and the highest number, by a hash of all their rows.

    Args:
      kinds: name of a column -> its kind.

    Returns:
      name -> an earlier column that equals it.
    """
    alike = {}
    for name, kind in kinds.items():
        alike.setdefault((kind, _outline(part.columns[name])), []).append(name)
    found = {}
    for group in alike.values():
        first = {}
        for name in group if len(group) > 1 else ():
            original = first.setdefault(_content(part, name), name)
            if original != name:
                found[name] = original
    return found


def _outline(chunks):
    """What equal columns have in common and is cheap to see."""
    missing = sum(chunk.null_count for chunk in chunks)
    chunks = [chunk for chunk in chunks if len(chunk)]
    if not _are_numbers(chunks):
        return missing, str(chunks[0][0]), str(chunks[-1][-1])
    return missing, *columns.bounds(chunks)


def _content(part, name):
    """A hash of all values."""
    chunks = part.columns[name]
    if _are_numbers(chunks):
        return _digest(np.concatenate([_doubles(chunk) for chunk in chunks]).tobytes())
    column = part.strings(name)
    # Numbered by first occurrence, so that equal columns have equal codes.
    used, first, codes = np.unique(column.codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    words = "\0".join(column.values[used[order]].tolist()).encode("utf-8", "surrogatepass")
    return _digest(np.argsort(order)[codes].astype(np.int32).tobytes() + words)


def _are_numbers(chunks):
    return all(
        columns.is_number(chunk.type) or pa.types.is_boolean(chunk.type)
        for chunk in chunks
        if not pa.types.is_null(chunk.type)
    )


def _doubles(chunk):
    """float64 [n], NaN for missing."""
    if pa.types.is_boolean(chunk.type):
        chunk = chunk.cast(pa.uint8())
    return chunk.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False) + 0.0  # -0 is 0


def _digest(content):
    return hashlib.blake2b(content, digest_size=16).digest()

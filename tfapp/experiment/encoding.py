"""Encodes a source, and looks for categories that do not occur in train."""

import dataclasses
import logging

import numpy as np

from tfapp.errors import DataError

_LOG = logging.getLogger("tfapp")
_ACCEPT = "--unknown_category=accept treats it as unknown"
_MANY = 0.1  # share of a split whose categories are new: they may be spelt in another way


def encode(source, preprocess, *, unknown_category, pack=True):
    """Encodes a source.

    In splits that were held out of train at random, unknown categories are accepted and logged.
    Elsewhere --unknown_category and --max_bad_examples decide.

    Args:
      source: a raw `Source` with all splits.
      preprocess: the fitted `Preprocessing`.
      unknown_category: "stop" or "accept".
      pack: whether many columns of numbers may become one matrix.

    Raises:
      DataError: a category is unknown.
    """
    splits = dict(source.splits)
    for name in ("validation", "test"):
        accept = unknown_category == "accept" or name in source.held_out
        splits[name] = _checked(source, name, preprocess, accept)
    return preprocess.encode_source(dataclasses.replace(source, splits=splits), pack=pack)


def _checked(source, name, preprocess, accept):
    split = source.splits[name]
    unknown = {}
    for feature in source.spec.features:
        if feature.kind != "category":
            continue
        found = preprocess.transforms[feature.name].unknown(split.arrays()[feature.name])
        if found is not None:
            unknown[feature.name] = found
    bad = np.zeros(split.num_examples, bool)
    for feature, rows in unknown.items():
        bad |= rows
        for row in np.flatnonzero(rows)[: 1 if accept else None]:
            value = np.asarray(split.arrays()[feature][row : row + 1])[0]
            reason = f"{feature} {value!r} does not occur in train"
            if accept:
                _LOG.log(
                    logging.WARNING if rows.mean() > _MANY else logging.INFO,
                    "data: %s: %d of %d have a %s that does not occur in train, such as %r",
                    name, rows.sum(), len(rows), feature, value,
                )  # fmt: skip
            else:
                source.bad_examples.skip(split.name_of(row), f"{reason} ({_ACCEPT})")
    if accept or not bad.any():
        return split
    if bad.all():
        raise DataError(f"{source.spec.name}: no example of {name} is left")
    return split.subset(np.flatnonzero(~bad))

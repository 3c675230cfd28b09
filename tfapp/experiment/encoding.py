"""Fits preprocessing and encodes a source; finds the categories that train lacks on the way."""

import dataclasses
import logging

import numpy as np

from tfapp.data import preprocessing
from tfapp.errors import DataError

_LOG = logging.getLogger("tfapp")
_ACCEPT = "--unknown_category=accept lets the model take it for unknown"


def fit(config, source):
    """`Preprocessing` fitted on train as `config` says."""
    return preprocessing.fit(
        source.spec,
        source.splits["train"],
        length=config.text_length,
        unit=config.text_unit,
        size=config.vocabulary_size,
    )


def encode(config, source, preprocess):
    """Returns `source` as `preprocess` encodes it.

    In splits that were carved out of train by chance, unknown categories are accepted, and said.
    Elsewhere --unknown_category and --max_bad_examples decide.

    Raises:
      DataError: an unknown category.
    """
    splits = dict(source.splits)
    for name in ("validation", "test"):
        accept = config.unknown_category == "accept" or name in source.carved
        splits[name] = _checked(source, name, preprocess, accept)
    return preprocess.encode_source(dataclasses.replace(source, splits=splits))


def _checked(source, name, preprocess, accept):
    split = source.splits[name]
    unknown = {}
    for feature in source.spec.features:
        find = getattr(preprocess.transforms[feature.name], "unknown", None)
        if find is not None:
            unknown[feature.name] = find(split.arrays()[feature.name])
    bad = np.zeros(split.num_examples, bool)
    for feature, rows in unknown.items():
        bad |= rows
        for row in np.flatnonzero(rows)[: 1 if accept else None]:
            value = np.asarray(split.arrays()[feature][row : row + 1])[0]
            reason = f"{feature} {value!r} does not occur in train"
            if accept:
                _LOG.info(
                    "data: %d of %s have a %s unknown to train, such as %r",
                    rows.sum(), name, feature, value,
                )  # fmt: skip
            else:
                source.bad_examples.skip(split.name_of(row), f"{reason} ({_ACCEPT})")
    if accept or not bad.any():
        return split
    if bad.all():
        raise DataError(f"{source.spec.name}: no example of {name} is left")
    return split.subset(np.flatnonzero(~bad))

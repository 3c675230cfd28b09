"""Fits preprocessing and encodes a source; finds the categories that train lacks on the way."""

import dataclasses
import logging

import numpy as np

from tfapp.data import open_source, preprocessing
from tfapp.data.splits.holdout import with_all_splits
from tfapp.errors import DataError

_LOG = logging.getLogger("tfapp")
_ACCEPT = "--unknown_category=accept lets the model take it for unknown"


def open_data(config):
    """The `Source` that `config` names, with all splits."""
    source = open_source(
        config.dataset,
        label=config.label,
        task=config.task,
        features=config.features,
        feature_kind=config.feature_kind,
        weight_column=config.weight_column,
        group_column=config.group_column,
        max_bad_examples=config.max_bad_examples,
        image_size=config.image_size,
        validation_split=config.validation_split,
        data_dir=config.data_dir,
        manual_dir=config.manual_dir,
        offline=config.offline,
    )
    return with_all_splits(source, fraction=config.validation_split, seed=config.seed)


def fit(config, source):
    """`Preprocessing` fitted on train as `config` says."""
    return preprocessing.fit(
        source.spec,
        source.splits["train"],
        text_length=config.text_length,
        text_unit=config.text_unit,
        vocabulary_size=config.vocabulary_size,
    )


def encode(config, source, preprocess):
    """Returns `source` as `preprocess` encodes it.

    In splits that were held out of train at random, unknown categories are accepted and logged.
    Elsewhere --unknown_category and --max_bad_examples decide.

    Raises:
      DataError: an unknown category.
    """
    splits = dict(source.splits)
    for name in ("validation", "test"):
        accept = config.unknown_category == "accept" or name in source.held_out
        splits[name] = _checked(source, name, preprocess, accept)
    return preprocess.encode_source(dataclasses.replace(source, splits=splits))


def _checked(source, name, preprocess, accept):
    split = source.splits[name]
    unknown = {}
    for feature in source.spec.features:
        if split.by_example:
            continue  # of pixels and numbers, all of which are known
        rows = preprocess.transforms[feature.name].unknown(split.arrays()[feature.name])
        if rows is not None:
            unknown[feature.name] = rows
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

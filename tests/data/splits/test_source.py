"""A source returns the labels of a split, for any name of the label."""

import numpy as np

from tfapp.data.splits.array_split import ArraySplit
from tfapp.data.splits.source import Source
from tfapp.spec import DataSpec, FeatureSpec, LabelSpec


def test_labels_by_split():
    feature = FeatureSpec("x", "numeric", (), "float32")
    spec = DataSpec("random", (feature,), LabelSpec("species", "class", 2, ("a", "b")))
    splits = {
        name: ArraySplit({"x": np.zeros(2), "species": np.array(labels)})
        for name, labels in {"train": [0, 1], "test": [1, 1]}.items()
    }
    source = Source(spec, splits)
    assert source.labels("train").tolist() == [0, 1]
    assert source.labels("test").tolist() == [1, 1]
    assert source.held_out == ()

"""Small servables: of images, and of tables with columns of any name."""

import numpy as np
import pytest

from tests.export import models
from tfapp.data.preprocessing import Preprocessing
from tfapp.data.preprocessing.categories import Categories
from tfapp.data.preprocessing.standardize import Standardize
from tfapp.export.servable import Servable
from tfapp.models.tabular import Tabular
from tfapp.spec import DataSpec, FeatureSpec, LabelSpec
from tfapp.tasks.classification import Classification
from tfapp.tasks.regression import Regression

LABEL = LabelSpec("y", "class", 3, ("low", "mid", "high"))


def _servable(model, preprocess, features, task=None, label=LABEL, *, calibration):
    return Servable(
        model=model,
        weights=models.weights_of(model),
        preprocess=preprocess,
        task=task or Classification(label),
        spec=DataSpec("made", features, label),
        draw_calibration=lambda: calibration,
    )


@pytest.fixture
def images():
    """{"image": uint8 [5, 4, 6, 1]}"""
    values = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 1))
    return {"image": values.astype(np.uint8)}


@pytest.fixture
def make_image_servable(images):
    """make_image_servable(model): a `Servable` of a model of images; without one, `Counting`."""

    def make(model=None):
        model = model or models.Counting()
        preprocess = Preprocessing(
            {"image": Standardize(np.full(1, 100, "f4"), np.full(1, 0.02, "f4"))}
        )
        model(preprocess(images))
        features = (FeatureSpec("image", "image", (4, 6, 1), "uint8"),)
        return _servable(model, preprocess, features, calibration=images)

    return make


@pytest.fixture
def make_table_servable():
    """make_table_servable(number, town): a `Servable` of a number and a category, so named.

    `real`: it answers a number, not a class.
    """

    def make(number="size", town="town", *, real=False):
        features = (
            FeatureSpec(number, "numeric", (), "float32"),
            FeatureSpec(town, "category", (), "string"),
        )
        preprocess = Preprocessing(
            {
                number: Standardize(np.float32(50), np.float32(0.1), "filled"),
                town: Categories(("Bern", "Zug")),
            }
        )
        inputs = preprocess.input_specs(DataSpec("made", features, LABEL))
        model = Tabular(inputs, 1 if real else 3, hidden=4, depth=1, frequencies=2, number_width=2)
        model({number: np.zeros(2, "f4"), town: np.zeros(2, "i4")})
        calibration = {
            number: np.array([60.0, 10.0, np.nan], "f4"), town: np.array([2, 0, 1], "i4")
        }  # fmt: skip
        if not real:
            return _servable(model, preprocess, features, calibration=calibration)
        label = LabelSpec("price", "real")
        task = Regression(label, target=(100.0, 20.0))
        return _servable(model, preprocess, features, task, label, calibration=calibration)

    return make

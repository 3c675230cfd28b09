"""Exported language models of a few characters, with weights that nobody has trained."""

import keras
import tensorflow as tf

from tests.export import models
from tfapp.data.preprocessing import Preprocessing
from tfapp.data.preprocessing.tokens import Tokens
from tfapp.export.savedmodel import SavedModelExporter
from tfapp.export.servable import Servable
from tfapp.models import build_model
from tfapp.spec import DataSpec, FeatureSpec, LabelSpec
from tfapp.tasks import build_task

LETTERS = tuple("abcdefghijklmnop \n")
WINDOW = 12


class Convolution(keras.Model):
    """A causal model without a cache."""

    def __init__(self, outputs):
        super().__init__()
        self.embedding = keras.layers.Embedding(outputs, 16)
        self.mix = keras.layers.Conv1D(16, 3, padding="causal", activation="tanh")
        self.logits = keras.layers.Dense(outputs)

    def call(self, ids):
        return self.logits(self.mix(self.embedding(ids)))


def make_servable(name):
    """A `Servable` of the model called `name`: gpt, causal_transformer or convolution."""
    keras.utils.set_random_seed(3)
    tokens = Tokens(LETTERS, WINDOW, "characters", True)
    feature = FeatureSpec("text", "text", (), "string")
    count = tokens.vocabulary
    if name == "convolution":
        model = Convolution(count)
    else:
        inputs = (tokens.input_spec(feature),)
        model = build_model(name, {"width": 16, "depth": 2, "heads": 2}, outputs=count,
                            inputs=inputs)  # fmt: skip
    model(tf.zeros((1, WINDOW), tf.int32))
    for weight in model.trainable_variables:  # larger, so that contexts count
        weight.assign(weight * 8 if weight.ndim > 1 else weight)
    label = LabelSpec("next_token", "tokens", count, tokens.names(), (WINDOW,))
    return Servable(
        model=model,
        weights=models.weights_of(model),
        preprocess=Preprocessing({"text": tokens}, label_kind="tokens"),
        task=build_task("auto", "auto", label),
        spec=DataSpec("made", (feature,), label),
    )


def export(folder, name):
    """Writes folder/export/1 of the model called `name`."""
    path = folder / "export" / "1"
    path.mkdir(parents=True)
    SavedModelExporter().write(make_servable(name), path)
    return path

"""The text encoder ignores padding."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models import build_model
from tfapp.spec import InputSpec


def encoder(inputs):
    arguments = {"width": 16, "filters": 8}
    return build_model("text_encoder", arguments, outputs=3, inputs=inputs)


def test_does_not_see_the_padding(tokens, make_ids):
    keras.utils.set_random_seed(0)
    model, longer = encoder((tokens,)), encoder((tokens,))
    short = make_ids(2)
    short[:, 5:] = 0
    padded = np.pad(short, ((0, 0), (0, 8)))
    longer(tf.constant(padded))
    out = model(short).numpy()
    assert out.shape == (2, 3)
    longer.set_weights(model.get_weights())
    assert longer(padded).numpy() == pytest.approx(out, abs=1e-6)
    assert np.isfinite(model(np.zeros((1, 12), "i4"))).all()


def test_refuses_numbers():
    with pytest.raises(UsageError, match="--model=text_encoder: takes a text, but size is"):
        encoder((InputSpec("size", "numeric", (2,), "float32"),))

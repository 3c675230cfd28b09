"""A model that is built already is copied: its weights, its layers, its frozen parts."""

import keras
import numpy as np
import pytest

from tfapp import given
from tfapp.errors import UsageError
from tfapp.models import build_model, check_arguments
from tfapp.models.built import take_weights
from tfapp.spec import InputSpec

INPUTS = [InputSpec("x", "numeric", (4,), "float32")]
X = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")


class Net(keras.Model):
    """As introductions write one: a constructor without **kwargs."""

    def __init__(self, units=3):
        super().__init__()
        self.hidden = keras.layers.Dense(units, activation="relu")
        self.head = keras.layers.Dense(2)

    def call(self, x):
        return self.head(self.hidden(x))


class Nested(keras.Model):
    """Holds layers in lists and dicts, one of them twice, another model, and a bound method."""

    def __init__(self, layer):
        super().__init__()
        self.blocks = [layer, keras.layers.Dense(4)]
        self.again = layer
        self.heads = {"two": keras.layers.Dense(2), "sizes": [2]}
        self.drop = keras.layers.Dropout(0.3)
        self.inner = Net(7)
        self.end = self.finish

    def finish(self, x):
        return self.heads["two"](x)

    def call(self, x, training=False):
        inner = self.inner(x)
        for block in self.blocks:
            x = block(x)
        return self.end(self.drop(self.again(x), training=training)) + inner


def functional():
    class Shift(keras.layers.Layer):
        """Local to a function, so that no name leads to it."""

        def build(self, shape):
            self.shift = self.add_weight(shape=(shape[-1],), initializer="normal")

        def call(self, x):
            return x + self.shift

    inputs = keras.Input((4,))
    x = keras.layers.Lambda(lambda x: x * 2)(inputs)
    shared = keras.Sequential([keras.layers.Dense(4), Shift()])
    x = shared(x) + shared(inputs)
    x = keras.layers.Dense(4, trainable=False)(x)
    return keras.Model(inputs, keras.layers.Dense(2)(x))


def called(model):
    model(X)
    return model


def frozen():
    model = called(Net(5))
    model.hidden.trainable = False
    return model


def sequential(*first):
    return keras.Sequential(
        [*first, keras.layers.Dense(4), keras.layers.BatchNormalization(), keras.layers.Dense(2)]
    )


MODELS = {
    "sequential": lambda: sequential(),
    "built sequential": lambda: sequential(keras.Input((4,))),
    "functional": functional,
    "subclassed": lambda: Net(5),
    "called": lambda: called(Net(5)),
    "frozen": frozen,
    "nested": lambda: called(Nested(keras.layers.Dense(4))),
}


def copy_of(model):
    name = given.model(model)
    copy = build_model(name, {}, outputs=2, inputs=INPUTS)
    copy(X)
    take_weights(copy, name)
    return copy


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_copy_computes_the_same_with_weights_of_its_own(make):
    model = make()
    built, weights = model.built, [np.array(v) for v in model.variables]
    copy = copy_of(model)
    assert model.built == built  # left as it is
    for before, after in zip(weights, model.variables, strict=True):
        np.testing.assert_array_equal(before, after)
    if built:
        np.testing.assert_allclose(copy(X), model(X), rtol=1e-6, atol=1e-6)
        assert len(copy.trainable_variables) == len(model.trainable_variables)
    assert not {id(v) for v in copy.variables} & {id(v) for v in model.variables}
    shapes = [tuple(v.shape) for v in called(model).variables]
    assert [tuple(v.shape) for v in copy.variables] == shapes


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_copy_computes_in_the_policy_that_is_set(make):
    model = make()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        copy = copy_of(model)
    finally:
        keras.config.set_dtype_policy(before)
    assert str(copy(X).dtype.name) == "bfloat16"
    assert {str(v.dtype) for v in copy.trainable_variables} == {"float32"}


def test_a_layer_that_is_frozen_before_it_is_built_stays_so():
    model = Net(5)
    model.hidden.trainable = False
    assert len(copy_of(model).trainable_variables) == 2


def test_a_layer_that_is_used_twice_stays_one():
    copy = copy_of(Nested(keras.layers.Dense(4)))
    assert copy.again is copy.blocks[0]
    assert copy.end.__self__ is copy


class OwnWeight(keras.Model):
    """A weight that belongs to the model itself."""

    def __init__(self):
        super().__init__()
        self.w = self.add_weight(shape=(4, 2))

    def call(self, x):
        return x @ self.w


def test_what_cannot_be_copied_is_refused_with_another_way():
    with pytest.raises(UsageError) as caught:
        copy_of(OwnWeight())
    assert str(caught.value).startswith(
        "--model=<OwnWeight>: cannot be copied; give its class, or a function that makes it ("
    )


def test_a_built_model_takes_no_arguments():
    with pytest.raises(UsageError, match="--model_arg=units: <Net> takes no arguments"):
        check_arguments(given.model(Net()), {"units": 3})


def test_a_class_and_a_function_are_called():
    assert build_model(given.model(Net), {"units": 9}, outputs=2, inputs=INPUTS).hidden.units == 9
    made = build_model(given.model(lambda outputs: Net(outputs)), {}, outputs=6, inputs=INPUTS)
    assert made.hidden.units == 6

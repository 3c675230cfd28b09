"""Models of other people: operations that XLA lacks, draws without a seed, frozen parts."""

import keras
import pytest
import tensorflow as tf


class Base(keras.Model):
    """A linear model of digits, which a subclass changes in training."""

    def __init__(self, outputs=10):
        super().__init__()
        self.flatten, self.head = keras.layers.Flatten(), keras.layers.Dense(outputs)

    def call(self, inputs, training=False):
        hidden = self.flatten(inputs)
        return self.head(self.change(hidden) if training else hidden)


class Poisson(Base):
    def change(self, x):
        return x + tf.random.poisson(tf.shape(x), 1.0)


class Spelled(Base):
    def change(self, x):
        return x * tf.strings.to_number(tf.strings.as_string(x[:, :1]))


class Shape(Base):
    def change(self, x):
        width = 64 * tf.cast(tf.reduce_min(x) > -1e9, tf.int32)
        return tf.ensure_shape(tf.reshape(x, [-1, width]), x.shape)


LACKS = {
    Poisson: "it has no form of RandomPoissonV2",
    Spelled: "it has no form of AsString",
    Shape: "a shape depends on the numbers in a batch",
}


@pytest.mark.parametrize("kind", LACKS, ids=lambda kind: kind.__name__)
def test_what_xla_cannot_compile_trains_without_it(run_cli, kind):
    flags = [f"--model={__name__}:{kind.__name__}", "--steps=3", "--model_dir=run"]
    done = run_cli(*flags, "--precision=float32", "--export=none")
    assert done.code == 0, done.err
    assert f"xla: loop is left out: XLA cannot compile the model: {LACKS[kind]}" in done.err


def test_a_forced_placement_that_cannot_compile_is_one_line(run_cli):
    flags = [f"--model={__name__}:Poisson", "--steps=3", "--model_dir=run", "--xla=step"]
    done = run_cli(*flags, "--precision=float32", "--export=none")
    assert done.code == 2
    line = done.err.splitlines()[-1]
    assert "--xla=step: XLA cannot compile the model: it has no form of RandomPoissonV2" in line
    assert line.endswith("use --xla=update")

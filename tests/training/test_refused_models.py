"""Models that would not train as they should are refused before the first step, in one line."""

import keras
import pytest
import tensorflow as tf

from tfapp.experiment import training_run


class Base(keras.Model):
    """A linear model of digits, which a subclass spoils."""

    def __init__(self, outputs=10):
        super().__init__()
        self.flatten, self.head = keras.layers.Flatten(), keras.layers.Dense(outputs)

    def call(self, inputs, training=False):
        return self.spoil(self.head(self.flatten(inputs)), training)


class RawWeight(Base):
    def __init__(self, outputs=10):
        super().__init__(outputs)
        self.factor = tf.Variable(2.0, name="factor")

    def spoil(self, x, training):
        return x * self.factor


class RawCounter(Base):
    def __init__(self, outputs=10):
        super().__init__(outputs)
        self.count = tf.Variable(0.0, trainable=False, name="count")

    def spoil(self, x, training):
        if training:
            self.count.assign_add(1.0)
        return x + 0.0 * self.count


class HiddenVariable(Base):
    """A variable of Keras that the model cannot see, since it is in a closure."""

    def __init__(self, outputs=10):
        super().__init__(outputs)
        hidden = keras.Variable(2.0, name="hidden")
        self.factor = lambda: hidden

    def spoil(self, x, training):
        return x * self.factor()


class HiddenGenerator(Base):
    """A generator of Keras that the model cannot see, since it is in a closure."""

    def __init__(self, outputs=10):
        super().__init__(outputs)
        generator = keras.random.SeedGenerator(3)
        self.draw = lambda: keras.random.normal((10,), seed=generator)

    def spoil(self, x, training):
        return x + self.draw() if training else x


class TensorFlowsGenerator(Base):
    def __init__(self, outputs=10):
        super().__init__(outputs)
        self.generator = tf.random.Generator.from_seed(1)

    def spoil(self, x, training):
        return x + self.generator.normal((10,)) if training else x


class FailsInTraining(Base):
    def spoil(self, x, training):
        if training:
            raise RuntimeError("not in training")
        return x


class Stateful(Base):
    def __init__(self, outputs=10):
        super().__init__(outputs)
        self.rnn = keras.layers.GRU(8, stateful=True)

    def spoil(self, x, training):
        return x + keras.ops.mean(self.rnn(x[:, :, None]), axis=1, keepdims=True)


REFUSED = {
    RawWeight: "it uses <tf.Variable 'factor:0'>, which is not among its weights",
    RawCounter: "it uses <tf.Variable 'count:0'>, which is not among its weights",
    HiddenVariable: "which is not among its weights",
    HiddenGenerator: "each step would draw the same; pass seed=self.generator",
    TensorFlowsGenerator: "it draws from a tf.random.Generator, whose state would not be saved",
    FailsInTraining: "FailsInTraining cannot be trained: RuntimeError: not in training",
    Stateful: "is stateful, but batches are drawn at random",
}


@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("flags", [["--export=none"]], ids=str)
def test_is_refused_in_one_line(run_cli, kind, flags):
    done = run_cli(
        f"--model={__name__}:{kind.__name__}", "--steps=2", "--model_dir=run", "--xla=off",
        "--precision=float32", *flags,
    )  # fmt: skip
    assert (done.code, done.out) == (2, "")
    assert REFUSED[kind] in done.err.splitlines()[-1]


def test_synchronised_statistics_cannot_wait_for_micro_batches(run_cli, monkeypatch):
    monkeypatch.setattr(training_run, "train", lambda **_: pytest.fail("training began"))
    done = run_cli(
        "--model=tests.models_for_tests:Normalised", "--model_arg=synchronized=true",
        "--accumulate=2", "--logical_devices=2", "--model_dir=run", "--export=none",
    )  # fmt: skip
    assert done.code == 2
    assert "tfapp: --accumulate=2: synchronised batch norm" in done.err.splitlines()[-1]

"""Models as users might write them, valid or not, for --model=tests.models_for_tests:NAME."""

import keras
import tensorflow as tf

from tfapp.models.layers import FusedBatchNorm


class Dropping(keras.Model):
    """Dropout on a hidden layer: masks must differ between replicas and repeat with the seed."""

    def __init__(self, outputs=10, rate=0.5, **kwargs):
        super().__init__(**kwargs)
        self.flatten = keras.layers.Flatten()
        self.hidden = keras.layers.Dense(32, "relu")
        self.dropout = keras.layers.Dropout(rate)
        self.head = keras.layers.Dense(outputs)

    def call(self, inputs, training=False):
        hidden = self.hidden(self.flatten(inputs))
        return self.head(self.dropout(hidden, training=training))


class MaskShowing(keras.Model):
    """A weight records which inputs dropout kept."""

    def __init__(self, outputs=10, **kwargs):
        super().__init__(**kwargs)
        self.flatten = keras.layers.Flatten()
        self.dropout = keras.layers.Dropout(0.5)
        self.head = keras.layers.Dense(outputs)

    def build(self, shape):
        width = int(shape[1] * shape[2] * shape[3])
        self.seen = self.add_weight(
            shape=(width,), initializer="zeros", trainable=False, name="seen"
        )

    def call(self, inputs, training=False):
        x = self.flatten(inputs)
        if training:
            kept = self.dropout(keras.ops.ones_like(x[:1]), training=True)[0] > 0
            self.seen.assign(keras.ops.cast(kept, "float32"))
        return self.head(x)


class WrongWidth(keras.Model):
    """Returns seven outputs for any data set."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.flatten = keras.layers.Flatten()
        self.head = keras.layers.Dense(7)

    def call(self, inputs):
        return self.head(self.flatten(inputs))


class Refusing(keras.Model):
    """Its constructor refuses a value."""

    def __init__(self, depth=1):
        super().__init__()
        if depth < 1:
            raise ValueError(f"depth={depth}: must be 1 or more\nsecond line")


class NoWeights(keras.Model):
    """Has nothing to train."""

    def call(self, inputs):
        return keras.ops.reshape(inputs, (-1, 64))[:, :10]


class Failing(keras.Model):
    """Fails when it is called."""

    def call(self, inputs):
        raise TypeError("no such operation\nsecond line")


def not_a_model():
    return "a string"


class Embedded(keras.Model):
    """An embedding of pixel values, whose gradients are sparse."""

    def __init__(self, outputs=10, **kwargs):
        super().__init__(**kwargs)
        self.flatten = keras.layers.Flatten()
        self.embedding = keras.layers.Embedding(5, 4)
        self.head = keras.layers.Dense(outputs)

    def call(self, inputs):
        ids = keras.ops.cast(keras.ops.clip(self.flatten(inputs) + 2, 0, 4), "int32")
        return self.head(self.flatten(self.embedding(ids)))


class Powers(keras.Model):
    """A linear model of sixth powers, which soon overflow float16."""

    def __init__(self, outputs=2, **kwargs):
        super().__init__(**kwargs)
        self.head = keras.layers.Dense(outputs)

    def call(self, inputs):
        return self.head(inputs**6)


class Exploding(keras.Model):
    """Returns infinite outputs in training and finite ones otherwise."""

    def __init__(self, outputs=10, **kwargs):
        super().__init__(**kwargs)
        self.flatten = keras.layers.Flatten()
        self.head = keras.layers.Dense(outputs)

    def call(self, inputs, training=False):
        outputs = self.head(self.flatten(inputs))
        return outputs / 0.0 if training else outputs


class Block(keras.layers.Layer):
    """Two dense layers with normalisation and dropout, added to their input."""

    def __init__(self, width=16):
        super().__init__()
        self.up, self.down = keras.layers.Dense(2 * width, "gelu"), keras.layers.Dense(width)
        self.norm = keras.layers.BatchNormalization(momentum=0.5)
        self.dropout = keras.layers.Dropout(0.2)

    def call(self, inputs, training=False):
        hidden = self.dropout(self.up(inputs), training=training)
        return inputs + self.norm(self.down(hidden), training=training)


class Blocks(keras.Model):
    """A stem, two blocks, a head."""

    def __init__(self, outputs=10, **kwargs):
        super().__init__(**kwargs)
        self.flatten, self.stem = keras.layers.Flatten(), keras.layers.Dense(16)
        self.blocks = [Block(), Block()]
        self.head = keras.layers.Dense(outputs)

    def call(self, inputs, training=False):
        x = self.stem(self.flatten(inputs))
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(x)


class Normalised(keras.Model):
    """A convolution and fused batch normalisation."""

    def __init__(self, outputs=10, synchronized=False, **kwargs):
        super().__init__(**kwargs)
        self.convolution = keras.layers.Conv2D(8, 3)
        self.norm = FusedBatchNorm(synchronized=synchronized)
        self.flatten, self.head = keras.layers.Flatten(), keras.layers.Dense(outputs)

    def call(self, inputs, training=False):
        x = self.norm(self.convolution(inputs), training=training)
        return self.head(self.flatten(keras.ops.relu(x)))


def penalised(outputs=10):
    """One layer whose weights are penalised."""
    return keras.Sequential(
        [keras.layers.Flatten(), keras.layers.Dense(outputs, kernel_regularizer="l2")]
    )


class TakesAny(keras.Model):
    """Keeps every argument of its constructor."""

    def __init__(self, outputs, **options):
        super().__init__()
        self.given = {"outputs": outputs, **options}


def made_by_a_function(outputs, width=4):
    return keras.Sequential([keras.layers.Dense(width), keras.layers.Dense(outputs)])


class Untracked(keras.Model):
    """Uses a variable that neither Keras nor the export knows of."""

    def __init__(self, outputs=10):
        super().__init__()
        self.flatten, self.head = keras.layers.Flatten(), keras.layers.Dense(outputs)
        hidden = tf.Variable(2.0, name="hidden_factor")
        self.factor = lambda: hidden

    def call(self, inputs):
        return self.head(self.flatten(inputs)) * self.factor()

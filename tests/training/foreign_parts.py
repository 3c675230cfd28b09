"""Models with what people put into theirs: shared, frozen, nested, random, losses of their own.

Each is a function () -> a `keras.Model` of images [batch, 8, 8, 3] with outputs [batch, 5].
"""

import keras

L = keras.layers


def convolutional(name="base"):
    """A functional model to be nested, with statistics and dropout: [batch, 8, 8, 3] -> [.., 4]."""
    inputs = keras.Input((8, 8, 3))
    convolution = L.Conv2D(4, 3, use_bias=False, kernel_regularizer="l2", name="first")
    hidden = convolution(inputs)
    hidden = L.BatchNormalization(momentum=0.5, name="norm")(hidden)
    hidden = L.Dropout(0.3, name="drop")(L.ReLU()(hidden))
    return keras.Model(inputs, L.GlobalAveragePooling2D()(hidden), name=name)


def with_head(base, *before):
    return keras.Sequential([keras.Input((8, 8, 3)), *before, base, L.Dense(5)])


def nested():
    return with_head(keras.Sequential([keras.Input((8, 8, 3)), convolutional()]))


def frozen():
    base = convolutional()
    base.trainable = False
    return with_head(base, L.Rescaling(2.0, -1.0))


def frozen_in_part():
    base = convolutional()
    base.get_layer("first").trainable = False
    return with_head(base)


def frozen_statistics():
    base = convolutional()
    base.get_layer("norm").trainable = False
    return with_head(base)


def frozen_inside_a_call():
    """The guide to transfer learning: the base runs as in inference, dropout included."""
    inputs, base = keras.Input((8, 8, 3)), convolutional()
    base.trainable = False
    return keras.Model(inputs, L.Dense(5)(base(inputs, training=False)))


def shared_model():
    """One base for an image and for its mirror image; its statistics move twice a step."""
    inputs, base = keras.Input((8, 8, 3)), convolutional()
    both = L.Concatenate()([base(inputs), base(keras.ops.flip(inputs, 2))])
    return keras.Model(inputs, L.Dense(5)(both))


class TiedLayers(keras.Model):
    """One Dense layer three times; another multiplies by the transpose of its kernel."""

    def __init__(self):
        super().__init__()
        self.flatten, self.enter = L.Flatten(), L.Dense(6)
        self.again, self.head = L.Dense(6, "tanh"), L.Dense(5)

    def call(self, inputs):
        hidden = self.enter(self.flatten(inputs))
        for _ in range(3):
            hidden = self.again(hidden)
        hidden = keras.ops.matmul(hidden, keras.ops.transpose(self.again.kernel))
        return self.head(hidden)


class OwnLosses(keras.Model):
    """Losses of a layer's call, of an activity, and of weights."""

    def __init__(self):
        super().__init__()
        self.flatten = L.Flatten()
        self.hidden = L.Dense(6, activity_regularizer="l2", bias_regularizer="l1")
        self.penalty, self.head = Penalty(), L.Dense(5)

    def call(self, inputs):
        hidden = self.penalty(self.hidden(self.flatten(inputs)))
        self.add_loss(0.1 * keras.ops.mean(keras.ops.abs(hidden)))
        return self.head(self.penalty(hidden))


class Penalty(L.Layer):
    def call(self, inputs):
        self.add_loss(0.3 * keras.ops.mean(keras.ops.square(inputs)))
        return inputs


class SharedGenerator(keras.Model):
    """One generator for the model and two of its layers."""

    def __init__(self):
        super().__init__()
        self.generator = keras.random.SeedGenerator(3)
        self.flatten, self.head = L.Flatten(), L.Dense(5)
        self.noises = [Noise(self.generator) for _ in range(2)]

    def call(self, inputs, training=False):
        hidden = self.flatten(inputs)
        for noise in self.noises:
            hidden = noise(hidden, training=training)
        if training:
            hidden = hidden * keras.random.uniform((192,), seed=self.generator)
        return self.head(hidden)


class Noise(L.Layer):
    def __init__(self, generator):
        super().__init__()
        self.generator = generator

    def call(self, inputs, training=False):
        shape = keras.ops.shape(inputs)
        drawn = keras.random.normal(shape, stddev=0.1, seed=self.generator)
        return inputs + drawn if training else inputs


class StochasticDepth(L.Layer):
    """As in keras.applications: drawn without a seed."""

    def call(self, inputs, training=False):
        if not training:
            return inputs
        kept = keras.ops.floor(0.6 + keras.random.uniform((keras.ops.shape(inputs)[0], 1)))
        return inputs / 0.6 * kept


def unseeded():
    hidden = [L.Flatten(), L.Dense(6, "relu"), StochasticDepth(), L.Dense(6), StochasticDepth()]
    return keras.Sequential([keras.Input((8, 8, 3)), *hidden, L.Dense(5)])


def unseeded_lambda():
    def add_noise(x):
        return x + keras.random.normal(keras.ops.shape(x), stddev=0.1)

    noise = L.Lambda(add_noise, output_shape=(6,))
    return keras.Sequential([keras.Input((8, 8, 3)), L.Flatten(), L.Dense(6), noise, L.Dense(5)])


class InitializerInCall(keras.Model):
    """Random features: drawn anew by each call, the same each time."""

    def __init__(self):
        super().__init__()
        self.flatten, self.head = L.Flatten(), L.Dense(5)
        self.features = keras.initializers.GlorotNormal(seed=2)

    def call(self, inputs):
        features = self.features((192, 6), dtype="float32")
        return self.head(keras.ops.matmul(self.flatten(inputs), features))


def other_precisions():
    layers = [L.Dense(6, dtype="float64"), L.Dense(6, dtype="mixed_bfloat16"), L.Dense(5)]
    return keras.Sequential([keras.Input((8, 8, 3)), L.Flatten(), *layers])


def distributions():
    """Every operation of keras.random, in one layer."""
    layers = [L.Flatten(), Distributions(), L.Dense(5)]
    return keras.Sequential([keras.Input((8, 8, 3)), *layers])


class Distributions(L.Layer):
    def __init__(self):
        super().__init__()
        self.generator = keras.random.SeedGenerator(4)

    def call(self, inputs, training=False):
        if not training:
            return inputs
        seed, r = self.generator, keras.random
        drawn = [
            r.normal((1, 192), seed=seed),
            r.uniform((1, 192), seed=seed),
            r.truncated_normal((1, 192), seed=seed),
            r.gamma((1, 192), 0.7, seed=seed),
            r.beta((1, 192), 0.7, 2.0, seed=seed),
            r.binomial((1, 192), 5, 0.3, seed=seed),
            keras.ops.cast(r.randint((1, 192), 0, 3, seed=seed), "float32"),
            keras.ops.cast(r.categorical(keras.ops.zeros((1, 4)), 192, seed=seed), "float32"),
            r.dropout(keras.ops.ones((1, 192)), 0.3, seed=seed),
        ]
        return r.shuffle(inputs, axis=1, seed=seed) + 0.1 * sum(drawn)


PARTS = {
    "nested": nested,
    "frozen": frozen,
    "frozen in part": frozen_in_part,
    "frozen statistics": frozen_statistics,
    "frozen inside a call": frozen_inside_a_call,
    "shared model": shared_model,
    "tied layers": TiedLayers,
    "own losses": OwnLosses,
    "shared generator": SharedGenerator,
    "unseeded": unseeded,
    "unseeded lambda": unseeded_lambda,
    "initializer in call": InitializerInCall,
    "other precisions": other_precisions,
    "distributions": distributions,
}

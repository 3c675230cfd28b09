"""ResNet-50 and ViT-S/16 for tfapp, as a user's own models (--model=benchmarks.networks:Name).

He et al., arXiv:1512.03385, with the stride in the 3x3 convolution (v1.5); Dosovitskiy et al.,
arXiv:2010.11929, the small model of Touvron et al., arXiv:2012.12877. peers/pytorch_gpu.py has
the same networks in PyTorch, with the same number of weights.
"""

import keras
import tensorflow as tf

from tfapp.models.layers import FusedBatchNorm
from tfapp.models.weight_decay import NamesDecayedWeights, by_layer_type


class ResNet50(keras.Model):
    """25,557,032 weights with 1,000 classes."""

    def __init__(self, outputs=1000, **kwargs):
        super().__init__(**kwargs)
        self.stem, self.norm = _convolution(64, 7, 2), FusedBatchNorm()
        self.pool = keras.layers.MaxPooling2D(3, 2, padding="same")
        self.blocks = [
            Bottleneck(64 * 2**stage, 2 if stage and not block else 1, project=not block)
            for stage, count in enumerate((3, 4, 6, 3))
            for block in range(count)
        ]
        self.average = keras.layers.GlobalAveragePooling2D()
        self.head = keras.layers.Dense(outputs)

    def call(self, images, training=False):
        x = self.pool(tf.nn.relu(self.norm(self.stem(images), training=training)))
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(self.average(x))


class Bottleneck(keras.layers.Layer):
    """1x1, 3x3, 1x1, with a projection where the shape changes."""

    def __init__(self, width, strides, project):
        super().__init__()
        self.convolutions = [
            _convolution(width, 1),
            _convolution(width, 3, strides),
            _convolution(4 * width, 1),
        ]
        self.norms = [FusedBatchNorm() for _ in range(3)]
        self.project = _convolution(4 * width, 1, strides) if project else None
        self.project_norm = FusedBatchNorm() if project else None

    def call(self, x, training=False):
        y = x
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            y = norm(convolution(y), training=training)
            y = tf.nn.relu(y) if i < 2 else y
        if self.project:
            x = self.project_norm(self.project(x), training=training)
        return tf.nn.relu(x + y)


def _convolution(filters, size, strides=1):
    return keras.layers.Conv2D(filters, size, strides, padding="same", use_bias=False)


class ViTS16(NamesDecayedWeights, keras.Model):
    """22,050,664 weights with 1,000 classes at 224x224."""

    def __init__(self, outputs=1000, width=384, depth=12, heads=6, **kwargs):
        super().__init__(**kwargs)
        self.patches = keras.layers.Conv2D(width, 16, 16)
        self.blocks = [EncoderBlock(width, heads) for _ in range(depth)]
        self.norm = keras.layers.LayerNormalization(epsilon=1e-6)
        self.head = keras.layers.Dense(outputs)
        self.width = width

    def build(self, shape):
        count = (shape[1] // 16) * (shape[2] // 16) + 1
        self.token = self.add_weight((1, 1, self.width), "zeros", name="token")
        self.positions = self.add_weight((1, count, self.width), "random_normal", name="positions")

    def decayed_weights(self):
        """Neither positions nor the class token, as in DeiT."""
        return by_layer_type(self, without=[self.positions, self.token])

    def call(self, images, training=False):
        x = self.patches(images)
        x = tf.reshape(x, (tf.shape(x)[0], -1, self.width))
        token = tf.cast(self.token, x.dtype) * tf.ones_like(x[:, :1])
        x = tf.concat([token, x], 1) + tf.cast(self.positions, x.dtype)
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(self.norm(x)[:, 0])


class EncoderBlock(keras.layers.Layer):
    """Attention and a two-layer perceptron, each with normalisation before it and a residual."""

    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = keras.layers.LayerNormalization(epsilon=1e-6)
        self.norm2 = keras.layers.LayerNormalization(epsilon=1e-6)
        self.attention = keras.layers.MultiHeadAttention(heads, width // heads)
        self.up = keras.layers.Dense(4 * width, activation="gelu")
        self.down = keras.layers.Dense(width)

    def call(self, x, training=False):
        y = self.norm1(x)
        x = x + self.attention(y, y, training=training)
        return x + self.down(self.up(self.norm2(x)))

"""Residual networks for photographs: He et al., arXiv:1512.03385, table 1, version 1.5.

A 7x7 convolution and a pool, which divide the sides by four, and four stages of residual blocks,
each after the first of which halves the sides and doubles the channels. In version 1.5 a bottleneck
has its stride in the 3x3 convolution, as in Goyal et al., arXiv:1706.02677, section 5.1, from where
the last scale of each branch, which starts at zero, is taken too. Where the shape changes, the
shortcut is a 1x1 convolution (option B).
"""

import keras
import tensorflow as tf

from tfapp.models.layers import FusedBatchNorm, convolution


class ResNet(keras.Model):
    """A ResNet of basic blocks or of bottlenecks."""

    def __init__(
        self,
        outputs=10,
        stages=(2, 2, 2, 2),
        bottleneck=False,
        width=64,
        stem=7,
        synchronized=False,
        **kwargs,
    ):
        """
        Args:
          outputs: number of classes, or of values to predict.
          stages: number of blocks in each stage.
          bottleneck: whether blocks are 1x1, 3x3, 1x1 with four times the channels at the end, or
            two 3x3 convolutions.
          width: channels of the first stage.
          stem: pixels a side of the first convolution. With 3 it keeps the sides and no pool
            follows, for images of about 32 pixels.
          synchronized: compute batch statistics over all replicas.
        """
        super().__init__(**kwargs)
        self.stem = convolution(width, stem, 1 if stem == 3 else 2)
        self.stem_norm = FusedBatchNorm(synchronized=synchronized)
        self.stem_pool = None
        if stem != 3:
            self.stem_pool = keras.layers.MaxPooling2D(3, 2, padding="same")
        self.blocks = [
            ResidualBlock(
                width * 2**stage,
                strides=2 if stage and not block else 1,
                bottleneck=bottleneck,
                project=not block and (stage > 0 or bottleneck),
                synchronized=synchronized,
            )
            for stage, count in enumerate(stages)
            for block in range(count)
        ]
        self.pool = keras.layers.GlobalAveragePooling2D()
        self.logits = keras.layers.Dense(
            outputs, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01), name="logits"
        )

    def call(self, images, training=False):
        """Images [batch, height, width, channels] to logits [batch, outputs]."""
        x = self.stem_norm(self.stem(images), training=training)
        if self.stem_pool is not None:
            x = self.stem_pool(x)  # ReLU and max pooling commute
        x = tf.nn.relu(x)
        for block in self.blocks:
            x = block(x, training=training)
        return self.logits(self.pool(x))


class ResidualBlock(keras.layers.Layer):
    """relu(shortcut(x) + branch(x)), where each convolution of the branch is normalised."""

    def __init__(self, width, *, strides, bottleneck, project, synchronized, **kwargs):
        """
        Args:
          width: channels of the 3x3 convolutions.
          strides: of the first 3x3 convolution, and of the shortcut.
          bottleneck: see `ResNet`.
          project: whether the shortcut is a convolution.
          synchronized: see `ResNet`.
        """
        super().__init__(**kwargs)
        if bottleneck:
            kinds = [(width, 1, 1), (width, 3, strides), (4 * width, 1, 1)]
        else:
            kinds = [(width, 3, strides), (width, 3, 1)]
        self.convolutions = [convolution(*kind) for kind in kinds]
        self.norms = [
            FusedBatchNorm(synchronized=synchronized, gamma="zeros" if last else "ones")
            for last in [False] * (len(kinds) - 1) + [True]
        ]
        self.shortcut = convolution(kinds[-1][0], 1, strides) if project else None
        self.shortcut_norm = FusedBatchNorm(synchronized=synchronized) if project else None

    def call(self, x, training=False):
        """[batch, height, width, channels] to the same, with the sides divided by the stride."""
        y = x
        for convolve, norm in zip(self.convolutions, self.norms, strict=True):
            y = norm(convolve(y), training=training)
            y = y if convolve is self.convolutions[-1] else tf.nn.relu(y)
        if self.shortcut is not None:
            x = self.shortcut_norm(self.shortcut(x), training=training)
        return tf.nn.relu(x + y)

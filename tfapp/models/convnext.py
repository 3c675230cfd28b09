"""ConvNeXt: Liu et al., "A ConvNet for the 2020s", arXiv:2201.03545.

Patches of 4x4 pixels, and four stages of blocks of a 7x7 depthwise convolution and a two-layer
perceptron on each pixel, with layer normalisation; between stages the sides are halved.
"""

import keras
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.models.layers import FusedLayerNorm, gelu
from tfapp.models.layers.depthwise import DepthwiseConvolution
from tfapp.models.layers.drop_path import drop_path, rates

_NORMAL = {"kernel_initializer": keras.initializers.TruncatedNormal(stddev=0.02)}


class ConvNeXt(keras.Model):
    """ConvNeXt-T with the defaults."""

    def __init__(
        self,
        outputs=10,
        depths=(3, 3, 9, 3),
        widths=(96, 192, 384, 768),
        patch=4,
        drop=0.1,
        scale=1e-6,
        **kwargs,
    ):
        """
        Args:
          outputs: number of classes, or of values to predict.
          depths: number of blocks in each stage.
          widths: channels of each stage.
          patch: pixels a side of the first layer's patches; 1 or 2 for images of 32 pixels.
          drop: rate of stochastic depth in the last block, see `layers/drop_path.py`.
          scale: initial factor of each branch.
        """
        super().__init__(**kwargs)
        if len(depths) != len(widths):
            raise UsageError(f"depths={depths}: must be as many numbers as widths={widths}")
        self.patch = patch
        self.patches = keras.layers.Conv2D(widths[0], patch, patch, **_NORMAL)
        self.patches_norm = _norm()
        drops = iter(rates(drop, sum(depths)))
        self.shrinks, self.stages = [], []
        for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
            self.shrinks.append(Shrink(width) if stage else None)
            self.stages.append([ConvNeXtBlock(width, next(drops), scale) for _ in range(depth)])
        self.pool = keras.layers.GlobalAveragePooling2D()
        self.norm = _norm()
        self.logits = keras.layers.Dense(outputs, name="logits", **_NORMAL)

    def call(self, images, training=False):
        """Images [batch, height, width, channels] to logits [batch, outputs]."""
        self._check(images.shape[1:3])
        x = self.patches_norm(self.patches(images))
        for shrink, blocks in zip(self.shrinks, self.stages, strict=True):
            x = x if shrink is None else shrink(x)
            for block in blocks:
                x = block(x, training=training)
        return self.logits(self.norm(self.pool(x)))

    def _check(self, size):
        least = self.patch * 2 ** (len(self.stages) - 1)
        if min(size) < least:
            height, width = size
            raise UsageError(
                f"patch={self.patch}: needs images of at least {least} pixels a side, and these "
                f"have {height}x{width}; use --model_arg=patch=1 or a larger --image_size"
            )


class ConvNeXtBlock(keras.layers.Layer):
    """x + scale * narrow(GELU(widen(norm(depthwise(x)))))."""

    def __init__(self, width, drop, scale, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale
        self.depthwise = DepthwiseConvolution(7, _NORMAL["kernel_initializer"])
        self.norm = _norm()
        self.widen = keras.layers.Dense(4 * width, **_NORMAL)
        self.narrow = keras.layers.Dense(width, **_NORMAL)
        self.drop = drop_path(drop, 4)

    def build(self, shape):
        self.factors = self.add_weight(
            name="factors",
            shape=(shape[-1],),
            initializer=keras.initializers.Constant(self.scale),
        )

    def call(self, x, training=False):
        """[batch, height, width, channels] to the same shape."""
        y = self.norm(self.depthwise(x))
        # Products over [pixels, channels] take their bias with them.
        rows = tf.reshape(y, (-1, y.shape[-1]))
        y = tf.reshape(self.narrow(gelu(self.widen(rows))), (-1, *y.shape[1:]))
        return x + self.drop(y * self.factors, training=training)


class Shrink(keras.layers.Layer):
    """Halves the sides: layer normalisation, then a 2x2 convolution with stride 2."""

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.norm = _norm()
        self.convolution = keras.layers.Conv2D(width, 2, 2, **_NORMAL)

    def call(self, x):
        """[batch, height, width, channels] to [batch, height // 2, width // 2, wider]."""
        return self.convolution(self.norm(x))


def _norm():
    return FusedLayerNorm(epsilon=1e-6)

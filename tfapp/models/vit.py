"""Vision transformers: Dosovitskiy et al., arXiv:2010.11929, in the sizes of DeiT.

DeiT-Ti and DeiT-S without distillation (Touvron et al., arXiv:2012.12877, table 1): patches of
16x16 pixels, a class token, learned positions and an encoder with normalisation before each block.
"""

import keras
from keras import ops

from tfapp.errors import UsageError
from tfapp.models.layers import FusedLayerNorm, gelu
from tfapp.models.layers.drop_path import drop_path, rates
from tfapp.models.layers.transformer import attend, head_splitter
from tfapp.models.weight_decay import NamesDecayedWeights, by_layer_type

_POOLS = ("token", "mean")


class ViT(NamesDecayedWeights, keras.Model):
    """DeiT-Ti with the defaults. The size of the images is that of the data."""

    def __init__(
        self,
        outputs=10,
        width=192,
        depth=12,
        heads=3,
        patch=16,
        pool="token",
        dropout=0.0,
        drop=0.1,
        **kwargs,
    ):
        """
        Args:
          outputs: number of classes, or of values to predict.
          width: size of a patch's vector, a multiple of `heads`.
          depth: number of blocks.
          heads: attention heads in each block.
          patch: pixels a side of a patch, which must divide the sides of the images; 4 for images
            of 32 pixels.
          pool: what the answer is read from: "token", the class token, or "mean", the mean of all
            patches, without a class token.
          dropout: rate on the embeddings and after attention and feed-forward layers; 0 in DeiT.
          drop: rate of stochastic depth in the last block, see `layers/drop_path.py`.
        """
        super().__init__(**kwargs)
        if pool not in _POOLS:
            raise UsageError(f"pool={pool}: must be one of {', '.join(_POOLS)}")
        if width % heads:
            raise UsageError(f"width={width}: must be a multiple of heads={heads}")
        self.width, self.patch, self.from_token = width, patch, pool == "token"
        self.patches = keras.layers.Conv2D(width, patch, patch, kernel_initializer=_normal())
        self.dropout = keras.layers.Dropout(dropout)
        self.blocks = [EncoderBlock(width, heads, dropout, rate) for rate in rates(drop, depth)]
        self.norm = _norm()
        self.logits = _dense(outputs, name="logits")

    def build(self, shape):
        height, width = shape[1:3]
        if height % self.patch or width % self.patch:
            raise UsageError(
                f"patch={self.patch}: does not divide images of {height}x{width} pixels; use "
                "another --model_arg=patch= or --image_size"
            )
        count = (height // self.patch) * (width // self.patch) + self.from_token
        self.positions = self._vectors("positions", count)
        if self.from_token:
            self.token = self._vectors("token", 1)

    def _vectors(self, name, count):
        shape = (1, count, self.width)
        return self.add_weight(name=name, shape=shape, initializer=_normal())

    def decayed_weights(self):
        """Neither the positions nor the class token, as in DeiT."""
        learned = [self.positions, self.token] if self.from_token else [self.positions]
        return by_layer_type(self, without=learned)

    def call(self, images, training=False):
        """Images [batch, height, width, channels] to logits [batch, outputs]."""
        x = self.patches(images)
        x = ops.reshape(x, (-1, x.shape[1] * x.shape[2], self.width))
        if self.from_token:
            tokens = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, self.width))
            x = ops.concatenate([tokens, x], axis=1)
        x = self.dropout(x + self.positions, training=training)
        for block in self.blocks:
            x = block(x, training=training)
        if self.from_token:
            return self.logits(self.norm(ops.split(x, [1], axis=1)[0])[:, 0])
        return self.logits(ops.mean(self.norm(x), axis=1))


class EncoderBlock(keras.layers.Layer):
    """Self-attention, then a feed-forward layer, each added to its input."""

    def __init__(self, width, heads, dropout, drop, **kwargs):
        super().__init__(**kwargs)
        self.norms = [_norm(), _norm()]
        self.queries_keys_values = _dense(3 * width)
        self.merge = _dense(width)
        self.widen, self.narrow = _dense(4 * width), _dense(width)
        self.dropout = keras.layers.Dropout(dropout)
        self.drop = drop_path(drop, 3)
        self.split = head_splitter(heads, width // heads)

    def call(self, x, training=False):
        """[batch, length, width] to the same shape."""
        y = self.dropout(self._attend(self.norms[0](x)), training=training)
        x = x + self.drop(y, training=training)
        # Products over [batch * length, width] take their bias with them.
        rows = ops.reshape(self.norms[1](x), (-1, x.shape[-1]))
        y = ops.reshape(self.narrow(gelu(self.widen(rows))), (-1, *x.shape[1:]))
        return x + self.drop(self.dropout(y, training=training), training=training)

    def _attend(self, x):
        length, width = x.shape[1:]
        rows = self.queries_keys_values(ops.reshape(x, (-1, width)))
        rows = self.merge(attend(*self.split(length)(rows)))
        return ops.reshape(rows, (-1, length, width))


def _dense(units, **options):
    return keras.layers.Dense(units, kernel_initializer=_normal(), **options)


def _norm():
    return FusedLayerNorm(epsilon=1e-6)


def _normal():
    return keras.initializers.TruncatedNormal(stddev=0.02)

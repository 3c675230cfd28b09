"""FT-Transformer: each column is a token, and a transformer lets them attend to each other.

Gorishniy, Rubachev, Khrulkov & Babenko, "Revisiting Deep Learning Models for Tabular Data",
arXiv:2106.11959, section 3.3, with the default sizes of appendix E: normalisation before each
branch but the very first, ReGLU in the feed-forward layers, and an answer from the token CLS.
"""

import math

import keras
from keras import ops

from tfapp.errors import UsageError
from tfapp.models.blocks import NamesBlocks
from tfapp.models.layers.columns import by_name, numbers_of
from tfapp.models.layers.pooling import MeanPool
from tfapp.models.weight_decay import NamesDecayedWeights


class FTTransformer(NamesBlocks, keras.Model):
    """For columns of numbers, categories, dates and texts, in any mixture."""

    def __init__(
        self,
        inputs,
        outputs=1,
        width=192,
        depth=3,
        heads=8,
        forward_factor=4 / 3,
        attention_dropout=0.2,
        forward_dropout=0.1,
        residual_dropout=0.0,
        **kwargs,
    ):
        """
        Args:
          inputs: an `InputSpec` for each feature.
          outputs: number of classes, or of values to predict.
          width: of a token, a multiple of heads.
          depth: number of blocks.
          heads: attention heads in each block.
          forward_factor: units of the feed-forward layer over the width.
          attention_dropout: rate on the attention weights.
          forward_dropout: rate after the ReGLU.
          residual_dropout: rate on what a branch adds.
        """
        super().__init__(**kwargs)
        if width % heads:
            raise UsageError(f"width={width}: must be a multiple of heads={heads}")
        if depth < 1:
            raise UsageError(f"depth={depth}: must be at least 1")
        self.tokenizer = Tokenizer(inputs, width)
        self.blocks = [
            Block(
                width,
                heads,
                round(width * forward_factor),
                rates=(attention_dropout, forward_dropout, residual_dropout),
                normalize_first=i > 0,
            )
            for i in range(depth)
        ]
        self.norm = keras.layers.LayerNormalization(epsilon=1e-5)
        self.logits = keras.layers.Dense(outputs, name="logits")

    def build(self, shapes):
        """Layers build themselves when they are first called."""

    def named_blocks(self):
        return self.blocks

    def call(self, inputs, training=False):
        """Columns, a dict of tensors [batch, ...] or one tensor, to logits [batch, outputs]."""
        x = self.tokenizer(inputs)
        for i, block in enumerate(self.blocks):
            # Of the last block only CLS is read.
            x = block(x, training=training, only_first=i == len(self.blocks) - 1)
        return self.logits(ops.relu(self.norm(ops.squeeze(x, axis=1))))


class Tokenizer(NamesDecayedWeights, keras.layers.Layer):
    """Columns -> [batch, 1 + tokens, width], CLS first.

    A number is a token x * weight + bias: so is each part of a date and each mark of a missing
    number. A category is a row of a table plus a bias, and a text the mean of its tokens' rows
    plus a bias.
    """

    def __init__(self, inputs, width, **kwargs):
        super().__init__(**kwargs)
        self._specs, self._width = tuple(inputs), width
        self._initial = keras.initializers.RandomUniform(-(width**-0.5), width**-0.5)
        self._count = sum(math.prod(spec.shape) for spec in self._specs if not spec.vocabulary)
        self._others = [spec for spec in self._specs if spec.vocabulary]
        self.tables = {
            spec.name: keras.layers.Embedding(
                spec.vocabulary, width, self._initial, name=f"column_{i}"
            )
            for i, spec in enumerate(self._specs)
            if spec.vocabulary
        }
        self.pool = MeanPool()

    def build(self, shapes):
        del shapes

        def weight(name, rows):
            return self.add_weight((rows, self._width), self._initial, name=name)

        self.cls = weight("cls", 1)
        self.bias = weight("bias", self._count + len(self._others))
        self.slopes = weight("slopes", self._count) if self._count else None

    def decayed_weights(self):
        """None: appendix E decays neither the tokenizer, nor biases, nor normalisation."""
        return []

    def call(self, inputs):
        columns = by_name(inputs, self._specs)
        parts = []
        if self._count:
            numbers = ops.cast(numbers_of(columns, self._specs), self.compute_dtype)
            parts.append(numbers[..., None] * self.slopes)
        parts += [self._row(spec, columns[spec.name])[:, None] for spec in self._others]
        tokens = (parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=1)) + self.bias
        cls = ops.broadcast_to(self.cls, (ops.shape(tokens)[0], 1, self._width))
        return ops.concatenate([ops.cast(cls, tokens.dtype), tokens], axis=1)

    def _row(self, spec, ids):
        rows = self.tables[spec.name](ids)
        return rows if spec.kind == "ids" else self.pool(rows, ops.not_equal(ids, 0))


class Block(keras.layers.Layer):
    """Attention and a feed-forward layer with ReGLU, each added to its input."""

    def __init__(self, width, heads, units, *, rates, normalize_first, **kwargs):
        """
        Args:
          width, heads, units: of a token, of the attention, and of the feed-forward layer.
          rates: dropout of the attention weights, after the ReGLU, and of what a branch adds.
          normalize_first: whether the attention's input is normalised; not in the first block.
        """
        super().__init__(**kwargs)
        self._heads = heads
        attention, forward, residual = rates
        self.norms = [
            keras.layers.LayerNormalization(epsilon=1e-5) if i or normalize_first else None
            for i in range(2)
        ]
        self.queries = keras.layers.Dense(width)
        self.keys_values = keras.layers.Dense(2 * width)
        self.merge = keras.layers.Dense(width)
        he = keras.initializers.HeUniform()
        self.widen = keras.layers.Dense(2 * units, kernel_initializer=he)
        self.narrow = keras.layers.Dense(width)
        self.drop_attention = keras.layers.Dropout(attention)
        self.drop_forward = keras.layers.Dropout(forward)
        self.drop_branch = keras.layers.Dropout(residual)

    def call(self, x, training=False, only_first=False):
        """[batch, tokens, width] to the same shape, or to that of the first token alone."""
        normal = x if self.norms[0] is None else self.norms[0](x)
        wanted, x = (_first(normal), _first(x)) if only_first else (normal, x)
        attended = self._attend(wanted, normal, training)
        x = x + self.drop_branch(attended, training=training)
        first, gate = ops.split(self.widen(self.norms[1](x)), 2, axis=-1)
        hidden = self.drop_forward(first * ops.relu(gate), training=training)
        return x + self.drop_branch(self.narrow(hidden), training=training)

    def _attend(self, wanted, x, training):
        queries = self._by_head(self.queries(wanted))
        keys, values = map(self._by_head, ops.split(self.keys_values(x), 2, axis=-1))
        scale = queries.shape[-1] ** -0.5
        scores = ops.matmul(queries * scale, ops.transpose(keys, (0, 1, 3, 2)))
        weights = ops.cast(ops.softmax(ops.cast(scores, "float32")), x.dtype)
        mixed = ops.matmul(self.drop_attention(weights, training=training), values)
        mixed = ops.transpose(mixed, (0, 2, 1, 3))
        return self.merge(ops.reshape(mixed, (-1, *wanted.shape[1:])))

    def _by_head(self, x):
        """[batch, tokens, width] -> [batch, heads, tokens, width / heads]."""
        _, tokens, width = x.shape
        split = ops.reshape(x, (-1, tokens, self._heads, width // self._heads))
        return ops.transpose(split, (0, 2, 1, 3))


def _first(tokens):
    """CLS, [batch, 1, width]: by a split, whose gradient is faster than that of a slice."""
    return ops.split(tokens, [1], axis=1)[0]

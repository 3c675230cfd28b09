"""The columns of a table as one vector, or as a sum of weights.

What a model's inputs are: scaled numbers, ids of categories and ids of a text's tokens.
"""

import itertools
import math

import keras
import numpy as np
from keras import ops

from tfapp.models.layers.pooling import MeanPool

# Of pooled tokens, whose table starts with a standard deviation of 1. Adam moves rare tokens as
# fast as common ones: from a small start, a few hundred steps are enough to tell the rows of a
# small table apart by their words.
_TOKEN_SCALE = 0.1


def embedding_width(spec):
    """Width of an embedding: fastai's rule of thumb for a category, 64 for a token."""
    return 64 if spec.kind == "tokens" else min(32, round(1.6 * spec.vocabulary**0.56))


def joined(parts):
    """Tensors [batch, ...] side by side, [batch, width]; those that are None are left out."""
    parts = [part for part in parts if part is not None]
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)


def by_name(inputs, specs):
    """The inputs of a model as a dict, also where it has one and is given its tensor alone."""
    return inputs if isinstance(inputs, dict) else {specs[0].name: inputs}


def numbers_of(columns, specs):
    """The values of all columns of numbers, [batch, n]; None if there are none."""
    flat = [
        ops.reshape(columns[spec.name], (-1, math.prod(spec.shape)))
        for spec in specs
        if not spec.vocabulary
    ]
    return joined(flat) if flat else None


class Columns(keras.layers.Layer):
    """Columns -> (numbers that have bins [batch, n], everything else [batch, width]).

    Either is None if there are none. Numbers without bins stay as they are, categories become
    one-hot or embedded, and texts the mean of their embedded tokens.
    """

    def __init__(self, inputs, *, one_hot, width_of=embedding_width, **kwargs):
        """
        Args:
          inputs: an `InputSpec` for each feature.
          one_hot: categories up to which a column is one-hot; those with more are embedded.
          width_of: gives the width of the embedding of an `InputSpec`.

        Attributes:
          edges: for each of the numbers that have bins, their edges.
          width: of everything else.
        """
        super().__init__(**kwargs)
        self._specs = tuple(inputs)
        self._one_hot, self._width_of = one_hot, width_of
        categories = [spec for spec in self._specs if spec.vocabulary]
        numeric = [spec for spec in self._specs if not spec.vocabulary]
        rows = [row for spec in numeric for row in _edges(spec)]
        self.edges = tuple(filter(None, rows))
        self._binned = [i for i, row in enumerate(rows) if row]
        self._plain = [i for i, row in enumerate(rows) if not row]
        self.embeddings = {
            spec.name: self._embedding(spec, f"column_{i}")
            for i, spec in enumerate(self._specs)
            if spec.vocabulary and not self._is_one_hot(spec)
        }
        self.pool = MeanPool()
        self.width = len(self._plain) + sum(map(self._category_width, categories))

    def build(self, shapes):
        """Layers build themselves when they are first called."""

    def call(self, inputs):
        columns = by_name(inputs, self._specs)
        parts = [
            self._category(spec, columns[spec.name]) for spec in self._specs if spec.vocabulary
        ]
        binned, flat = None, numbers_of(columns, self._specs)
        if self._binned:
            binned = _taken(flat, self._binned)
        if self._plain:
            parts.append(_taken(flat, self._plain))
        return binned, joined(parts) if parts else None

    def _category(self, spec, ids):
        if self._is_one_hot(spec):
            # Zeros for 0, a category that train does not have: its weights would never be trained.
            return ops.one_hot(ids - 1, spec.vocabulary - 1, dtype=self.compute_dtype)
        embedded = self.embeddings[spec.name](ids)
        if spec.kind == "ids":
            return embedded
        return self.pool(embedded, ops.not_equal(ids, 0)) * _TOKEN_SCALE

    def _category_width(self, spec):
        return spec.vocabulary - 1 if self._is_one_hot(spec) else self._width_of(spec)

    def _is_one_hot(self, spec):
        return spec.kind == "ids" and spec.vocabulary - 1 <= self._one_hot

    def _embedding(self, spec, name):
        initial = "uniform" if spec.kind == "ids" else keras.initializers.RandomNormal(stddev=1.0)
        return keras.layers.Embedding(spec.vocabulary, self._width_of(spec), initial, name=name)


def _taken(flat, indices):
    """The columns of [batch, n] at ascending indices: slices, which are rounded in no runtime."""
    if len(indices) == flat.shape[1]:
        return flat
    known = set(indices)
    starts = [i for i in indices if i - 1 not in known]
    ends = [i + 1 for i in indices if i + 1 not in known]
    return joined([flat[:, start:end] for start, end in zip(starts, ends, strict=True)])


class LinearColumns(keras.layers.Layer):
    """A linear function of the columns, [batch, outputs], which starts at zero.

    Of the numbers, of one-hot categories of any number, of the share of each token in a text and,
    where asked for, of pairs of categories (the cross-product transformations of Cheng et al.,
    arXiv:1606.07792, section 3.1). One-hot vectors are never made: their product with a matrix is
    a row of it. What train does not have, id 0, adds nothing.
    """

    def __init__(self, inputs, outputs, *, crosses=0, most_pairs=10_000, **kwargs):
        """
        Args:
          inputs: an `InputSpec` for each feature.
          outputs: the width of the output.
          crosses: the most pairs of columns of categories that are crossed; those with the fewest
            combinations are taken.
          most_pairs: combinations beyond which two columns are not crossed.
        """
        super().__init__(**kwargs)
        self._specs = tuple(inputs)
        self._ids = [spec for spec in self._specs if spec.kind == "ids"]
        self._outputs = outputs
        self._crossed = _smallest_pairs(self._ids, crosses, most_pairs)
        zeros = keras.initializers.Zeros()
        self.numbers = (
            keras.layers.Dense(outputs, use_bias=False, kernel_initializer=zeros, name="numbers")
            if any(not spec.vocabulary for spec in self._specs)
            else None
        )
        sizes = [spec.vocabulary for spec in self._ids]
        sizes += [self._ids[i].vocabulary * self._ids[j].vocabulary for i, j in self._crossed]
        self._starts = np.cumsum([0, *sizes[:-1]]).astype(np.int32)
        self.rows = (
            keras.layers.Embedding(sum(sizes), outputs, zeros, name="categories") if sizes else None
        )
        self.tokens = {
            spec.name: keras.layers.Embedding(spec.vocabulary, outputs, zeros, name=f"tokens_{i}")
            for i, spec in enumerate(self._specs)
            if spec.kind == "tokens"
        }
        self.pool = MeanPool()

    def build(self, shapes):
        del shapes
        self.bias = self.add_weight((self._outputs,), "zeros", name="bias")

    def call(self, inputs):
        columns = by_name(inputs, self._specs)
        parts = []
        if self.numbers is not None:
            parts.append(self.numbers(numbers_of(columns, self._specs)))
        if self.rows is not None:
            parts.append(self._of_categories(columns))
        for name, table in self.tokens.items():
            ids = columns[name]
            parts.append(self.pool(table(ids), ops.not_equal(ids, 0)))
        return sum(parts, self.bias)

    def _of_categories(self, columns):
        single = [columns[spec.name] for spec in self._ids]
        pairs = [single[i] * self._ids[j].vocabulary + single[j] for i, j in self._crossed]
        known = [ids > 0 for ids in single]
        known += [known[i] & known[j] for i, j in self._crossed]
        rows = self.rows(ops.stack([*single, *pairs], axis=-1) + self._starts)
        present = ops.cast(ops.stack(known, axis=-1), rows.dtype)
        return ops.einsum("nco,nc->no", rows, present)


def _smallest_pairs(specs, count, most):
    """The `count` pairs of indices with the fewest combinations, each of at most `most`."""
    size = {
        (i, j): specs[i].vocabulary * specs[j].vocabulary
        for i, j in itertools.combinations(range(len(specs)), 2)
    }
    allowed = [pair for pair in size if size[pair] <= most]
    return sorted(allowed, key=size.__getitem__)[:count]


def _edges(spec):
    """A tuple of edges, or (), for each value of a column of numbers."""
    return spec.edges or ((),) * math.prod(spec.shape)

"""Embeddings of numbers: piecewise-linear and periodic.

Gorishniy, Rubachev & Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning",
arXiv:2203.05556. With them a network fits functions of a column that are as irregular as those that
a tree fits.
"""

import math

import keras
import numpy as np
from keras import ops

from tfapp.models.weight_decay import NamesDecayedWeights


class PiecewiseLinearNumbers(NamesDecayedWeights, keras.layers.Layer):
    """Numbers [batch, n] -> [batch, n, width]: a linear map of x and of its place in each bin.

    Bin t of a column holds min(max((x - edge[t]) / (edge[t + 1] - edge[t]), 0), 1), section 3.2.1.
    The map of the bins starts at zero, and that of x as a linear layer (version B of the authors'
    package rtdl_num_embeddings), so that a function of few examples stays smooth.
    """

    def __init__(self, edges, width, **kwargs):
        """
        Args:
          edges: for each number, the ascending edges of its bins, two at least.
          width: of a number's embedding.
        """
        super().__init__(**kwargs)
        self._width = width
        bins = max(len(row) for row in edges) - 1
        # Bins that a column does not have begin at infinity, where no number is.
        self._start = np.full((len(edges), bins), np.float32(1e30))
        self._inverse = np.zeros((len(edges), bins), np.float32)
        for i, row in enumerate(edges):
            row = np.asarray(row, np.float32)
            self._start[i, : len(row) - 1] = row[:-1]
            self._inverse[i, : len(row) - 1] = 1 / np.diff(row)

    def build(self, shape):
        del shape
        count, bins = self._start.shape
        uniform = keras.initializers.RandomUniform(-1.0, 1.0)
        self.slope = self.add_weight(name="slope", shape=(count, self._width), initializer=uniform)
        self.offset = self.add_weight(
            name="offset", shape=(count, self._width), initializer=uniform
        )
        self.bins = self.add_weight(
            name="bins", shape=(count, bins, self._width), initializer="zeros"
        )

    def decayed_weights(self):
        """Not the offset, which is a bias a column."""
        return [self.slope, self.bins]

    def call(self, x):
        x = ops.cast(x, "float32")[..., None]
        places = ops.clip((x - self._start) * self._inverse, 0.0, 1.0)
        places, x = ops.cast(places, self.compute_dtype), ops.cast(x, self.compute_dtype)
        return x * self.slope + self.offset + ops.einsum("nfb,fbe->nfe", places, self.bins)


class PeriodicNumbers(NamesDecayedWeights, keras.layers.Layer):
    """Numbers [batch, n] -> [batch, n, width]: ReLU of a linear map of sines and cosines (PLR)."""

    def __init__(self, frequencies, width, scale, **kwargs):
        """
        Args:
          frequencies: number of them for each number.
          width: of a number's embedding.
          scale: standard deviation of the initial frequencies, periods per unit of a number.
        """
        super().__init__(**kwargs)
        self._frequencies, self._scale = frequencies, scale
        self.project = keras.layers.Dense(width, activation="relu")

    def build(self, shape):
        self.frequencies = self.add_weight(
            name="frequencies",
            shape=(shape[-1], self._frequencies),
            initializer=keras.initializers.RandomNormal(stddev=self._scale),
        )
        self.project.build((None, shape[-1], 2 * self._frequencies + 1))

    def decayed_weights(self):
        """Not the frequencies, as in the authors' own training."""
        return [self.project.kernel]

    def call(self, x):
        angles = 2 * math.pi * x[..., None] * self.frequencies
        waves = ops.concatenate([x[..., None], ops.sin(angles), ops.cos(angles)], axis=-1)
        return self.project(waves)

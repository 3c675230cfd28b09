"""mixup (Zhang et al., arXiv:1710.09412) and CutMix (Yun et al., arXiv:1905.04899).

An example's partner is its neighbour in the batch: the order is already random, and neighbours are
on the same replica, so that the pairs do not depend on the number of replicas.
"""

import numpy as np
import tensorflow as tf

from tfapp.data.augmentation.cutout import box
from tfapp.data.pipeline import order

_STREAM = 1001  # keeps its random numbers apart from those of other augmentations
_TABLE = 4096  # points of the Beta distribution's quantile function


def mixing(mixes, num_classes):
    """Builds (images, labels, seeds) -> (images, shares of classes).

    Args:
      mixes: {"mixup": alpha, "cutmix": alpha} or one of them; with both, one is chosen at random
        for each example. alpha: both parameters of the Beta distribution of the share.
      num_classes: of the labels, int32 [batch].

    The result's labels are float32 [batch, num_classes]. The batch is even.
    """

    def change(images, labels, seeds):
        numbers = order.uniform(seeds, _STREAM, 4)
        targets = tf.one_hot(labels, num_classes)
        results = []
        for name, alpha in mixes.items():
            share = _beta(numbers[:, 0], alpha)
            results.append(_MIXES[name](images, share, numbers[:, 1:3]))
        mixed, share = results[0]
        if len(results) == 2:
            first = numbers[:, 3] < 0.5
            mixed = tf.where(first[:, None, None, None], mixed, results[1][0])
            share = tf.where(first, share, results[1][1])
        share = share[:, None]
        return mixed, targets * share + partners(targets) * (1 - share)

    return change


def partners(values):
    """Each example's neighbour: 1 for 0, 0 for 1, 3 for 2, ..."""
    shape = values.shape[1:]
    return tf.reshape(tf.reverse(tf.reshape(values, (-1, 2, *shape)), [1]), (-1, *shape))


def _mixup(images, share, numbers):
    del numbers  # the whole image is mixed
    wide = share[:, None, None, None]
    return images * wide + partners(images) * (1 - wide), share


def _cutmix(images, share, numbers):
    height, width = images.shape[1:3]
    side = tf.sqrt(1 - share)
    inside = box(
        numbers[:, 0] * height, numbers[:, 1] * width, side * height, side * width, height, width
    )
    share = 1 - tf.reduce_mean(tf.cast(inside, tf.float32), (1, 2))
    return tf.where(inside[..., None], partners(images), images), share


_MIXES = {"mixup": _mixup, "cutmix": _cutmix}


def _beta(numbers, alpha):
    """Beta(alpha, alpha) by its quantile function, from uniform numbers [batch]."""
    table = tf.constant(_quantiles(alpha))
    place = numbers * (_TABLE - 1)
    low = tf.cast(place, tf.int32)
    part = place - tf.cast(low, tf.float32)
    high = tf.minimum(low + 1, _TABLE - 1)
    return tf.gather(table, low) * (1 - part) + tf.gather(table, high) * part


def _quantiles(alpha):
    """float32 [_TABLE]: the quantiles of Beta(alpha, alpha) at evenly spaced probabilities.

    With t = x**alpha the density near 0 is bounded even if alpha < 1; the other half is its mirror
    image.
    """
    t = np.linspace(0, 0.5**alpha, 20001)
    middle = (t[1:] + t[:-1]) / 2
    density = (1 - middle ** (1 / alpha)) ** (alpha - 1)
    cumulative = np.concatenate([[0], np.cumsum(density)])
    cumulative *= 0.5 / cumulative[-1]
    half = np.interp(np.linspace(0, 0.5, _TABLE // 2), cumulative, t) ** (1 / alpha)
    return np.concatenate([half, 1 - half[::-1]]).astype(np.float32)

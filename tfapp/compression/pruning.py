"""Magnitude pruning in training: the smallest weights of kernels become zero, and stay it.

The share of zeros rises by the cubic schedule of Zhu & Gupta, "To prune, or not to prune",
arXiv:1710.01878, eq. 1: fast while many weights are redundant, slowly at the end; the steps after
it are for recovery. The masks are a group of the state, so checkpoints hold them.

One threshold holds for all kernels, as layers differ in how many weights they need: with an equal
share for each, small first layers lose what large ones have to spare (Blalock et al., "What is the
State of Neural Network Pruning?", arXiv:2003.03033, sec. 7). No kernel is emptied, though: each
keeps at least a tenth of the share that all keep together.

With a pattern N:M, at most N of M consecutive inputs of an output keep their weight, in every
kernel, as sparse tensor cores want it (Mishra et al., arXiv:2104.08378).
"""

import dataclasses
import math

import keras
import tensorflow as tf

from tfapp.compression.kernels import kernels_of
from tfapp.compression.thresholds import scores, thresholds
from tfapp.errors import UsageError
from tfapp.training.groups import EMA, TRAINABLE

MASKS = "masks"  # group of the state: bool, one a weight; a scalar for a weight that stays
_UPDATES = 100  # of the masks, between the first and the last
_LEAST_SHARE = 0.1  # of what is kept of all kernels, that is kept of each


@dataclasses.dataclass(frozen=True)
class Pruning:
    """An `AfterUpdate` hook, and the group of masks that it needs.

    Attributes:
      sparsity: share of zeros in the kernels at the end.
      begin, end: steps, counted from 0, at which it begins to rise and is reached.
      pattern: (n, m): n of m inputs are kept, whose share `sparsity` then is; None: any.
    """

    sparsity: float
    begin: int
    end: int
    pattern: tuple[int, int] | None = None

    def masks(self, model):
        """The variables of the group MASKS, all weights kept; call inside the strategy's scope.

        Args:
          model: a `keras.Model` that has been called.

        Raises:
          UsageError: it has nothing to prune.
        """
        pruned = {kernel.position for kernel in self.kernels(model)}
        if not pruned:
            needs = f" whose inputs are a multiple of {self.pattern[1]}" if self.pattern else ""
            raise UsageError(
                f"--prune: the model {type(model).__name__} has no kernel of a dense or "
                f"convolution layer{needs}; drop the flag"
            )
        return tuple(
            keras.Variable(
                tf.ones(v.shape if i in pruned else (), tf.bool), dtype="bool", trainable=False,
                name=f"mask_{i}",
            )
            for i, v in enumerate(model.trainable_variables)
        )  # fmt: skip

    def kernels(self, model):
        """The `Kernel`s that are pruned."""
        kernels = kernels_of(model)
        if self.pattern is None:
            return kernels
        return [k for k in kernels if k.ends_in_outputs and k.shape[-2] % self.pattern[1] == 0]

    def describe(self, model):
        """What is pruned and when, a line for the log."""
        pruned = self.kernels(model)
        weights = sum(math.prod(kernel.shape) for kernel in pruned)
        chosen = {kernel.position for kernel in pruned}
        left = [kernel.path for kernel in kernels_of(model) if kernel.position not in chosen]
        text = (
            f"{self.sparsity:.4g} of {weights:,} weights in {len(pruned)} kernels, from step "
            f"{self.begin} to {self.end}"
        )
        if not left:
            return text
        return f"{text}; {', '.join(left)}: inputs are no multiple of {self.pattern[1]}, stay whole"

    def __call__(self, values, step):
        """See `AfterUpdate`. EMA weights are masked as well, so no earlier average stays."""
        every = max((self.end - self.begin) // _UPDATES, 1)
        # Also after the end, which changes nothing unless the step of an update was left out.
        due = (step >= self.begin) & (((step - self.begin) % every == 0) | (step == self.end))
        masks = tf.cond(due, lambda: self._updated(values, step), lambda: values[MASKS])
        changed = {MASKS: masks, TRAINABLE: _masked(values[TRAINABLE], masks)}
        if EMA in values:
            changed[EMA] = _masked(values[EMA], masks)
        return changed

    def _updated(self, values, step):
        """The masks after a step in which they are due."""
        masks = list(values[MASKS])
        positions = [i for i, mask in enumerate(masks) if mask.shape.rank]
        parts = [scores(values[TRAINABLE][i], masks[i]) for i in positions]
        rising = self._rising(step)
        if self.pattern is None:
            kept = _all_but_smallest(parts, self.sparsity * rising)
        else:
            n, m = self.pattern
            pruned = tf.cast(tf.floor((m - n) * rising + 1e-6), tf.int32)
            kept = [_all_but_smallest_of(part, m, pruned) for part in parts]
        for i, keep in zip(positions, kept, strict=True):
            masks[i] &= keep
        return tuple(masks)

    def _rising(self, step):
        """float64 scalar, from 0 at the step `begin` to 1 from `end` on."""
        done = tf.cast(step - self.begin + 1, tf.float64) / (self.end - self.begin + 1)
        return 1.0 - (1.0 - tf.clip_by_value(done, 0.0, 1.0)) ** 3


def _masked(weights, masks):
    """The weights, +0.0 where their masks are off."""
    return tuple(
        tf.where(mask, weight, tf.zeros_like(weight)) if mask.shape.rank else weight
        for weight, mask in zip(weights, masks, strict=True)
    )


def _all_but_smallest(parts, share):
    """For each kernel's scores, which weights stay if `share` of all are pruned."""
    sizes = [part.shape.num_elements() for part in parts]
    most = 1.0 - _LEAST_SHARE * (1.0 - share)
    each = tf.stack([tf.cast(tf.floor(most * size), tf.int64) for size in sizes])
    of_all = tf.cast(tf.round(share * sum(sizes)), tf.int64)
    limits = tf.unstack(thresholds(parts, each, of_all), num=len(parts))
    return [part > limit for part, limit in zip(parts, limits, strict=True)]


def _all_but_smallest_of(part, group, pruned):
    """Which weights stay if the `pruned` smallest of each `group` of inputs go.

    Args:
      part: float32 [..., inputs, outputs], scores.
      group: consecutive inputs.
      pruned: int32 scalar.
    """
    *outer, inputs, outputs = part.shape
    grouped = tf.reshape(part, (*outer, inputs // group, group, outputs))
    number = tf.range(group)[:, None]
    rank = tf.zeros(grouped.shape, tf.int32)
    for j in range(group):
        other = grouped[..., j : j + 1, :]
        lower = (other < grouped) | ((other == grouped) & (j < number))
        rank += tf.cast(lower, tf.int32)
    return tf.reshape(rank >= pruned, part.shape)

"""The second half of a step, a pure function: unscale, check, clip, apply, hooks, average.

It sees the gradient summed over all replicas, so that every decision is the same on each of them.
"""

from typing import NamedTuple

import tensorflow as tf

from tfapp.training import optimizers
from tfapp.training.groups import EMA, OPTIMIZER, SCALE, TRAINABLE

# Dynamic loss scaling (Micikevicius et al., arXiv:1710.03740, sec. 3.2): halved at an overflow,
# doubled after so many steps without one.
INITIAL_SCALE = 2.0**15
_GROWTH_STEPS = 2000
_SMALLEST_SCALE = 1.0
_LARGEST_SCALE = 2.0**24


class Update(NamedTuple):
    """What an update returns."""

    values: dict[str, tuple]  # the groups that it may have changed
    finite: tf.Tensor  # bool scalar: the update was made
    bad: tf.Tensor  # bool scalar: something is not finite and was not skipped


def make_update(optimizer, options, after_update=()):
    """Builds update(values, grads, loss, step, norm=None) -> `Update`.

    Args:
      optimizer: from `optimizers.build_optimizer`, built.
      options: `StepOptions`.
      after_update: `AfterUpdate` hooks, called in order.

    `values` are those of `groups.for_update`; `loss` is the sum over the global batch; `step`, an
    int64 scalar, is the step that is being made, by which the learning rate's schedule goes; `norm`
    is that of the whole unscaled gradient where `grads` are a part of it.
    """

    def update(values, grads, loss, step, norm=None):
        scale = values.get(SCALE)
        guarded = options.skip_nonfinite or scale is not None
        finite = tf.math.is_finite(loss)
        if scale is not None:
            grads = tuple(g / tf.cast(scale[0], g.dtype) for g in grads)
        if norm is None and (guarded or options.clip_norm):
            norm = tf.linalg.global_norm(grads)
        if guarded:
            finite &= tf.math.is_finite(norm)
        if options.clip_norm:
            grads = _clip(grads, norm, options.clip_norm)
        new = _applied(optimizer, after_update, values, grads, step)
        if options.ema:
            count = optimizers.update_count(optimizer, new[OPTIMIZER])
            averages = new.get(EMA, values[EMA])
            new[EMA] = _averaged(averages, new[TRAINABLE], count, options.ema)
        bad = ~finite
        if guarded:
            old = {name: values[name] for name in new}
            new = tf.nest.map_structure(lambda a, b: tf.where(finite, a, b), new, old)
            bad = tf.constant(False)
        if scale is not None:
            bad = ~finite & (scale[0] <= _SMALLEST_SCALE)
            new[SCALE] = _rescaled(scale, finite)
        return Update(new, finite, bad)

    return update


def _applied(optimizer, after_update, values, grads, step):
    """The groups that the optimizer and the hooks change."""
    trainable, state = optimizers.apply(
        optimizer, values[TRAINABLE], values[OPTIMIZER], grads, step
    )
    new = {TRAINABLE: trainable, OPTIMIZER: state}
    for hook in after_update:
        changed = hook({**values, **new}, step)
        for name, group in changed.items():
            if name not in values or len(group) != len(values[name]):
                raise ValueError(f"{hook}: changes {name!r}, {len(group)} values: no such group")
            new[name] = tuple(group)
    return new


def _clip(grads, norm, clip_norm):
    """Gradients scaled such that their global norm is at most `clip_norm` (arXiv:1211.5063)."""
    factor = clip_norm / tf.maximum(norm, clip_norm)
    return tuple(g * tf.cast(factor, g.dtype) for g in grads)


def _averaged(ema, trainable, count, decay):
    """The moving average after `count` updates; it follows faster at the beginning."""
    count = tf.cast(count, tf.float32)
    keep = tf.minimum(decay, (1.0 + count) / (10.0 + count))
    return tuple(
        e + (w - e) * tf.cast(1.0 - keep, w.dtype) for e, w in zip(ema, trainable, strict=True)
    )


def _rescaled(scale, finite):
    value, steps = scale
    grown = tf.where(steps + 1 >= _GROWTH_STEPS, value * 2, value)
    new_value = tf.clip_by_value(
        tf.where(finite, grown, value / 2), _SMALLEST_SCALE, _LARGEST_SCALE
    )
    new_steps = tf.where(finite & (steps + 1 < _GROWTH_STEPS), steps + 1, tf.zeros_like(steps))
    return new_value, new_steps

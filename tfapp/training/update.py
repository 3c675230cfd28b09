"""The second half of a step, a pure function: unscale, check, clip, apply, average.

It sees the gradient summed over all replicas, so that every decision is the same on each of them.
"""

from typing import NamedTuple

import tensorflow as tf

from tfapp.training import optimizers

# Dynamic loss scaling (Micikevicius et al., arXiv:1710.03740, sec. 3.2): halved at an overflow,
# doubled after so many steps without one.
INITIAL_SCALE = 2.0**15
_GROWTH_STEPS = 2000
_SMALLEST_SCALE = 1.0
_LARGEST_SCALE = 2.0**24


class Update(NamedTuple):
    """What an update returns."""

    trainable: tuple
    optimizer: tuple
    ema: tuple
    scale: tuple
    finite: object  # bool scalar: the update was made
    bad: object  # bool scalar: something is not finite and was not skipped


def make_update(optimizer, options):
    """Builds update(trainable, optimizer_state, ema, scale, grads, loss) -> `Update`.

    Args:
      optimizer: from `optimizers.build_optimizer`, built.
      options: `StepOptions`.

    `loss` is the sum over the global batch. `scale` is () or (loss scale, steps since it changed);
    `ema` is () or one average a weight.
    """
    guarded = options.skip_nonfinite or options.loss_scaling

    def update(trainable, state, ema, scale, grads, loss):
        finite = tf.math.is_finite(loss)
        if options.loss_scaling:
            grads = tuple(g / tf.cast(scale[0], g.dtype) for g in grads)
        if guarded or options.clip_norm:
            norm = tf.linalg.global_norm(grads)
        if guarded:
            finite &= tf.math.is_finite(norm)
        if options.clip_norm:
            grads = _clip(grads, norm, options.clip_norm)
        new_trainable, new_state = optimizers.apply(optimizer, trainable, state, grads)
        new_ema = _averaged(ema, new_trainable, new_state[0], options.ema)
        bad = ~finite
        if guarded:
            new = (new_trainable, new_state, new_ema)
            old = (trainable, state, ema)
            new_trainable, new_state, new_ema = tf.nest.map_structure(
                lambda a, b: tf.where(finite, a, b), new, old
            )
            bad = tf.constant(False)
        if options.loss_scaling:
            bad = ~finite & (scale[0] <= _SMALLEST_SCALE)
            scale = _rescaled(scale, finite)
        return Update(new_trainable, new_state, new_ema, scale, finite, bad)

    return update


def _clip(grads, norm, clip_norm):
    """Gradients scaled such that their global norm is at most `clip_norm` (arXiv:1211.5063)."""
    factor = clip_norm / tf.maximum(norm, clip_norm)
    return tuple(g * tf.cast(factor, g.dtype) for g in grads)


def _averaged(ema, trainable, iterations, decay):
    """The moving average after `iterations` updates; it follows faster at the beginning."""
    if not decay:
        return ema
    count = tf.cast(iterations, tf.float32)
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

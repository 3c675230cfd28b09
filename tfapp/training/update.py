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


class Checked(NamedTuple):
    """What is known of a gradient before it is applied."""

    grads: tuple  # of the loss itself, not of the scaled one
    factor: tf.Tensor | None  # by which clipping scales them; None: no clipping
    finite: tf.Tensor  # bool scalar: whether the update is to be made; see `is_guarded`


def is_guarded(options, scaled):
    """Whether an update is skipped if something is not finite; `scaled`: the loss has a scale."""
    return options.skip_nonfinite or scaled


def check(scale, grads, loss, options, norm=None):
    """Unscales a gradient, looks whether it is finite, and by how much it is too long.

    Args:
      scale: values of the group SCALE, or None.
      grads, loss: as of `make_update`.
      options: `StepOptions`.
      norm: as of `make_update`.

    Returns:
      `Checked`.
    """
    guarded = is_guarded(options, scale is not None)
    finite, factor = tf.math.is_finite(loss), None
    grads = unscaled(scale, grads)
    if norm is None and (guarded or options.clip_norm):
        norm = tf.linalg.global_norm(grads)
    if guarded:
        finite &= tf.math.is_finite(norm)
    if options.clip_norm:
        factor = options.clip_norm / tf.maximum(norm, options.clip_norm)
    return Checked(grads, factor, finite)


def unscaled(scale, grads):
    """Gradients of the loss itself; `scale`: values of the group SCALE, or None."""
    if scale is None:
        return grads
    return tuple(g / tf.cast(scale[0], g.dtype) for g in grads)


def make_update(optimizer, options, after_update=()):
    """Builds update(values, grads, loss, step, *, norm=None, discard=None) -> `Update`.

    Args:
      optimizer: from `optimizers.build_optimizer`, built.
      options: `StepOptions`.
      after_update: `AfterUpdate` hooks, called in order.

    `values` are those of `groups.for_update`; `loss` is the sum over the global batch; `step`, an
    int64 scalar, is the step that is being made, by which the learning rate's schedule goes; `norm`
    is that of the whole unscaled gradient where `grads` are a part of it.

    `discard`, a bool scalar, is given where values are updated in place, without hooks: True has
    the new values be the old ones. Then the update is a branch of a condition: to choose between
    new and old values afterwards, XLA would keep a copy of the old ones.
    """

    def applied(values, grads, factor, step):
        new = _applied(optimizer, after_update, values, clipped(grads, factor), step)
        if options.ema:
            count = optimizers.update_count(optimizer, new[OPTIMIZER])
            averages = new.get(EMA, values[EMA])
            new[EMA] = averaged(averages, new[TRAINABLE], count, options.ema)
        return new

    def update(values, grads, loss, step, *, norm=None, discard=None):
        scale = values.get(SCALE)
        guarded = is_guarded(options, scale is not None)
        grads, factor, finite = check(scale, grads, loss, options, norm)
        if discard is None:
            new = applied(values, grads, factor, step)
            if guarded:
                old = {name: values[name] for name in new}
                new = tf.nest.map_structure(lambda a, b: tf.where(finite, a, b), new, old)
        else:
            names = (TRAINABLE, OPTIMIZER, EMA) if options.ema else (TRAINABLE, OPTIMIZER)
            new = tf.cond(
                made(finite, discard, guarded),
                lambda: applied(values, grads, factor, step),
                lambda: {name: values[name] for name in names},
            )
        bad = is_bad(finite, scale, guarded)
        if scale is not None:
            new[SCALE] = rescaled(scale, finite, discard)
        return Update(new, finite, bad)

    return update


def made(finite, discard, guarded):
    """Whether an update in place is made, a bool scalar."""
    return ~discard & finite if guarded else ~discard


def is_bad(finite, scale, guarded):
    """Whether something is not finite and not skipped, a bool scalar."""
    if scale is not None:
        return ~finite & (scale[0] <= _SMALLEST_SCALE)
    return tf.constant(False) if guarded else ~finite


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


def clipped(grads, factor):
    """Gradients scaled such that their global norm is at most `clip_norm` (arXiv:1211.5063)."""
    if factor is None:
        return grads
    return tuple(g * tf.cast(factor, g.dtype) for g in grads)


def averaged(ema, trainable, count, decay):
    """The moving average after `count` updates; it follows faster at the beginning."""
    count = tf.cast(count, tf.float32)
    keep = tf.minimum(decay, (1.0 + count) / (10.0 + count))
    return tuple(
        e + (w - e) * tf.cast(1.0 - keep, w.dtype) for e, w in zip(ema, trainable, strict=True)
    )


def rescaled(scale, finite, discard=None):
    """The loss scale and the steps since it changed, after a step; as before if `discard`."""
    value, steps = scale
    grown = tf.where(steps + 1 >= _GROWTH_STEPS, value * 2, value)
    new_value = tf.clip_by_value(
        tf.where(finite, grown, value / 2), _SMALLEST_SCALE, _LARGEST_SCALE
    )
    new_steps = tf.where(finite & (steps + 1 < _GROWTH_STEPS), steps + 1, tf.zeros_like(steps))
    if discard is None:
        return new_value, new_steps
    return tf.where(discard, value, new_value), tf.where(discard, steps, new_steps)

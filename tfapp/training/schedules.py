"""Learning-rate schedules: a share of the peak rate as a function of the step, with warm-up.

`progress` runs from 0 at the end of the warm-up to 1 at the end of the run.
"""

import dataclasses
import math

import keras
import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.registry import suggest


def _linear(progress, *, end=0.0):
    return 1 + (end - 1) * progress


def _cosine(progress, *, end=0.0):
    """Loshchilov & Hutter, arXiv:1608.03983, without restarts."""
    return end + (1 - end) * 0.5 * (1 + tf.cos(math.pi * progress))


def _polynomial(progress, *, end=0.0, power=2.0):
    return end + (1 - end) * (1 - progress) ** power


def _exponential(progress, *, end=0.01):
    return tf.cast(end, tf.float32) ** progress


def _step(progress, *, at=(0.5, 0.75), factor=0.1):
    at = at if isinstance(at, (tuple, list)) else (at,)
    passed = tf.add_n([tf.cast(progress >= share, tf.float32) for share in at])
    return tf.cast(factor, tf.float32) ** passed


def _one_cycle(progress, *, start=0.04, end=1e-4, up=0.3):
    """Smith & Topin, arXiv:1708.07120: up from start to the peak, then down, both by a cosine."""
    rising = start + (1 - start) * 0.5 * (1 - tf.cos(math.pi * progress / up))
    falling = end + (1 - end) * 0.5 * (1 + tf.cos(math.pi * (progress - up) / (1 - up)))
    return tf.where(progress < up, rising, falling)


# Name -> (share of the peak rate, its arguments with their defaults).
SCHEDULES = {
    "constant": (lambda progress: tf.ones_like(progress), {}),
    "linear": (_linear, {"end": 0.0}),
    "cosine": (_cosine, {"end": 0.0}),
    "polynomial": (_polynomial, {"end": 0.0, "power": 2.0}),
    "exponential": (_exponential, {"end": 0.01}),
    "step": (_step, {"at": (0.5, 0.75), "factor": 0.1}),
    "one_cycle": (_one_cycle, {"start": 0.04, "end": 1e-4, "up": 0.3}),
}


def check(name, arguments=()):
    """Checks --schedule and its arguments, without a run that they belong to.

    Args:
      name: of the schedule.
      arguments: of the schedule, as a dict or pairs.

    Raises:
      UsageError: unknown name, an argument that the schedule does not take, or one that is not a
        number.
    """
    if name not in SCHEDULES:
        raise UsageError(
            f"--schedule={name}: unknown{suggest(name, SCHEDULES)} (one of {', '.join(SCHEDULES)})"
        )
    known = SCHEDULES[name][1]
    for key, value in dict(arguments).items():
        if key not in known:
            raise UsageError(
                f"--schedule_arg={key}: {name} takes {', '.join(known) or 'no arguments'}"
                + suggest(key, known)
            )
        values = value if isinstance(value, (tuple, list)) else (value,)
        if not all(isinstance(v, (int, float)) for v in values):
            raise UsageError(f"--schedule_arg={key}={value}: a number is needed")


@dataclasses.dataclass(frozen=True)
class _Settings:
    name: str
    peak: float
    warmup_steps: int
    total_steps: int
    arguments: dict


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up from 0 to the peak, then the named schedule to the end of the run."""

    def __init__(self, name, *, peak, warmup_steps, total_steps, arguments=(), adjustable=False):
        """
        Args:
          name: one of `SCHEDULES`.
          peak: the learning rate that shares multiply.
          warmup_steps: steps of the warm-up; 0: none.
          total_steps: of the run, warm-up included.
          arguments: of the schedule, as a dict or pairs.
          adjustable: whether `set_length` may be called: steps that are compiled by then follow it.

        Raises:
          UsageError: see `check`.
        """
        check(name, arguments)
        self._settings = _Settings(name, peak, warmup_steps, total_steps, dict(arguments))
        self._lengths = None  # float32 [2], steps of the warm-up and of the run; None: as settings
        if adjustable:
            self._lengths = tf.Variable([warmup_steps, total_steps], False, dtype=tf.float32)

    @property
    def adjustable(self):
        """Whether its length can change."""
        return self._lengths is not None

    def set_length(self, *, warmup_steps, total_steps):
        """Changes the length of an adjustable schedule; a warm-up of 0 steps stays one."""
        self._settings = dataclasses.replace(
            self._settings, warmup_steps=warmup_steps, total_steps=total_steps
        )
        self._lengths.assign([warmup_steps, total_steps])

    def __call__(self, step):
        """float32 scalar: the learning rate of the update of `step`, counted from 0."""
        settings = self._settings
        step = tf.cast(tf.convert_to_tensor(step), tf.float32)
        warmup, total = settings.warmup_steps, settings.total_steps
        length = max(total - warmup, 1)
        if self.adjustable:
            warmup, total = tf.unstack(self._lengths)
            length = tf.maximum(total - warmup, 1.0)
        progress = tf.clip_by_value((step - warmup) / length, 0.0, 1.0)
        share = SCHEDULES[settings.name][0](progress, **settings.arguments)
        if settings.warmup_steps:
            # The first update has a rate above 0, or its step would be wasted.
            share = tf.where(step < warmup, (step + 1) / warmup, share)
        return settings.peak * share

    def get_config(self):
        return dataclasses.asdict(self._settings)

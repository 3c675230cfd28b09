"""Where XLA goes: which of a step's functions, or the loop around them, become XLA programs.

XLA around strategy.run fails (its program cannot hold variables of several devices), so with
several replicas the loop and the reduction stay outside, and each replica's gradients and update
are programs of their own.
"""

import dataclasses

import tensorflow as tf

from tfapp.errors import UsageError
from tfapp.training.step import StepFunctions


@dataclasses.dataclass(frozen=True)
class Placement:
    """What is compiled by XLA; every part that is not runs as TensorFlow kernels in a graph."""

    name: str
    loop: bool = False  # the whole loop of steps, one program
    step: bool = False  # each step, one program
    gradients: bool = False  # forward and backward of one replica
    update: bool = False  # the optimizer's update
    reason: str = ""


PLACEMENTS = {
    p.name: p
    for p in (
        Placement("loop", loop=True),
        Placement("step", step=True),
        Placement("gradients", gradients=True, update=True),
        Placement("update", update=True),
        Placement("off"),
    )
}


def valid_placements(*, num_replicas, engine):
    """Names of the placements that can run, best guess first."""
    if num_replicas > 1:
        return ["gradients", "update", "off"]
    if engine == "resident":
        return ["loop", "step", "gradients", "update", "off"]
    return ["step", "gradients", "update", "off"]


def choose(forced, *, num_replicas, engine):
    """Returns the `Placement` for --xla=`forced`.

    Raises:
      UsageError: it cannot work here, and why.
    """
    valid = valid_placements(num_replicas=num_replicas, engine=engine)
    if forced == "auto":
        kind = "one replica" if num_replicas == 1 else f"{num_replicas} replicas"
        reason = f"{kind}, {engine} data"
        return dataclasses.replace(PLACEMENTS[valid[0]], reason=reason)
    if forced not in valid:
        why = (
            f"{num_replicas} replicas cannot share one XLA program"
            if num_replicas > 1
            else "the stream engine feeds every step from the host"
        )
        raise UsageError(f"--xla={forced}: {why}; use one of {', '.join(valid)}")
    return dataclasses.replace(PLACEMENTS[forced], reason="forced by --xla")


def compile_step(functions, placement):
    """Wraps the halves of a step that the placement compiles on their own."""

    def jit(function, wanted):
        return tf.function(function, jit_compile=True) if wanted else function

    return StepFunctions(
        jit(functions.gradients, placement.gradients), jit(functions.update, placement.update)
    )

"""Where XLA goes: which of a step's functions, or the loop around them, become XLA programs.

XLA around strategy.run fails (its program cannot hold variables of several devices), so with
several replicas the loop and the reduction stay outside, and each replica's gradients and update
are programs of their own.
"""

import contextlib
import dataclasses
import re

import tensorflow as tf

from tfapp.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Placement:
    """What is compiled by XLA; every part that is not runs as TensorFlow kernels in a graph."""

    name: str
    loop: bool = False  # the whole loop of steps, one program
    step: bool = False  # each step, one program
    gradients: bool = False  # forward and backward of one replica
    update: bool = False  # the optimizer's update
    augment: bool = False  # the augmentation: a chain of element-wise operations on images


PLACEMENTS = {
    p.name: p
    for p in (
        Placement("loop", loop=True),
        Placement("step", step=True),
        Placement("gradients", gradients=True, update=True),
        Placement("update", update=True, augment=True),
        Placement("off"),
    )
}


def valid_placements(*, num_replicas, engine, synchronized=False, uncompiled=None):
    """Names of the placements that can run.

    `synchronized`: the model reduces across replicas in its forward pass. `uncompiled`: the name of
    a layer that XLA has no form of, or None.
    """
    if uncompiled:
        return ["update", "off"]
    if num_replicas > 1:
        return ["update", "off"] if synchronized else ["gradients", "update", "off"]
    if engine == "resident":
        return ["loop", "step", "gradients", "update", "off"]
    return ["step", "gradients", "update", "off"]


def check(forced, valid, *, num_replicas, uncompiled=None):
    """Raises UsageError, with the reason, if --xla=`forced` is not among the `valid` ones."""
    if forced in valid:
        return
    if uncompiled:
        why = f"XLA has no form of the layer {uncompiled}"
    elif forced == "gradients":
        why = "synchronised batch normalisation reduces across replicas inside the gradients"
    elif num_replicas > 1:
        why = f"{num_replicas} replicas cannot share one XLA program"
    else:
        why = "the stream engine feeds every step from the host"
    raise UsageError(f"--xla={forced}: {why}; use one of {', '.join(valid)}")


# Where the two ways of a 784-128-10 network cross on two cores with AVX-512.
_LARGE_PRODUCTS = 30_000_000


def worth_trying(valid, *, device_type, has_convolutions, work=0, large=False):
    """The valid placements that --xla=auto considers, the best guess first.

    On a CPU, XLA's convolutions are 2 to 100 times slower than oneDNN's (slowest inside a loop), so
    with convolutions only the update is compiled. Without them the loop as one program wins at
    small batches and oneDNN's products at large ones: `work`, the number of weights times the
    batch size, tells which is tried first. Of a `large` state only the update is compiled: its
    products are large, XLA's kernel library packs a copy of a matrix to multiply by it, and each
    way that is tried leaves its memory in TensorFlow's pool.
    """
    if device_type == "CPU" and has_convolutions:
        order = ("update", "off")
    elif device_type == "CPU" and large:
        order = ("update",)
    elif device_type == "CPU" and work > _LARGE_PRODUCTS:
        order = ("update", "loop", "step", "gradients")
    elif device_type == "CPU":
        order = ("loop", "update", "step", "gradients")
    else:
        order = ("loop", "step", "gradients", "update")
    return [name for name in order if name in valid]


class NotCompiled(UsageError):
    """XLA cannot compile what a placement would have it compile; `why` says what."""

    def __init__(self, placement_name, why):
        self.why = f"XLA cannot compile the model: {why}"
        super().__init__(f"--xla={placement_name}: {self.why}; use --xla=update")


_UNSUPPORTED = re.compile(r"XLA_[CG]PU_JIT: (.*?)(?= \(No registered|\{\{node|$)", re.MULTILINE)
_UNKNOWN_SHAPE = "must be a compile-time constant"


@contextlib.contextmanager
def compiling(placement):
    """Raises `NotCompiled`, with the operation that XLA lacks, in place of TensorFlow's error."""
    try:
        yield
    except tf.errors.OpError as error:
        unsupported = _UNSUPPORTED.search(str(error))
        if unsupported:
            why = f"it has no form of {unsupported[1]}"
        elif _UNKNOWN_SHAPE in str(error):
            why = "a shape depends on the numbers in a batch"
        else:
            raise
        raise NotCompiled(placement.name, why) from error


def compile_step(functions, placement):
    """`StepFunctions` with the halves of a step that the placement compiles on their own."""
    return functions._replace(
        gradients=_jit(functions.gradients, placement.gradients),
        update=_jit(functions.update, placement.update),
    )


def compile_augment(augment, placement):
    """The augmentation, a program of its own if the placement says so; None stays None."""
    return _jit(augment, placement.augment and augment is not None)


def _jit(function, wanted):
    return tf.function(function, jit_compile=True, autograph=False) if wanted else function


def apart(function):
    """The function as a graph of its own, without the cycle of the loop around it.

    oneDNN takes over a pool's gradient only if it comes upon the pool first, and around a cycle
    there is no first.
    """
    return tf.function(function, autograph=False, experimental_attributes={"_noinline": True})

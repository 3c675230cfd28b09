"""--collective: how gradients are summed across devices and workers."""

import dataclasses

import tensorflow as tf

from tfapp.errors import UsageError

# Across the devices of one machine; auto is TensorFlow's choice: NCCL among GPUs.
_ON_ONE_MACHINE = {
    "nccl": tf.distribute.NcclAllReduce,
    "hierarchical": tf.distribute.HierarchicalCopyAllReduce,
    "one": tf.distribute.ReductionToOneDevice,
}
_ACROSS_MACHINES = ("auto", "ring", "nccl")


@dataclasses.dataclass(frozen=True)
class CollectiveOptions:
    """How values are reduced."""

    kind: str = "auto"  # --collective
    pack: int = 0  # MB that are reduced together; 0: TensorFlow's choice
    timeout: float = 0.0  # seconds after which a reduction between workers fails; 0: none


def on_one_machine(options, device_type):
    """The `tf.distribute.CrossDeviceOps` of a MirroredStrategy, or None for TensorFlow's own.

    Raises:
      UsageError: the kind is one between machines, or needs GPUs.
    """
    if options.kind == "auto":
        return None
    if options.kind not in _ON_ONE_MACHINE:
        raise UsageError(
            f"--collective={options.kind}: is for several workers; on one machine use auto, "
            f"{', '.join(_ON_ONE_MACHINE)}"
        )
    _check_nccl(options, device_type)
    return _ON_ONE_MACHINE[options.kind]()


def across_machines(options, device_type):
    """The `tf.distribute.experimental.CommunicationOptions` of several workers.

    Raises:
      UsageError: the kind is one for the devices of one machine, or needs GPUs.
    """
    if options.kind not in _ACROSS_MACHINES:
        raise UsageError(
            f"--collective={options.kind}: is for one machine; with several workers use "
            f"{', '.join(_ACROSS_MACHINES)}"
        )
    _check_nccl(options, device_type)
    kinds = tf.distribute.experimental.CommunicationImplementation
    return tf.distribute.experimental.CommunicationOptions(
        bytes_per_pack=options.pack << 20,
        timeout_seconds=options.timeout or None,
        implementation=kinds[options.kind.upper()],
    )


def _check_nccl(options, device_type):
    if options.kind == "nccl" and device_type != "GPU":
        raise UsageError("--collective=nccl: reduces between GPUs, and there is none; use auto")

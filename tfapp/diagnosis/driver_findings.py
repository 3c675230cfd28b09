"""What is wrong with NVIDIA's driver: its libraries, its age, and the result of cuInit."""

from tfapp.diagnosis.finding import ERROR, Finding

_OLDEST = {"11": "450.80.02", "12": "525.60.13", "13": "580.65.06"}  # by CUDA's major version
_NO_DEVICE = 100
# CUresult (cuda.h) of cuInit: its meaning and the remedy.
_REFUSALS = {
    _NO_DEVICE: (
        "no device responds",
        "look in dmesg for NVRM and Xid, restart the machine",
    ),
    802: ("the GPUs' fabric is not set up", "start it: systemctl start nvidia-fabricmanager"),
    803: (
        "the kernel module and libcuda.so.1 are of different versions",
        "restart the machine: the driver was replaced while it was loaded",
    ),
    804: (
        "this GPU does not support the libcuda.so.1 of a cuda-compat package",
        "remove the compat folder from LD_LIBRARY_PATH, or install a newer driver",
    ),
    999: (
        "the driver does not respond, which happens after a machine was suspended",
        "modprobe --remove nvidia_uvm; modprobe nvidia_uvm, or restart the machine",
    ),
}


def find(facts):
    """`Finding`s, the root cause first."""
    return [*_library(facts), *_age(facts), *_refusal(facts)]


def oldest(facts):
    """The oldest driver that TensorFlow's CUDA works with, and a space; "" if not known."""
    driver = _OLDEST.get(_major(facts.tensorflow.cuda_version))
    return f"{driver} " if driver else ""


def _library(facts):
    library = facts.driver_library
    if not library.error:
        return
    fix = "install the driver's libraries too (libcuda1 or nvidia-compute-utils)"
    if facts.host.container:
        fix = "start the container with NVIDIA_DRIVER_CAPABILITIES=compute,utility"
    yield Finding(ERROR, f"{library.name} cannot be loaded: {library.error}", fix)


def _age(facts):
    supported, built = facts.driver_library.version, facts.tensorflow.cuda_version
    if supported and built and int(_major(supported)) < int(_major(built)):
        what = f"the driver {facts.host.driver} is too old: it supports CUDA {supported}, "
        what = what.replace("  ", " ") + f"TensorFlow is built with CUDA {built}"
        yield Finding(ERROR, what, f"install driver {oldest(facts)}or later")


def _refusal(facts):
    code, chosen = facts.cuda_error, facts.variable("CUDA_VISIBLE_DEVICES")
    if code == _NO_DEVICE and chosen is not None:
        what = f"CUDA_VISIBLE_DEVICES={chosen!r} names no GPU of this machine"
        yield Finding(ERROR, what, "compare with nvidia-smi --list-gpus, or unset it")
    elif code:
        meaning, fix = _REFUSALS.get(code, ("see CUresult in NVIDIA's manual", "run nvidia-smi"))
        yield Finding(ERROR, f"cuInit fails with {code}: {meaning}", fix)


def _major(version):
    return version.partition(".")[0]

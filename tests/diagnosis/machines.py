"""Made-up machines: a healthy one with two GPUs, and changes to it."""

import dataclasses

from tfapp.diagnosis.facts import (
    Device,
    Facts,
    Folder,
    Host,
    Library,
    Load,
    Package,
    Product,
    TensorFlowReport,
)

GIB = 1 << 30
HEALTHY = Facts(
    host=Host(
        python="3.12.3", processor="a processor", processor_flags=("avx2", "avx512f"), cores=16,
        memory_bytes=128 * GIB, memory_available=100 * GIB, shm_bytes=64 * GIB, pci_gpus=2,
        gpu_files=2, driver="570.86.15",
    ),
    tensorflow=TensorFlowReport(
        import_seconds=4.0, is_cuda_build=True, cuda_version="12.5.1", cudnn_version="9",
        compute_capabilities=("sm_60", "sm_80", "compute_90"), xla_seconds=0.5,
        devices=(
            Device("CPU", "CPU:0"),
            Device("GPU", "NVIDIA H100", "9.0", 78 * GIB),
            Device("GPU", "NVIDIA H100", "9.0", 78 * GIB),
        ),
        products=(Product("float32", (4e14,)), Product("bfloat16", (7.2e14,))),
    ),
    load=Load(seconds=1.0, average=0.4, busy_cores=0.1),
    packages=(
        Package("tensorflow", "2.21.0", ">=2.21,<2.22"),
        Package("keras", "3.15.1", ">=3.15,<4"),
    ),
    libraries=(
        Library("libcudart.so.12", version="12.5"),
        Library("libcudnn.so.9", version="9.3"),
        Library("libnccl.so.2", version="2.27"),
    ),
    driver_library=Library("libcuda.so.1", version="12.8"),
    folders=(
        Folder("runs", "runs", True, 500 * GIB, 1000 * GIB),
        Folder("TFDS", "/home/me/tensorflow_datasets", True, 500 * GIB, 1000 * GIB),
    ),
)  # fmt: skip
ABSENT = "cannot open shared object file: No such file or directory"
NO_DRIVER = Library("libcuda.so.1", error=f"libcuda.so.1: {ABSENT}")


def machine(host=(), tensorflow=(), **changes):
    """HEALTHY with changes: `host` and `tensorflow` are dicts of their fields."""
    return dataclasses.replace(
        HEALTHY,
        host=dataclasses.replace(HEALTHY.host, **dict(host)),
        tensorflow=dataclasses.replace(HEALTHY.tensorflow, **dict(tensorflow)),
        **changes,
    )


def without_gpus(tensorflow=(), **changes):
    """The same machine, on which TensorFlow sees no GPU."""
    devices = (Device("CPU", "CPU:0"),)
    return machine(tensorflow={"devices": devices, **dict(tensorflow)}, **changes)

"""Probes the machine: processor, memory, container, and NVIDIA devices known to the kernel.

`root` replaces "/" everywhere, so that tests can use the files of another machine.
"""

import contextlib
import os
import pathlib
import platform
import re

from tfapp.diagnosis.container import container
from tfapp.diagnosis.facts import Host
from tfapp.flag_values import whole_number
from tfapp.runtime import host

# oneDNN and XLA have faster code for each of these.
_SPEED_FLAGS = (
    "avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni",
    "amx_tile", "amx_bf16", "amx_int8", "asimd", "bf16", "sve",
)  # fmt: skip
_NO_LIMIT = 1 << 60  # bytes; cgroups version 1 writes "no limit" as a number near 2**63


def probe(root="/", environ=os.environ):
    """The `Host` whose files are below `root`."""
    root = pathlib.Path(root)
    model, flags = host.processor_and_flags(root)
    memory = host.memory(root)
    return Host(
        python=platform.python_version(),
        container=container(root, environ),
        processor=model,
        processor_flags=tuple(flag for flag in _SPEED_FLAGS if flag in flags),
        cores=host.cores(),
        core_limit=_core_limit(root),
        memory_bytes=memory.get("MemTotal", 0),
        memory_available=memory.get("MemAvailable", 0),
        memory_limit=_memory_limit(root),
        shm_bytes=_size(root / "dev/shm"),
        pci_gpus=_pci_gpus(root),
        gpu_files=len(
            [p for p in root.glob("dev/nvidia[0-9]*") if whole_number(p.name[6:]) is not None]
        ),
        driver=_driver(root),
    )


def _core_limit(root):
    """Processor time that the control group allows, in cores; 0 for no limit."""
    quota, _, period = host.read(root / "sys/fs/cgroup/cpu.max").partition(" ")
    if not quota:
        quota = host.read(root / "sys/fs/cgroup/cpu/cpu.cfs_quota_us")
        period = host.read(root / "sys/fs/cgroup/cpu/cpu.cfs_period_us")
    with contextlib.suppress(ValueError, ZeroDivisionError):
        return round(int(quota) / int(period), 2) if int(quota) > 0 else 0.0
    return 0.0


def _memory_limit(root):
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        limit = whole_number(host.read(root / "sys/fs/cgroup" / name).strip())
        if limit is not None and limit < _NO_LIMIT:
            return limit
    return 0


def _size(folder):
    try:
        status = os.statvfs(folder)
    except OSError:
        return 0
    return status.f_blocks * status.f_frsize


def _pci_gpus(root):
    """NVIDIA's (vendor 10de) display controllers (class 03) on the bus, also in containers."""
    count = 0
    for device in root.glob("sys/bus/pci/devices/*"):
        vendor, kind = host.read(device / "vendor").strip(), host.read(device / "class").strip()
        count += vendor == "0x10de" and kind.startswith("0x03")
    return count


def _driver(root):
    text = host.read(root / "proc/driver/nvidia/version")
    found = re.search(r"\b(\d{3,}\.\d+(\.\d+)?)\b", text)
    return found.group(1) if found else ""

"""What this process may use of its machine: processor, cores and memory.

`root` replaces "/", so that tests can use the files of another machine.
"""

import os
import pathlib
import platform
import re


def processor(root="/"):
    """The processor's name."""
    return processor_and_flags(pathlib.Path(root))[0]


def processor_flags(root="/"):
    """The set of the processor's feature names, such as "avx2"."""
    return processor_and_flags(pathlib.Path(root))[1]


def cores():
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def memory_available(root="/"):
    """Bytes of memory that are available without swapping; 0 if the system does not report them."""
    return memory(pathlib.Path(root)).get("MemAvailable", 0)


def processor_and_flags(root):
    """(name, set of flags)."""
    fields = {}
    for line in read(root / "proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    flags = fields.get("flags") or fields.get("Features") or ""
    return fields.get("model name") or platform.processor(), set(flags.split())


def memory(root):
    """The entries of /proc/meminfo, in bytes."""
    lines = re.findall(r"^(\w+):\s+(\d+) kB$", read(root / "proc/meminfo"), re.MULTILINE)
    return {name: int(value) * 1024 for name, value in lines}


def read(path):
    """The text of a file, or "" if it cannot be read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""

"""The container's health check: exit code 0 if its processes use the processor, 1 if they do not.

Training that hangs (on a dead file server, a lock, a device that no longer responds) uses no
processor time, whereas every step, download and compilation does. The time used is therefore read
twice within one check, because there may be no writable place to keep it in between checks.

The kernel's account of the container's control group includes processes that have ended. Where
there is none, the times of the processes are compared one by one: a process that ends in between
takes its own time away, but hides nobody else's.
"""

import os
import pathlib
import sys
import time

ROOT = pathlib.Path("/")
SECONDS = 5.0
LEAST_SHARE = 0.01  # of one core
_MICRO, _NANO = 1e-6, 1e-9


def main():
    read = of_group if of_group() else of_processes
    before = read()
    time.sleep(SECONDS)
    share = used(before, read()) / SECONDS
    print(f"{share:.0%} of one core")
    return 0 if share >= LEAST_SHARE else 1


def used(before, after):
    """Seconds of processor time between two readings; never negative."""
    return sum(max(0.0, seconds - before.get(key, 0.0)) for key, seconds in after.items())


def of_group():
    """{"group": seconds} that the container's control group has used, without this process.

    Empty if there is no such group: the machine's own root group counts every other container too.
    """
    for folder in _group_folders("", "cgroup"):
        if (folder / "cgroup.type").exists():  # which the root group lacks
            for line in _text(folder / "cpu.stat").splitlines():
                if line.startswith("usage_usec "):
                    return {"group": int(line.split()[1]) * _MICRO - time.process_time()}
    for mount in ("cgroup/cpuacct", "cgroup/cpu,cpuacct"):
        for folder in _group_folders("cpuacct", mount):
            usage = _text(folder / "cpuacct.usage")
            if usage and not (folder / "release_agent").exists():  # which the root group has
                return {"group": int(usage) * _NANO - time.process_time()}
    return {}


def of_processes():
    """(process, its start) -> seconds that it and its ended children have used, but for this one's.

    The start distinguishes two processes that have the same number one after the other.
    """
    seconds = {}
    for stat in (ROOT / "proc").glob("[0-9]*/stat"):
        if stat.parent.name == str(os.getpid()):
            continue
        fields = _text(stat).rpartition(")")[2].split()
        if fields:  # otherwise the process has ended in the meantime
            ticks = sum(map(int, fields[11:15]))
            seconds[stat.parent.name, fields[19]] = ticks / os.sysconf("SC_CLK_TCK")
    return seconds


def _group_folders(controller, mount):
    """Where the account of this process's group may be: below the mount, or the mount itself."""
    top = ROOT / "sys/fs" / mount
    for line in _text(ROOT / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") and ".." not in path:
            yield top / path.lstrip("/")
    yield top


def _text(path):
    """The text of a file, or "" if it cannot be read."""
    try:
        return path.read_text()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main())

"""How busy the machine is with other things, from counters of the kernel that are read twice.

`root` replaces "/", so that tests can use the files of another machine.
"""

import os
import pathlib
import re
import time

from tfapp.diagnosis.facts import Load, Neighbour
from tfapp.runtime import host

_SECONDS = 1.0  # in which this process does nothing, and its neighbours are looked at
_SHOWN = 3  # neighbours
_LEAST = 0.05  # cores that a neighbour has to use
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def watched(work, *, root="/", cores=None, sleep=time.sleep, clock=time.monotonic):
    """Looks at the machine for a second, and then at what it withholds while `work` runs.

    Args:
      work: function without arguments that keeps the processor busy.
      root: the folder that holds this machine's files.
      cores: numbers of the cores that this process may use; None: as the system tells.
      sleep, clock: of the module time; injected by tests.

    Returns:
      (`Load`, what `work` returns).
    """
    root = pathlib.Path(root)
    cores = os.sched_getaffinity(0) if cores is None else cores
    began, before, processes, swapped = clock(), _cores(root), _processes(root), _swapped(root)
    sleep(_SECONDS)
    seconds = max(clock() - began, 1e-3)
    after, swapped = _cores(root), _swapped(root) - swapped
    load = {
        "seconds": seconds,
        "average": _average(root),
        "busy_cores": sum(after[n][0] - before[n][0] for n in after if n in before and n in cores)
        / seconds,
        "neighbours": _busiest(processes, _processes(root), seconds),
        "memory_pressure": _pressure(root),
        "swap_bytes": swapped / seconds,
    }
    periods = _periods(root)
    result = work()
    withheld = {"steal": _steal(after, _cores(root), cores), "throttled": _share(periods, root)}
    return Load(**load, **withheld), result


def _cores(root):
    """Core -> (seconds at work for any process, seconds taken by the hypervisor, all seconds)."""
    found = {}
    for number, values in re.findall(r"^cpu(\d+) (.*)", host.read(root / "proc/stat"), re.M):
        # user, nice, system, idle, iowait, irq, softirq, steal; guests are part of user.
        ticks = [int(value) for value in values.split()[:8]] + [0] * 8
        idle, steal = ticks[3] + ticks[4], ticks[7]
        total = sum(ticks[:8])
        found[int(number)] = tuple(n / _TICKS for n in (total - idle - steal, steal, total))
    return found


def _steal(before, after, cores):
    """The share of the time wanted that the hypervisor gave to others."""
    both = [n for n in after if n in before and n in cores]
    taken = sum(after[n][1] - before[n][1] for n in both)
    worked = sum(after[n][0] - before[n][0] for n in both)
    return taken / (taken + worked) if taken > 0 else 0.0


def _processes(root):
    """(process, its start) -> (name, seconds used), of all but this one."""
    found = {}
    for path in root.glob("proc/[0-9]*/stat"):
        name, _, rest = host.read(path).partition("(")[2].rpartition(")")
        fields = rest.split()
        if len(fields) > 19 and path.parent.name != str(os.getpid()):
            seconds = (int(fields[11]) + int(fields[12])) / _TICKS
            found[path.parent.name, fields[19]] = name, seconds
    return found


def _busiest(before, after, seconds):
    used = [
        Neighbour(name, int(pid), round((total - before[pid, start][1]) / seconds, 2))
        for (pid, start), (name, total) in after.items()
        if (pid, start) in before
    ]
    used = [neighbour for neighbour in used if neighbour.cores >= _LEAST]
    return tuple(sorted(used, key=lambda neighbour: -neighbour.cores)[:_SHOWN])


def _average(root):
    found = re.match(r"[\d.]+", host.read(root / "proc/loadavg"))
    return float(found.group()) if found else 0.0


def _pressure(root):
    """The share of the last ten seconds in which some process waited for memory."""
    found = re.search(r"^some avg10=([\d.]+)", host.read(root / "proc/pressure/memory"), re.M)
    return float(found.group(1)) / 100 if found else 0.0


def _swapped(root):
    """Bytes that were moved to and from the swap space since the machine was started."""
    pages = re.findall(r"^pswp(?:in|out) (\d+)$", host.read(root / "proc/vmstat"), re.M)
    return sum(map(int, pages)) * _PAGE


def _periods(root):
    """(periods, those in which the control group was paused) of its processor limit."""
    for name in ("cpu.stat", "cpu/cpu.stat", "cpu,cpuacct/cpu.stat"):
        text = host.read(root / "sys/fs/cgroup" / name)
        found = dict(re.findall(r"^(nr_periods|nr_throttled) (\d+)$", text, re.M))
        if len(found) == 2:
            return int(found["nr_periods"]), int(found["nr_throttled"])
    return 0, 0


def _share(before, root):
    """The share of the periods since `before` in which the control group was paused."""
    after = _periods(root)
    return (after[1] - before[1]) / (after[0] - before[0]) if after[0] > before[0] else 0.0

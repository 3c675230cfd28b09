"""The container's health check: exit code 0 if its processes use the processor, 1 if they do not.

Training that hangs (on a dead file server, a lock, a device that no longer responds) uses no
processor time, whereas every step, download and compilation does. The time used by all processes of
the container is therefore read twice within one check, because there may be no writable place to
keep it in between checks.
"""

import os
import pathlib
import sys
import time

PROC = pathlib.Path("/proc")
SECONDS = 5.0
LEAST_SHARE = 0.01  # of one core


def cpu_seconds():
    """Processor time of all processes but this one, in seconds."""
    ticks = 0
    for stat in PROC.glob("[0-9]*/stat"):
        if stat.parent.name == str(os.getpid()):
            continue
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # the process has ended in the meantime
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def main():
    before = cpu_seconds()
    time.sleep(SECONDS)
    share = (cpu_seconds() - before) / SECONDS
    print(f"{share:.0%} of one core")
    return 0 if share >= LEAST_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())

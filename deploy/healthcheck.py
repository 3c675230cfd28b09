"""Is the container at work? Exit code 0 if its processes compute, 1 if they stand still.

A training that hangs (a dead file server, a lock, a device that answers no more) uses no processor
time, whereas every step, download and compilation does. So the time that all processes of the
container have used is read twice; no state is kept, as nothing may be writable.
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
        except OSError:  # the process has ended meanwhile
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

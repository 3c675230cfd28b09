"""How long this process has been running, or the run that a program began in it."""

import os
import time

_IMPORTED = time.monotonic()
_begun = 0.0  # seconds of the process at which the run began


def begin_run():
    """Counts from now on: for a program that trains several times, or long after its own start."""
    global _begun
    _begun = _seconds_of_process()


def seconds_since_start():
    """Seconds since the run began; without `begin_run`, since the process started."""
    return _seconds_of_process() - _begun


def _seconds_of_process():
    """Seconds since the process started, or since this module was imported if that is not known."""
    try:
        with open("/proc/self/stat") as file:
            # Field 2, the name, may contain spaces; field 22, the start, is in ticks since boot.
            ticks = int(file.read().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return time.monotonic() - _IMPORTED

"""How long this process has been running."""

import os
import time

_IMPORTED = time.monotonic()


def seconds_since_start():
    """Seconds since the process started, or since this module was imported if that is not known."""
    try:
        with open("/proc/self/stat") as file:
            # Field 2, the name, may contain spaces; field 22, the start, is in ticks since boot.
            ticks = int(file.read().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return time.monotonic() - _IMPORTED

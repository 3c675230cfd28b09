"""How long this process has been running."""

import os
import time

_IMPORTED = time.monotonic()


def seconds_since_start():
    """Seconds since the process began; where the system does not tell, since this was imported."""
    try:
        with open("/proc/self/stat") as file:
            # The name, field 2, may hold spaces; the start, field 22, is in ticks since boot.
            ticks = int(file.read().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return time.monotonic() - _IMPORTED

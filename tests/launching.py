"""Stands in for `python -m tfapp.launch` in a process of its own, with stubs for workers.

python -m tests.launching STUB.py [flags of the launcher]
"""

import sys

from tfapp import launch
from tfapp.runtime import output
from tfapp.runtime.workers import Pace

PATIENT = Pace(notice=600.0, saving=600.0, terminate=600.0, restart=0.0)


def command(stub):
    """Of a worker; without site-packages Python starts in a hundredth of a second."""
    return (sys.executable, "-S", "-E", str(stub))


if __name__ == "__main__":
    output.protect()
    sys.exit(launch.main(sys.argv[1:], command=command(sys.argv[1]), pace=PATIENT))

"""The workers of a Slurm step, from the variables that srun sets.

TensorFlow's SlurmClusterResolver sorts the hosts as text, so that of node[9-10] the first task's
address would be that of node10, where it does not run.
"""

import os
import re

from tfapp.errors import UsageError

_TASKS, _NODES, _PER_NODE = (
    "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NODELIST", "SLURM_STEP_TASKS_PER_NODE",
)  # fmt: skip
_RANK, _HOST = "SLURM_PROCID", "SLURMD_NODENAME"
_PART = re.compile(r"([^,\[\]]*)(?:\[([0-9,-]+)\])?([^,\[\]]*)(?:,|$)")
_COUNT = re.compile(r"(\d+)(?:\(x(\d+)\))?")


def is_step_of_several():
    """Whether this process is one of several tasks of a Slurm step."""
    text = os.environ.get(_TASKS, "")
    return text.isdecimal() and int(text) > 1


def find_tasks(port):
    """(HOST:PORT of every task, in their order; number of this one).

    Args:
      port: of the first task on a host; the next one has the next port.

    Raises:
      UsageError: a variable is missing or not as Slurm writes it, or the tasks are not in blocks.
    """
    hosts, counts = _hosts(_variable(_NODES)), _counts(_variable(_PER_NODE))
    if len(hosts) != len(counts):
        raise _bad(_PER_NODE, f"is for {len(counts)} nodes, and {_NODES} names {len(hosts)}")
    addresses = [
        f"{host}:{port + number}"
        for host, count in zip(hosts, counts, strict=True)
        for number in range(count)
    ]
    rank = _variable(_RANK)
    if not rank.isdecimal() or int(rank) >= len(addresses):
        raise _bad(_RANK, f"is no number below {len(addresses)}")
    here, mine = os.environ.get(_HOST), addresses[int(rank)].rpartition(":")[0]
    if here and here != mine:
        raise UsageError(
            f"{_RANK}={rank}: runs on {here}, not on {mine}: start the tasks in blocks, with srun "
            "--distribution=block"
        )
    return addresses, int(rank)


def _variable(name):
    value = os.environ.get(name, "")
    if not value:
        raise _bad(name, "is not set")
    return value


def _bad(name, why):
    value = os.environ.get(name, "")
    return UsageError(f"{name}={value}: {why}; start the workers with srun, or use --workers")


def _hosts(text):
    """ "n[1-2,7],m5" -> ["n1", "n2", "n7", "m5"]."""
    hosts, position = [], 0
    while position < len(text):
        part = _PART.match(text, position)
        if not part or part.end() == position:
            raise _bad(_NODES, "is no list of nodes")
        before, numbers, after = part.groups()
        hosts += [f"{before}{number}{after}" for number in _numbers(numbers)]
        position = part.end()
    return hosts


def _numbers(text):
    """ "08-10,12" -> ["08", "09", "10", "12"]; [""] for None."""
    if text is None:
        return [""]
    found = []
    for piece in text.split(","):
        first, _, last = piece.partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            raise _bad(_NODES, "is no list of nodes")
        found += [str(i).zfill(len(first)) for i in range(int(first), int(last or first) + 1)]
    return found


def _counts(text):
    """ "2(x3),1" -> [2, 2, 2, 1]."""
    counts = []
    for piece in text.split(","):
        match = _COUNT.fullmatch(piece)
        if not match:
            raise _bad(_PER_NODE, "is no list of numbers of tasks")
        counts += [int(match[1])] * int(match[2] or 1)
    return counts

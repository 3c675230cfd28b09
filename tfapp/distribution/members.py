"""Which workers train together, and which of them this process is."""

import json
import os
from typing import NamedTuple

from tfapp.distribution import slurm
from tfapp.errors import UsageError
from tfapp.flag_values import number_of_name

_INDEXED_JOB = "JOB_COMPLETION_INDEX"  # of a pod of a Kubernetes job
_TASKS = ("chief", "worker")  # of TF_CONFIG, in this order
_LARGEST_PORT = 65_535


class Members(NamedTuple):
    """All workers, worker 0 first."""

    addresses: tuple[str, ...]  # HOST:PORT of each
    worker: int  # index of this process
    source: str  # where this was found, for messages


def find_members(*, workers, worker, worker_port):
    """The workers that flags or the environment name.

    Looked for in this order: --workers, TF_CONFIG, the variables of a Slurm step.

    Args:
      workers: --workers: HOST:PORT of each.
      worker: --worker: this process's index; -1: that of a Kubernetes indexed job.
      worker_port: the port of the first worker on a host, for Slurm, which names hosts alone.

    Returns:
      `Members`, or None: this process is alone.

    Raises:
      UsageError: what is said there cannot be.
    """
    if workers:
        found = _of_flags(workers, worker)
    elif os.environ.get("TF_CONFIG"):
        found = _of_tf_config(os.environ["TF_CONFIG"])
    elif slurm.is_step_of_several():
        addresses, worker = slurm.find_tasks(worker_port)
        found = Members(tuple(addresses), worker, "Slurm's variables")
    else:
        return None
    if found is None or len(found.addresses) == 1:
        return None
    _check(found)
    return found


def _of_flags(workers, worker):
    if worker < 0:
        index = os.environ.get(_INDEXED_JOB, "")
        worker = number_of_name(index) if index else None
        if worker is None:
            raise UsageError(
                f"--workers={','.join(workers)}: say which of them this process is with --worker=0 "
                f"to {len(workers) - 1} (a Kubernetes indexed job says it by {_INDEXED_JOB})"
            )
    return Members(tuple(workers), worker, f"--workers={','.join(workers)}")


def _of_tf_config(text):
    """Of TF_CONFIG; None if it names no workers."""
    try:
        value = json.loads(text)
        cluster, task = value.get("cluster", {}), value.get("task", {})
        known = {name: [str(address) for address in cluster[name]] for name in cluster}
        kind, index = task.get("type"), task.get("index")
    except (ValueError, AttributeError, TypeError) as error:
        raise UsageError(f"TF_CONFIG={text[:200]}: TensorFlow cannot read it: {error}") from error
    if not known:
        return None
    others = sorted(set(known) - set(_TASKS))
    if others or kind not in known or not isinstance(index, int):
        why = f"has tasks of type {', '.join(others)}" if others else f"its task is {task}"
        raise UsageError(
            f"TF_CONFIG={text[:200]}: {why}; tfapp trains on tasks of type worker, and a chief as "
            'the first of them: {"cluster": {"worker": ["HOST:PORT", ...]}, '
            '"task": {"type": "worker", "index": 0}}'
        )
    addresses = [address for name in _TASKS for address in known.get(name, ())]
    before = len(known.get("chief", ())) if kind == "worker" else 0
    return Members(tuple(addresses), before + index, "TF_CONFIG")


def _check(members):
    addresses, worker, source = members
    for address in addresses:
        host, _, port = address.rpartition(":")
        number = number_of_name(port)
        if not host or number is None or not 0 < number <= _LARGEST_PORT:
            raise UsageError(f"{source}: {address!r} is not HOST:PORT")
    if len(set(addresses)) < len(addresses):
        raise UsageError(f"{source}: names an address twice")
    if not 0 <= worker < len(addresses):
        raise UsageError(
            f"{source}: has workers 0 to {len(addresses) - 1}, and this process is worker {worker}"
        )

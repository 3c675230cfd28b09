"""Whether all workers are about to compute the same: flags, versions, devices, data.

Workers that do not would run different programs, and their collective operations would hang.
"""

import functools
import hashlib
import json
import pathlib
import platform

import keras
import numpy as np
import tensorflow as tf

import tfapp
from tfapp.errors import UsageError

_LONGEST = 200  # characters of a value in a message


def of_code():
    """Facts about the program of this process: versions, and what tfapp's files hold."""
    return {
        "tfapp": f"{tfapp.__version__} ({_sum_of_files()})",
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "python": ".".join(platform.python_version_tuple()[:2]),
    }


def check(all_facts):
    """Raises UsageError, the same on all workers, with the first fact in which they differ.

    Args:
      all_facts: of each worker, a dict that JSON can hold: name of a fact -> value.
    """
    first, *others = map(_flat, all_facts)
    for worker, facts in enumerate(others, start=1):
        for name in (*first, *(name for name in facts if name not in first)):
            theirs, ours = facts.get(name), first.get(name)
            if theirs != ours:
                raise UsageError(
                    f"worker {worker} differs from worker 0 in {name}: {_shown(theirs)}, not "
                    f"{_shown(ours)}; all workers must be alike"
                )


def check_alike(cluster, what, facts):
    """`check` of facts that the workers of a `Cluster` have come to; `what` names them."""
    check([{what: value} for value in cluster.gather(facts)])


def _flat(facts, before=()):
    """Facts without dicts in dicts: "the data, splits, train, examples" -> 1294."""
    flat = {}
    for name, value in facts.items():
        if isinstance(value, dict):
            flat.update(_flat(value, (*before, name)))
        else:
            flat[", ".join((*before, name))] = value
    return flat


def _shown(value):
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


@functools.cache
def _sum_of_files():
    root = pathlib.Path(tfapp.__file__).parent
    total = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:12]

"""How often a run is evaluated, and how many evaluations it waits for a better one."""

import math

_MOST = 50  # evaluations of a run, unless its epochs are longer than that
_LEAST = 20  # evaluations of a run whose epochs are long
_FEW_STEPS = 50  # an epoch of so few is not divided
_LEAST_PATIENCE = 5  # evaluations


def interval(total, per_epoch, *, affordable=None):
    """Steps from one evaluation to the next, at least 1.

    Args:
      total: steps of the run.
      per_epoch: steps of an epoch.
      affordable: most evaluations that the run has time for; None: as many as it likes.
    """
    often = max(total // _LEAST, _FEW_STEPS)
    every = max(min(per_epoch, often), total // _MOST, 1)
    return every if affordable is None else max(every, math.ceil(total / affordable))


def patience(share, total, every):
    """Evaluations without improvement after which a run ends; 0: never.

    Args:
      share: of the run, to wait; 0: to its end.
      total: steps of the run.
      every: steps from one evaluation to the next.
    """
    return max(math.ceil(share * total / every), _LEAST_PATIENCE) if share else 0

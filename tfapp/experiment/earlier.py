"""The finished runs that a run builds upon: --init_from and --distill_from."""

import dataclasses
import logging

from tfapp.experiment.finished_run import FinishedRun, read_finished
from tfapp.models import takes_pixels

_LOG = logging.getLogger("tfapp")


@dataclasses.dataclass(frozen=True)
class Earlier:
    """Of one run; none by default."""

    initial: FinishedRun | None = None  # with whose weights training begins
    teacher: FinishedRun | None = None
    preprocessing_of: FinishedRun | None = None  # whose preprocessing a new run takes

    def warn_of_hold_outs(self, config, held_out):
        """Warns of runs that may have been trained on what this one holds out.

        Args:
          config: a `Config`.
          held_out: names of the splits that were drawn from train, rather than given.
        """
        for run in (self.initial, self.teacher) if held_out else ():
            if run is not None:
                run.warn_of_hold_outs(config)


def read_earlier(config, *, begun):
    """The `Earlier` of a `Config`.

    Args:
      config: a `Config`.
      begun: whether the run goes on from a checkpoint, so that its first weights do not matter.

    Raises:
      UsageError: a folder holds no finished run, or one of other features.
      DataError: a file in it is damaged.
    """
    initial = teacher = None
    if config.init_from and not begun:
        initial = read_finished(config.init_from, "init_from")
        initial.check_alike(config, also=("flatten",))
        _LOG.info("weights: begin with those of step %d of %s", initial.step, config.init_from)
    if config.distill_from:
        teacher = read_finished(config.distill_from, "distill_from")
        teacher.check_alike(config)
    other = initial
    # Models that take pixels have a preprocessing of their own for the same images.
    if other is None and teacher and takes_pixels(config.model) == takes_pixels(teacher.model_name):
        other = teacher
    return Earlier(initial, teacher, other)

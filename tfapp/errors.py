"""The errors a user can cause, each with the exit code it ends the process with.

0 is success and 1 an internal error; every other code belongs to exactly one class here.
"""


class TfappError(ValueError):
    """Base of all errors that are reported in one line instead of a traceback."""

    exit_code = 1

    def __init__(self, message):
        # Messages quote other libraries' and users' own errors, which may span lines.
        super().__init__(" ".join(str(message).split("\n")))


class UsageError(TfappError):
    """A flag, name or combination of flags that cannot work."""

    exit_code = 2


class DataError(TfappError):
    """A file, split, shape, dtype or label that cannot be used."""

    exit_code = 3


class DivergedError(TfappError):
    """The loss became NaN or infinite; the last good state is kept."""

    exit_code = 4

    step = None  # the step whose loss is not finite, counted from 0; None: not a step's loss

    @classmethod
    def at_step(cls, step):
        """The error of a loss that is NaN or infinite at `step`."""
        error = cls(
            f"the loss of step {step} is NaN or infinite; the last checkpoint is kept: lower "
            "--learning_rate, set --clip_norm, or look at the data (--nan_policy=skip goes on)"
        )
        error.step = step
        return error


class DeviceError(TfappError):
    """A device that was asked for is not there."""

    exit_code = 5


class StorageError(TfappError):
    """The disk is full or the run folder cannot be written."""

    exit_code = 6


class Stopped(TfappError):
    """Stopped by SIGTERM or SIGINT after saving; the same command continues."""

    exit_code = 143

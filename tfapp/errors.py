"""The errors a user can cause, each with the exit code that the process ends with."""

from tfapp.runtime import plain_text

_LONGEST = 1500  # characters of a message


class TfappError(ValueError):
    """Base of all errors that are reported in one line instead of a traceback."""

    exit_code = 1
    meaning = "internal error"  # of the exit code, in --help

    def __init__(self, message):
        # Messages quote other libraries' and users' own errors, which may span lines.
        super().__init__(_shortened(plain_text.joined(str(message))))


def _shortened(message):
    """The message without its middle, if it is too long for people, as a list of names can be."""
    if len(message) <= _LONGEST:
        return message
    return f"{message[: _LONGEST * 2 // 3]} ... {message[-_LONGEST // 4 :]}"


class UsageError(TfappError):
    """A flag, name or combination of flags that cannot work."""

    exit_code = 2
    meaning = "usage"


class DataError(TfappError):
    """A file, split, shape, dtype or label that cannot be used."""

    exit_code = 3
    meaning = "data"


class DivergedError(TfappError):
    """The loss became NaN or infinite; the last good state is kept."""

    exit_code = 4
    meaning = "diverged"
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
    """A device that the user requires is missing."""

    exit_code = 5
    meaning = "device missing"


class StorageError(TfappError):
    """The disk is full or the run folder cannot be written."""

    exit_code = 6
    meaning = "disk full or folder not writable"


class ProcessLost(TfappError):
    """A process that this one depends on is gone; the last checkpoint is kept."""

    exit_code = 75
    meaning = "another process was lost (start again to continue)"


class PeerLost(ProcessLost):
    """Another worker failed or is gone; all end, and start again from the last checkpoint.

    Where the other one has ended with a code of its own, such as that of a data error, starting
    again would not help: `exit_code` is then that one's.
    """


class ServiceLost(ProcessLost):
    """A service has been away for too long."""


class Stopped(TfappError):
    """Stopped by a signal or by --max_time after saving; the same command continues."""

    exit_code = 143
    meaning = "stopped after saving (repeat to continue)"


def exit_codes():
    """Every exit code -> its meaning."""
    errors = (TfappError, *TfappError.__subclasses__())
    return {0: "done"} | {error.exit_code: error.meaning for error in errors}

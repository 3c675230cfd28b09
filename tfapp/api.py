"""What a Python program calls: the modes of the command line, with results and exceptions."""

import contextlib
import dataclasses

from tfapp import flags
from tfapp.config import Config
from tfapp.errors import TfappError, UsageError
from tfapp.runtime import log, process_clock, storage
from tfapp.runtime.import_tensorflow import import_tensorflow
from tfapp.training.action import Action


def run(config, actions=()):
    """Trains, evaluates and exports as `config` says; `tfapp.run` describes it."""
    if not isinstance(config, Config):
        raise UsageError(
            f"tfapp.run(config): is a {type(config).__name__}; give a tfapp.Config, such as "
            'tfapp.Config(dataset="digits")'
        )
    if config.mode != "train":
        raise UsageError(
            f"--mode={config.mode}: tfapp.run trains; tfapp.evaluate evaluates, and the command "
            "line has the other modes"
        )
    process_clock.begin_run()
    with _only_tfapp_errors() as passed:
        from tfapp.modes import train

        if config.only_check_args:
            return train.check(config)
        return train.run(config, [_noting(action, passed) for action in actions])


def evaluate(model_dir, fields):
    """Evaluates a run as `tfapp.evaluate` describes; `fields` are of `Config`, by name."""
    with _only_tfapp_errors():
        config = flags.of_run(str(model_dir), {**fields, "mode": "eval"})
        from tfapp.modes import evaluate as mode

        return mode.run(config)


@contextlib.contextmanager
def _only_tfapp_errors():
    """Sets the process up as the command line does; what goes wrong inside is a `TfappError`.

    Gives a list: an exception that is appended to it passes as it is.
    """
    passed = []
    try:
        with log.shown():
            import_tensorflow()
            yield passed
    except TfappError:
        raise
    except SystemExit as error:
        raise UsageError(f"your own code has called sys.exit({error.code!r})") from error
    except Exception as error:
        if any(error is one for one in passed):
            raise
        if isinstance(error, OSError) and (stored := storage.error_of(error)):
            raise stored from error
        message = " ".join(str(error).split())[:300]
        raise TfappError(f"internal error: {type(error).__name__}: {message}") from error


def _noting(action, passed):
    """`action`, which notes in the list `passed` what it raises: that is its author's business."""
    if not isinstance(action, Action):
        return action

    def call(moment):
        try:
            return action.call(moment)
        except BaseException as error:
            passed.append(error)
            raise

    return dataclasses.replace(action, call=call)

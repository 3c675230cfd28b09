"""The command line: parse, log, dispatch to a mode, turn what happens into an exit code."""

import importlib
import signal
import sys
import traceback

from tfapp import flag_help
from tfapp.callbacks.signals import interrupting
from tfapp.errors import Stopped, StorageError, TfappError, UsageError
from tfapp.flag_values import STOP_SIGNALS
from tfapp.runtime import memory_errors, output, process_end, storage
from tfapp.runtime.tf_settings import cache_folder
from tfapp.users_code import place, reason

_MODES = {
    "train": "tfapp.modes.train",
    "eval": "tfapp.modes.evaluate",
    "predict": "tfapp.modes.predict.main",
    "export": "tfapp.modes.export",
    "generate": "tfapp.modes.generate.main",
    "serve": "tfapp.modes.serve",
    "benchmark": "tfapp.modes.benchmark",
    "inspect": "tfapp.modes.inspect.main",
    "doctor": "tfapp.modes.doctor",
    "data_service": "tfapp.modes.data_service",
}


def main(argv, *, own_process=False):
    """Runs the command line `argv` (program name first) and returns the exit code.

    `own_process`: whether the process is there for nothing else.
    """
    if text := flag_help.requested(argv[1:]):
        output.answer(text)
        return 0
    from tfapp import flags  # late: --help is quicker without what reads run folders

    output.log_to_stderr()
    try:
        config = flags.parse(argv)
        with interrupting(config.stop_signal, config.max_time):
            _run_mode(config, own_process)
    except TfappError as error:
        return _report(error, error.exit_code)
    except OSError as error:
        return _report_os_error(error)
    except SystemExit as error:  # only a user's code calls it
        return _report(f"your code {reason(error)}", UsageError.exit_code)
    except KeyboardInterrupt as interrupt:
        cause = f" by {interrupt}" if str(interrupt) else ""
        return _report(
            f"stopped{cause}; what was saved stays: repeat the command to continue",
            Stopped.exit_code,
        )
    except Exception as error:  # a user's own class may raise anything
        if memory_errors.is_no_room(error):
            return _report_no_room(error)
        if storage.number_of(error) is None or place(error):
            return _report_other(error)
        return _report_storage(error)
    return 0


def run():
    """Entry point of the process: main.py and the `tfapp` console script."""
    # A signal without a handler does not end process 1 of a container: stopping it while
    # TensorFlow is loaded would take until it is killed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    output.protect()
    code = main(sys.argv, own_process=True)
    for name in STOP_SIGNALS:  # one that comes late, as to each of several workers, changes nothing
        if name not in ("TERM", "INT"):
            signal.signal(signal.Signals[f"SIG{name}"], signal.SIG_IGN)
    process_end.leave(code)


def _run_mode(config, own_process):
    if config.mode != "doctor":  # it has to answer where TensorFlow cannot be imported
        from tfapp.runtime.import_tensorflow import import_tensorflow

        import_tensorflow()
        if own_process:
            from tfapp.experiment.side_by_side import share_cores

            share_cores(config)
    importlib.import_module(_MODES[config.mode]).main(config)


def _report(message, code):
    output.report(message)
    return code


def _report_os_error(error):
    """Reports an error of the file system that no one turned into a TfappError."""
    stored = storage.error_of(error)
    return _report_other(error) if stored is None else _report(stored, stored.exit_code)


def _report_storage(error):
    """Reports a full disk that TensorFlow came upon, in a file that only its message may name."""
    words = storage.describe(error, cache_folder())
    message = " ".join(str(error).split())[:300]
    return _report(f"{words}: {message}", StorageError.exit_code)


def _report_no_room(error):
    """Reports that there is no memory for what is no step of training, such as an evaluation."""
    return _report(
        "there is no room in memory; use a smaller --batch_size or --eval_batch_size, "
        f"--engine=stream or a smaller model: {memory_errors.first_line(error)}",
        UsageError.exit_code,
    )


def _report_other(error):
    """Reports what nobody expected: of a user's own code, or else of tfapp, which is a bug."""
    details = "".join(traceback.format_exception(error))
    path = _write_details(details)
    where = f"; details in {path}" if path else ""
    shown = "" if path else details
    if place(error):
        output.report(f"your code failed: {reason(error)}{where}", shown)
        return UsageError.exit_code
    message = " ".join(str(error).split())[:300]
    output.report(f"internal error: {type(error).__name__}: {message}{where}", shown)
    return 1


def _write_details(details):
    """Keeps a traceback in a file, so that the message stays one line."""
    import tempfile

    try:
        with tempfile.NamedTemporaryFile(
            "w",
            prefix="tfapp-error-",
            suffix=".txt",
            delete=False,
            encoding="utf-8",
            errors="backslashreplace",
        ) as file:
            file.write(details)
            return file.name
    except OSError:
        return None

"""The command line: parse, log, dispatch to a mode, turn what happens into an exit code."""

import importlib
import logging
import signal
import sys
import traceback

from tfapp import flag_help
from tfapp.errors import Stopped, StorageError, TfappError
from tfapp.runtime import output, storage
from tfapp.runtime.tf_settings import cache_folder

_MODES = {
    "train": "tfapp.modes.train",
    "eval": "tfapp.modes.evaluate",
    "predict": "tfapp.modes.predict.main",
    "benchmark": "tfapp.modes.benchmark",
    "inspect": "tfapp.modes.inspect.main",
    "doctor": "tfapp.modes.doctor",
}


def main(argv):
    """Runs the command line `argv` (program name first) and returns the exit code."""
    if any(argument in flag_help.HELP_FLAGS for argument in argv[1:]):
        print(flag_help.help_text())
        return 0
    from tfapp import flags  # late: --help is quicker without absl and what reads run folders

    _configure_logging()
    try:
        config = flags.parse(argv)
        if config.mode != "doctor":  # it has to answer where TensorFlow cannot be imported
            from tfapp.runtime.import_tensorflow import import_tensorflow

            import_tensorflow()
        importlib.import_module(_MODES[config.mode]).main(config)
    except TfappError as error:
        return _report(error, error.exit_code)
    except OSError as error:
        return _report_os_error(error)
    except KeyboardInterrupt:
        return _report(
            "stopped; what was saved stays: repeat the command to continue", Stopped.exit_code
        )
    except Exception as error:  # the last resort: a bug is reported as one, with its details kept
        if storage.number_of(error) is None:
            return _report_bug(error)
        return _report_storage(error)
    return 0


def run():
    """Entry point of the process: main.py and the `tfapp` console script."""
    # A signal without a handler does not end process 1 of a container: stopping it while
    # TensorFlow is loaded would take until it is killed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    output.protect()
    sys.exit(main(sys.argv))


def _configure_logging():
    """The log goes to stderr, one plain line a message."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s", force=True)
    logging.getLogger("tfapp").setLevel(logging.INFO)


def _report(message, code):
    print(f"tfapp: {message}", file=sys.stderr)
    return code


def _report_os_error(error):
    """Reports an error of the file system that no one turned into a TfappError."""
    path = error.filename or "."
    words = storage.describe(error, path)
    if not words:
        return _report_bug(error)
    return _report(f"{error.filename or 'disk'}: {words}", StorageError.exit_code)


def _report_storage(error):
    """Reports a full disk that TensorFlow came upon, in a file that only its message may name."""
    words = storage.describe(error, cache_folder())
    message = " ".join(str(error).split())[:300]
    return _report(f"{words}: {message}", StorageError.exit_code)


def _report_bug(error):
    details = "".join(traceback.format_exception(error))
    message = " ".join(str(error).split())
    path = _write_details(details)
    where = f"; details in {path}" if path else f"\n{details}"
    return _report(f"internal error: {type(error).__name__}: {message[:300]}{where}", 1)


def _write_details(details):
    """Keeps a bug's traceback in a file, so that the message stays one line."""
    import tempfile

    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="tfapp-error-", suffix=".txt", delete=False
        ) as file:
            file.write(details)
            return file.name
    except OSError:
        return None

"""Starts several workers on this machine, to try out training on several.

python -m tfapp.launch --workers=2 -- --dataset=digits

Each worker is a process of its own with a TF_CONFIG that names them all. When one fails, the others
are ended; after a lost worker all are started again if --restarts allows it.
"""

import contextlib
import json
import os
import signal
import socket
import sys
import textwrap
import time

from tfapp import config_checks, flag_parsing
from tfapp.config_fields import Flag
from tfapp.errors import PeerLost, Stopped, TfappError, UsageError
from tfapp.runtime import output
from tfapp.runtime.workers import Pace, Workers

_HOST = "127.0.0.1"
_COMMAND = (sys.executable, "-m", "tfapp")
_STRATEGY = "--strategy=multi_worker"  # a worker's own flags come later, and so override it
_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2)
_HELP = {"--help", "-help", "-h", "--helpfull", "--helpshort"}
_USAGE = "python -m tfapp.launch --workers=2 -- --dataset=digits"
FLAGS = {
    "workers": Flag(2, "how many workers to start", "Launch", least=1, most=256),
    "restarts": Flag(
        0,
        "how often all are started again after a worker was killed or has lost another one; a "
        "mistake in the flags or the data is not repeated",
        "Launch",
        least=0,
    ),
    "port": Flag(
        0,
        "port of the first worker, the next numbers being those of the others; 0: free ones",
        "Launch",
        least=0,
        most=65535,
    ),
}


def main(argv, *, command=_COMMAND, pace=None):
    """Runs the command line `argv` (program name first) and returns the exit code.

    Args:
      command: what is started with a worker's flags; injected by tests.
      pace: a `Pace`; injected by tests.
    """
    ours, separator, flags = _divided(argv[1:])
    if _HELP & {*ours}:
        output.answer(_help_text())
        return 0
    try:
        return _run(_parsed(ours, separator), [*command, _STRATEGY, *flags], pace or Pace())
    except TfappError as error:
        output.report(error)
        return error.exit_code


def run():
    """Entry point of the process."""
    output.protect()
    sys.exit(main(sys.argv))


def _divided(arguments):
    """(arguments before --, whether there is one, arguments after it)."""
    if "--" not in arguments:
        return arguments, False, []
    place = arguments.index("--")
    return arguments[:place], True, arguments[place + 1 :]


def _parsed(arguments, separator):
    """The values of `FLAGS`, by name. Raises UsageError."""
    try:
        values = flag_parsing.parse(arguments, FLAGS)
    except UsageError as error:
        if separator or "unknown flag" not in str(error):
            raise
        raise UsageError(f"{error}; the flags of the workers come after --: {_USAGE}") from error
    values = {name: values.get(name, flag.default) for name, flag in FLAGS.items()}
    for name, flag in FLAGS.items():
        config_checks.check_value(name, values[name], flag)
    last = values["port"] + values["workers"] - 1
    if values["port"] and last > FLAGS["port"].most:
        raise UsageError(f"--port={values['port']}: the last worker's would be {last}")
    return values


def _run(values, command, pace):
    """Starts the workers, and again while they may be. Returns the exit code."""
    received = []
    with _signals_into(received):
        for restarts in range(values["restarts"] + 1):
            ends = _run_once(values, command, pace, received)
            cause = _cause(ends)
            if cause is None:
                return 0
            again = cause.code == PeerLost.exit_code or cause.code < 0
            if received or not again or restarts == values["restarts"]:
                break
            output.report(f"{cause}; restart {restarts + 1} of {values['restarts']}")
            time.sleep(pace.restart)
            if received:
                return Stopped.exit_code
    output.report(str(cause))
    return cause.code if cause.code > 0 else 128 - cause.code


def _run_once(values, command, pace, received):
    """Starts all workers. Returns each one's `End`, in their order in time."""
    ports = _ports(values["workers"], values["port"])
    addresses = [f"{_HOST}:{port}" for port in ports]
    output.report(f"starting {len(ports)} workers: {', '.join(addresses)}")
    try:
        workers = Workers(command, [_environment(addresses, i) for i in range(len(ports))], pace)
    except OSError as error:
        raise UsageError(f"--workers={len(ports)}: cannot be started: {error.strerror}") from error
    with workers:
        return workers.wait(received)


def _environment(addresses, index):
    """A worker's, which tells TensorFlow who the workers are."""
    cluster = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    return {**os.environ, "TF_CONFIG": json.dumps(cluster)}


def _cause(ends):
    """The first failure, in place of what followed from it; None if all ended with 0."""
    failures = [end for end in ends if end.code != 0 and not end.forced]
    causes = [end for end in failures if end.code != PeerLost.exit_code]
    return next(iter([*causes, *failures]), None)


@contextlib.contextmanager
def _signals_into(received):
    """Appends to the list `received` what asks this process to stop."""

    def receive(number, frame):
        del frame
        received.append(number)

    previous = {number: signal.signal(number, receive) for number in _FORWARDED}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _ports(count, first):
    """`count` free ports, or those from `first` on. Raises UsageError: one is in use."""
    with contextlib.ExitStack() as stack:
        ports = []
        for wanted in range(first, first + count) if first else [0] * count:
            probe = stack.enter_context(socket.socket())  # open until all are found
            if wanted:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, wanted))
            except OSError as error:
                raise UsageError(
                    f"--port={first}: {_HOST}:{wanted} cannot be used ({error.strerror}); name "
                    "another, or 0 for free ones"
                ) from error
            ports.append(probe.getsockname()[1])
        return ports


def _help_text():
    lines = [
        "Starts several workers on this machine, to try out training on several machines.",
        "",
        f"  {_USAGE}",
        "",
        "What follows -- are the flags of python main.py, the same for all workers. They share",
        "this machine's processor, memory and GPUs. The answer is that of worker 0; every line of",
        "the log begins with the worker's number. Ctrl-C saves on all of them.",
        "",
    ]
    for name, flag in FLAGS.items():
        head = f"  --{name}={flag.default}"
        for line in textwrap.wrap(flag.meaning, 76):
            lines.append(f"{head:<22}{line}")
            head = ""
    lines += [
        "",
        "Exit code: 0 if all workers ended with 0, else that of the worker that failed first.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    run()

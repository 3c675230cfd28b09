"""Several processes of one command on this machine: their output, their signals, their common end.

One thread does it all: it reads what the workers print, notices who has ended, and sends signals.
"""

import contextlib
import ctypes
import dataclasses
import os
import re
import selectors
import signal
import subprocess
import sys
import time

from tfapp.errors import Stopped
from tfapp.runtime import output, plain_text

_TURN = 0.1  # seconds between two looks at the workers
_LARGEST_LINE = 1 << 16  # bytes that are kept until a line ends
_PR_SET_PDEATHSIG = 1  # of prctl(2)
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclasses.dataclass(frozen=True)
class Pace:
    """How many seconds the workers are given."""

    notice: float = 90.0  # to end by themselves after one has failed: they notice a lost peer
    saving: float = 600.0  # to end by themselves after one has stopped: the chief may be saving
    terminate: float = 30.0  # from SIGTERM to SIGKILL
    restart: float = 2.0  # before they are started again


@dataclasses.dataclass(frozen=True)
class End:
    """How a worker ended."""

    worker: int
    code: int  # exit code; of a signal's death, minus its number
    forced: bool  # it was ended from here, because another worker had failed

    def __str__(self):
        if self.code >= 0:
            return f"worker {self.worker} ended with code {self.code}"
        names = {number.value: number.name for number in signal.Signals}
        return f"worker {self.worker} was killed by {names.get(-self.code, -self.code)}"


class Workers:
    """A context manager that starts the workers, and leaves none of them behind.

    Worker 0's standard output is passed on as it is, since it is the answer. All other output goes
    to standard error, each line with its worker.
    """

    def __init__(self, command, environments, pace):
        """
        Args:
          command: a list of strings.
          environments: of each worker.
          pace: a `Pace`.

        Raises:
          OSError: a process cannot be started; none is left.
        """
        self._pace = pace
        self._selector = selectors.DefaultSelector()
        self._processes = []
        self._forced = set()
        self._steps = None  # (when, signal) of the ways to end what still runs; None: no failure
        try:
            for environment in environments:
                self._start(command, environment)
        except OSError:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        for worker, process in enumerate(self._processes):
            if process.poll() is None:
                self._force(worker, signal.SIGKILL)
            process.wait()
        for key in list(self._selector.get_map().values()):
            self._close(key.fileobj)
        self._selector.close()

    def wait(self, received):
        """Waits until all have ended.

        Args:
          received: a list; signals that a handler appends are sent to all workers.

        Returns:
          each worker's `End`, in their order in time.
        """
        ends, forwarded = [], 0
        while len(ends) < len(self._processes):
            for key, _ in self._selector.select(_TURN):
                self._read(key)
            for number in received[forwarded:]:
                forwarded += 1
                self._send(number)
            for end in self._new_ends({end.worker for end in ends}):
                self._drain(end.worker)
                ends.append(end)
                self._plan(end)
            self._hurry()
        return ends

    def _start(self, command, environment):
        worker, parent = len(self._processes), os.getpid()
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Ctrl-C reaches every process of a terminal's group: the workers would get it twice.
            start_new_session=True,
            preexec_fn=lambda: _end_with(parent),
        )
        self._processes.append(process)
        for pipe, raw in ((process.stdout, worker == 0), (process.stderr, False)):
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, _Lines(worker, raw))

    def _read(self, key):
        """Passes on what is there. Returns whether there may be more."""
        try:
            data = os.read(key.fd, 1 << 16)
        except BlockingIOError:
            return False
        key.data.write(data)
        if not data:
            self._close(key.fileobj)
        return bool(data)

    def _drain(self, worker):
        """Passes on the rest; a process of the worker's own may still hold the pipes open."""
        process = self._processes[worker]
        for pipe in (process.stdout, process.stderr):
            while not pipe.closed and self._read(self._selector.get_key(pipe)):
                pass
            if not pipe.closed:
                self._close(pipe)

    def _close(self, pipe):
        self._selector.unregister(pipe).data.close()
        pipe.close()

    def _new_ends(self, known):
        """`End`s that were not known; of those at one time, codes before deaths by signals."""
        new = [
            End(worker, process.returncode, worker in self._forced)
            for worker, process in enumerate(self._processes)
            if worker not in known and process.poll() is not None
        ]
        return sorted(new, key=lambda end: end.code < 0)

    def _plan(self, end):
        """After the first failure the others have so much time to end."""
        if end.code == 0 or self._steps is not None:
            return
        seconds = self._pace.notice
        if end.code == Stopped.exit_code:
            seconds = self._pace.saving
        first = time.monotonic() + seconds
        self._steps = [
            (first, signal.SIGTERM),
            (first + self._pace.terminate, signal.SIGKILL),
        ]
        output.report(f"{end}; the others have {seconds:.0f} s to end")

    def _hurry(self):
        """Ends the others when their time is over."""
        while self._steps and time.monotonic() >= self._steps[0][0]:
            _, number = self._steps.pop(0)
            for worker, process in enumerate(self._processes):
                if process.poll() is None:
                    output.report(f"worker {worker} has not ended: {number.name}")
                    self._force(worker, number)

    def _force(self, worker, number):
        self._forced.add(worker)
        if number == signal.SIGKILL:  # with what it may have started
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._processes[worker].pid, number)
        self._processes[worker].send_signal(number)

    def _send(self, number):
        for process in self._processes:
            process.send_signal(number)  # nothing to one that has ended


class _Lines:
    """What one pipe of a worker brings, passed on in whole lines."""

    def __init__(self, worker, raw):
        """`raw`: to standard output as it is; else to standard error, with the worker's number."""
        self._tag = f"[worker {worker}] "
        self._raw = raw
        self._rest = b""  # of a line that has not ended

    def write(self, data):
        text, newline, rest = (self._rest + data).rpartition(b"\n")
        if len(rest) > _LARGEST_LINE:
            text, newline, rest = text + newline + rest, b"\n", b""
        self._rest = rest
        if newline:
            self._pass_on((text + newline).decode(errors="backslashreplace"))

    def close(self):
        if self._rest:
            self.write(b"\n")

    def _pass_on(self, text):
        if self._raw:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        for line in re.split(r"[\r\n]+", text):  # a progress bar overwrites its line
            if line:
                line = plain_text.one_line(line).removeprefix(self._tag)  # its log has one already
                sys.stderr.write(f"{self._tag}{line}\n")


def _end_with(parent):
    """In a new worker: SIGTERM, which saves, comes when the process that started it is gone."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(Stopped.exit_code)

"""A lock that goes with its process, and says who holds it.

The lock is the kernel's (flock): it ends with the process, however that ends, so no lock is left
behind by a killed process or a restarted machine. What the file holds is only for messages.
"""

import contextlib
import fcntl
import json
import os
import socket
import time

_PATIENCE = 1.0  # seconds for a holder to write who it is, or for a probe to let go
_PAUSE = 0.02


class HeldError(Exception):
    """Another process holds the lock.

    Attributes:
      holder: which one: "process 4242 on HOST"; "another process" if that is not known.
      since: when it took the lock: "12:03", with the date if that is not today's; "" if not known.
    """

    def __init__(self, holder, since):
        super().__init__(holder)
        self.holder, self.since = holder, since


class FileLock:
    """The lock of the file at `path`, from the constructor to `close`."""

    def __init__(self, path):
        """Makes the file if need be.

        Raises:
          HeldError: another process holds the lock.
          OSError: the file cannot be made, or its file system has no locks.
        """
        ends = time.monotonic() + _PATIENCE
        self._descriptor = None
        while self._descriptor is None:
            self._descriptor = _locked(path, last=time.monotonic() > ends)
        with contextlib.suppress(OSError):  # a full disk: the lock is held all the same
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, _this_process(), 0)

    def close(self):
        """Lets other processes have it. Can be called again."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def is_free(path):
    """Whether no process holds the lock of the file at `path`, or there is no such file."""
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _locked(path, *, last):
    """A descriptor that holds the lock; None if it is worth trying again and not the last time."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_same_file(descriptor, path):
            return descriptor
        os.close(descriptor)  # its last holder has removed the file: the next one has another
    except BlockingIOError as error:
        holder = _holder(descriptor)
        os.close(descriptor)
        if holder or last:
            raise HeldError(*(holder or ("another process", ""))) from error
        time.sleep(_PAUSE)
    except OSError:
        os.close(descriptor)
        raise
    return None


def _is_same_file(descriptor, path):
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _this_process():
    about = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.time()}
    return json.dumps(about).encode()


def _holder(descriptor):
    """(holder, since) as the lock's file has it; None if it names nobody, or one that has ended."""
    try:
        about = json.loads(os.pread(descriptor, 4096, 0))
        pid, host, since = int(about["pid"]), str(about["host"]), time.localtime(about["since"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, OSError):
        return None
    if host == socket.gethostname() and not _is_alive(pid):
        return None
    today = since[:3] == time.localtime()[:3]
    form = "%H:%M" if today else "%Y-%m-%d %H:%M"
    return f"process {pid} on {host}", time.strftime(form, since)


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        return True
    return pid > 0

"""Opens regular files only: a pipe or a device could be waited for forever, or never end."""

import errno
import os
import stat

_WHAT = "is no regular file but a pipe, socket or device; save it as a file"


class NotRegular(OSError):
    """What is there is neither a file nor a folder."""


def open_regular(path):
    """Opens the file at `path` for reading bytes.

    Raises:
      OSError: it cannot be opened; `NotRegular` if it is a pipe, socket or device.
    """
    # Without O_NONBLOCK, opening a pipe waits until somebody writes to it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        if not stat.S_ISREG(mode):
            raise NotRegular(errno.EINVAL, _WHAT, os.fspath(path))
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def check_regular(path):
    """Raises OSError unless `path` is a regular file, or a link to one; nothing is opened."""
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise NotRegular(errno.EINVAL, _WHAT, os.fspath(path))

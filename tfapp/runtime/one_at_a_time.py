"""A lock that one process at a time holds, on a file; it goes with the process, however that ends.

It is flock(2), which Linux also carries over NFS. Where a file system has no locks there is none:
what is guarded must still be right then, only done several times.
"""

import contextlib
import errno
import fcntl
import os

_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextlib.contextmanager
def held(path, waiting):
    """Holds the lock of the file at `path`, which is created and stays.

    Args:
      waiting: called once, without arguments, if another process holds it.

    Raises:
      OSError: the disk is full, or the folder does not exist.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno not in _NOT_WRITABLE:
            raise
        yield  # nothing will be written here either
        return
    try:
        _lock(descriptor, waiting)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor, waiting):
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise

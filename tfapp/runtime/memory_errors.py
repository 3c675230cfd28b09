"""Which errors say that there is no room in memory, of TensorFlow, NumPy and Python alike."""

import sys

from tfapp.runtime import storage

_LONGEST = 200


def is_no_room(error):
    """Whether an exception is one for memory, and not for a disk that is full."""
    if isinstance(error, MemoryError):
        return True
    tensorflow = sys.modules.get("tensorflow")  # whose error it cannot be before it is imported
    if tensorflow is None or not isinstance(error, tensorflow.errors.ResourceExhaustedError):
        return False
    return storage.number_of(error) is None


def first_line(error):
    """What it says about the allocation, one line of at most 200 characters."""
    return str(error).strip().partition("\n")[0][:_LONGEST] or type(error).__name__

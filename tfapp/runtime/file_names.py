"""Names of files in text that is UTF-8, which the names themselves need not be."""

import os


def shown(path):
    """The path as text that can be encoded; a byte that is no UTF-8 is written as \\xff."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")

"""Reads JSON files that tfapp wrote itself, whatever has become of them since."""

import json

from tfapp.runtime import json_shape
from tfapp.runtime.regular_files import open_regular


class Damaged(ValueError):
    """A file is not what tfapp writes; the message says why, without the file's name."""


def read(path, shape):
    """The value of the JSON file at `path`.

    Args:
      shape: what it must look like, see `json_shape`.

    Raises:
      FileNotFoundError: there is no such file.
      Damaged: it is not JSON, or of another shape.
      OSError: it cannot be read.
    """
    with open_regular(path) as file:
        data = file.read()
    return parse(data, shape)


def parse(data, shape):
    """The value of `data`, bytes of JSON in UTF-8. Raises Damaged."""
    try:
        value = json.loads(data.decode())
        json_shape.check(value, shape)
    except RecursionError as error:
        raise Damaged("is nested too deep") from error
    except UnicodeDecodeError as error:
        raise Damaged("is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise Damaged(f"is not JSON ({error})") from error
    except ValueError as error:
        raise Damaged(str(error)) from error
    return value

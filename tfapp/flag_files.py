"""`--flagfile=FILE`, as absl has it: the flags in the file, one a line, take its place.

absl finds the files, on the command line and in one another; here they are read, with a message
for each that cannot be. Empty lines, and those that begin with # or //, are comments. A file may
include others, by paths relative to the working directory.
"""

import os

from absl import flags as absl_flags

from tfapp.errors import UsageError


class FlagValues(absl_flags.FlagValues):
    """absl's, but for what the lines of a file are.

    Args:
      upgraded: called with the path and the text of each file; the arguments that take its place
        as they are, or None: the lines of the text do.
    """

    def __init__(self, upgraded):
        super().__init__()
        # Attributes of absl's class are flags; its own are kept like this too.
        self.__dict__.update(_upgraded=upgraded, _files=[])

    def _get_flag_file_lines(self, filename, parsed_file_stack=None):
        """What absl puts in the place of a file. Raises UsageError.

        absl's own guesses the encoding, and goes on where a file has no name or includes itself.
        """
        del parsed_file_stack
        if not filename:
            raise UsageError("--flagfile: names no file; write --flagfile=FILE")
        text = _read(filename)
        file = os.path.realpath(filename)
        if file in self._files:
            raise UsageError(
                f"--flagfile={filename}: includes itself; leave out one of these lines"
            )
        arguments = self._upgraded(filename, text)
        if arguments is not None:
            return arguments
        self._files.append(file)
        arguments = self.read_flags_from_files(_lines(filename, text))
        self._files.pop()
        return arguments


def _read(path):
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"--flagfile={path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"--flagfile={path}: is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    except ValueError as error:  # a NUL in the name
        raise UsageError(f"--flagfile={path}: {error}") from error


def _lines(path, text):
    """The lines that are flags, or the value of the flag on the line before."""
    lines, expects_value = [], False
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line or line.startswith(("#", "//")):
            continue
        is_flag = line.startswith("-")
        if not (is_flag or expects_value) or (is_flag and " " in line.partition("=")[0]):
            raise UsageError(
                f"--flagfile={path}: line {number}: {line!r} is not a flag; write --name=value"
            )
        expects_value = is_flag and "=" not in line
        lines.append(line)
    return lines

"""From the words of a command line to values of flags, with a message for each way to be wrong.

A flag is --name=value or --name value, with one hyphen or two; a switch is --name, --noname or
--name=true; a list is one line of CSV. Later flags override earlier ones.
"""

import csv
import os

from tfapp.errors import UsageError
from tfapp.registry import suggest

_SWITCH = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"  # what word processors make of a hyphen
_EXAMPLES = {int: 10, float: 0.1}  # of numbers, for messages
_LONGEST = 100  # characters of a value in a message


def parse(arguments, flags):
    """The values given in `arguments`.

    Args:
      arguments: a command line without the program's name and --flagfile.
      flags: name -> `Flag` of every flag there is.

    Returns:
      name -> value, of the type of the flag's default.

    Raises:
      UsageError: something is not a flag, has no value, or not one of that type.
    """
    left, values = list(arguments), {}
    while left:
        argument = left.pop(0)
        if argument == "--" and not left:
            break
        name, value = _split(argument, left, flags)
        if flags[name].repeated:
            values[name] = (*values.get(name, ()), value)
        else:
            values[name] = _read(name, value, flags[name])
    return values


def _read(name, text, flag):
    """The value that `text` stands for, one of the flag's words or of its type."""
    if text in flag.words:
        return text
    if flag.number:
        return _READERS[flag.number](name, text, _EXAMPLES[flag.number])
    return _READERS[type(flag.default)](name, text, flag.default)


def _split(argument, left, flags):
    """(name, text of its value) of a flag; takes the value from `left` if it stands there."""
    if not argument.startswith("-") or not argument.strip("-"):
        raise UsageError(_not_a_flag(argument, flags))
    name, equals, value = argument.removeprefix("-").removeprefix("-").partition("=")
    switch = name.removeprefix("no")
    if name not in flags and name.startswith("no") and _is_switch(switch, flags):
        if equals:
            raise UsageError(
                f"--{name}={_short(value)}: takes no value; write --{switch} or --{name}"
            )
        return switch, "false"
    if name not in flags:
        raise UsageError(_unknown(name, flags))
    if equals:
        return name, value
    if _is_switch(name, flags):
        if left and left[0].lower() in _SWITCH:
            raise UsageError(f"--{name} {left[0]}: write --{name}={left[0]}")
        return name, "true"
    if not left or _is_flag(left[0], flags):
        raise UsageError(f"--{name}: has no value; {_written(name, flags[name].default)}")
    return name, left.pop(0)


def _is_switch(name, flags):
    return name in flags and isinstance(flags[name].default, bool)


def _is_flag(word, flags):
    """Whether a word is a flag of its own, and not a value such as -0.1."""
    name = word.lstrip("-").partition("=")[0]
    return word.startswith("--") or (
        word.startswith("-") and (name in flags or _is_switch(name.removeprefix("no"), flags))
    )


def _not_a_flag(word, flags):
    message = f"{_short(word)!r}: not a flag; "
    name, equals, _ = word.lstrip(f"-{_DASHES}").partition("=")
    if word.startswith(tuple(_DASHES)):
        return f"{message}it begins with a dash that is no hyphen; write --{name}"
    if equals and name in flags:
        return f"{message}write --{_short(word)}"
    if word in flags["mode"].choices:
        return f"{message}write --mode={word}"
    if os.path.exists(word):
        return f"{message}write --dataset={_short(word)}"
    return f"{message}flags are written --name=value (see --help)"


def _unknown(name, flags):
    if name.startswith("no") and name[2:] in flags:
        default = flags[name[2:]].default
        return f"--{name}: only a switch can be turned off; {_written(name[2:], default)}"
    switches = [f"no{name}" for name in flags if _is_switch(name, flags)]
    nearest = suggest(name[:_LONGEST].replace("-", "_"), [*flags, *switches])
    return f"--{_short(name)}: unknown flag{nearest} (see --help)"


def _read_switch(name, text, default):
    del default
    if text.lower() not in _SWITCH:
        raise _wrong(name, text, "neither true nor false", f"write --{name} or --no{name}")
    return _SWITCH[text.lower()]


def _read_whole(name, text, default):
    if not text.isascii():
        raise _wrong(name, text, "not a whole number", "use the digits 0 to 9")
    if len(text) > _LONGEST:  # more digits than Python reads
        raise _wrong(name, text, "not a whole number of 64 bits", _written(name, default))
    base = {"0x": 16, "0o": 8}.get(text[:2].lower(), 10)
    try:
        number = int(text, base)
    except ValueError as error:
        remedy = _as_whole(name, text) or _written(name, default)
        raise _wrong(name, text, "not a whole number", remedy) from error
    if not -(2**63) <= number < 2**63:
        raise _wrong(name, text, "not a whole number of 64 bits", _written(name, default))
    return number


def _as_whole(name, text):
    """How 1e3 or 3.0 is written as a whole number; "" if it is none."""
    try:
        number = float(text)
    except ValueError:
        return ""
    return f"write --{name}={int(number)}" if number.is_integer() and number < 2**63 else ""


def _read_number(name, text, default):
    if not text.isascii():
        raise _wrong(name, text, "not a number", "use the digits 0 to 9")
    try:
        return float(text)
    except ValueError as error:
        remedy = "write a point for the comma" if "," in text else _written(name, default)
        raise _wrong(name, text, "not a number", remedy) from error


def _read_list(name, text, default):
    del default
    try:
        return tuple(item.strip() for row in csv.reader([text], strict=True) for item in row)
    except csv.Error as error:
        why = f"not a list ({error})"
        raise _wrong(name, text, why, 'write --name=a,b and quote an item as "a, b"') from error


def _read_text(name, text, default):
    del name, default
    return text


_READERS = {
    bool: _read_switch,
    int: _read_whole,
    float: _read_number,
    tuple: _read_list,
    str: _read_text,
}


def _wrong(name, text, why, remedy):
    return UsageError(f"--{name}={_short(text)}: {why}; {remedy}")


def _written(name, default):
    """How a flag is written, by the example of its default."""
    example = ",".join(default) if isinstance(default, tuple) else default
    return f"write it as --{name}={'VALUE' if example == '' else example}"


def _short(text):
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."

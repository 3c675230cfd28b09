"""From a command line to values of flags: absl parses it, in our types and with our messages.

A flag is --name=value or --name value, with one hyphen or two; a switch is --name, --noname or
--name=true; a list is one line of CSV. Later flags override earlier ones.
"""

import csv
import itertools
import os

from absl import flags as absl_flags

from tfapp.errors import UsageError
from tfapp.flag_files import FlagValues
from tfapp.registry import suggest

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"  # what word processors make of a hyphen
_TRUTHS = ("true", "t", "1", "false", "f", "0")
_EXAMPLES = {int: 10, float: 0.1}  # of numbers, for messages
_LONGEST = 100  # characters of a value in a message


def parse(arguments, flags, upgraded=lambda path, text: None):
    """The values given in `arguments`.

    Args:
      arguments: a command line without the program's name.
      flags: name -> `Flag` of every flag there is.
      upgraded: see `flag_files.FlagValues`.

    Returns:
      name -> value, of the type of the flag's default.

    Raises:
      UsageError: something is not a flag, has no value, or not one of that type; or a file of
        flags cannot be read.
    """
    values = FlagValues(upgraded)
    for name, flag in flags.items():
        values[name] = _defined(name, flag)
    try:
        expanded = values.read_flags_from_files(arguments, force_gnu=False)
        for word, following in itertools.pairwise([*expanded, "--"]):
            _check_value(word, following, flags)
        stray = values(["", *expanded])[1:]
    except absl_flags.UnrecognizedFlagError as error:
        raise UsageError(_unknown(error.flagname, flags)) from error
    except absl_flags.IllegalFlagValueError as error:  # a parser's below, or of no file at all
        problem = error.__context__ or "--flagfile: names no file; write --flagfile=FILE"
        raise UsageError(str(problem)) from error
    if stray:
        raise UsageError(_not_a_flag("--" if "--" in expanded else stray[0], flags))
    given = {name: values[name].value for name in flags if values[name].present}
    return {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}


def to_arguments(values, flags):
    """The arguments that `parse` reads as `values`, name -> value."""
    arguments = []
    for name, value in values.items():
        defined = _defined(name, flags[name])
        defined.value = value
        arguments += filter(None, defined.serialize().split("\n"))  # a line for each repetition
    return arguments


def _defined(name, flag):
    """absl's flag for a `Flag`. It has no default: Config has."""
    kind = _kind(flag)
    cls = absl_flags.MultiFlag if flag.repeated else absl_flags.Flag
    serializer = _Csv() if kind is tuple else absl_flags.ArgumentSerializer()
    return cls(_Parser(name, flag), serializer, name, None, flag.meaning, boolean=kind is bool)


def _kind(flag):
    """The type of one value of a flag."""
    return str if flag.repeated else flag.number or type(flag.default)


class _List(absl_flags.ArgumentParser):
    """Reads a line of CSV. Blanks around an item are part of it only in quotes."""

    def parse(self, argument):
        items = next(csv.reader([argument], strict=True, skipinitialspace=True), [])
        return tuple(item if _quoted(item) in argument else item.strip() for item in items)


class _Csv(absl_flags.ArgumentSerializer):
    """Writes what `_List` reads."""

    def serialize(self, value):
        plain = [item and item == item.strip() and not {*item} & {*',"'} for item in value]
        return ",".join(i if p else _quoted(i) for i, p in zip(value, plain, strict=True))


def _quoted(item):
    return '"{}"'.format(item.replace('"', '""'))


_READERS = {
    bool: absl_flags.BooleanParser(),
    int: absl_flags.IntegerParser(-(2**63), 2**63 - 1),
    float: absl_flags.FloatParser(),
    tuple: _List(),
    str: absl_flags.ArgumentParser(),
}


class _Parser(absl_flags.ArgumentParser):
    """Reads a flag's words, and values of its type as absl does, with a message of ours."""

    def __init__(self, name, flag):
        self._name, self._flag = name, flag

    def parse(self, argument):
        kind = _kind(self._flag)
        if argument in self._flag.words:
            return argument
        try:
            if kind in _EXAMPLES:
                argument.encode("ascii")  # Python also reads the digits of other scripts
            return _READERS[kind].parse(argument)
        except (ValueError, csv.Error) as error:
            problem = _problem(self._name, self._flag, argument, error)
            raise UsageError(f"--{self._name}={_short(argument)}: {problem}") from error


def _problem(name, flag, text, error):
    """What is wrong with a text that is no value of a flag, and what to write."""
    kind, written = _kind(flag), _written(name, flag)
    if kind is bool:
        return f"neither true nor false; write --{name} or --no{name}"
    if kind is tuple:
        return f'not a list ({error}); write --name=a,b and quote an item as "a, b"'
    what = "not a whole number" if kind is int else "not a number"
    if not text.isascii():
        return f"{what}; use the digits 0 to 9"
    if kind is float:
        return f"{what}; {'write a point for the comma' if ',' in text else written}"
    if text.removeprefix("-").isdigit():
        return f"{what} of 64 bits; {written}"
    return f"{what}; {_as_whole(name, text) or written}"


def _as_whole(name, text):
    """How 1e3 or 3.0 is written as a whole number; "" if it is none."""
    try:
        number = float(text)
    except ValueError:
        return ""
    return f"write --{name}={int(number)}" if abs(number) < 2**63 and number.is_integer() else ""


def _check_value(word, following, flags):
    """Refuses what absl reads in another way than it was meant, or cannot.

    It takes any word after a flag for its value, ignores --undefok, and has no line of its own for
    a switch with a value too many.
    """
    name, equals, value = _parts(word)
    negations = _negations(flags)
    if name == "undefok" or (equals and not name) or len(name) > _LONGEST:
        raise UsageError(_unknown(name, flags))
    if equals and name in negations:
        remedy = f"write --{negations[name]} or --{name}"
        raise UsageError(f"--{name}={_short(value)}: takes no value; {remedy}")
    if equals or name not in flags:
        return
    if _kind(flags[name]) is bool:
        if following.lower() in _TRUTHS:
            raise UsageError(f"--{name} {following}: write --{name}={following}")
    elif following.startswith("--") or _parts(following)[0] in {*flags, *negations}:
        raise UsageError(f"--{name}: has no value; {_written(name, flags[name])}")


def _parts(word):
    """(name, "=" or "", value) of a word that begins with a hyphen or two; else of none."""
    if not word.startswith("-"):
        return "", "", ""
    return word.removeprefix("-").removeprefix("-").partition("=")


def _negations(flags):
    """noname -> name, for every switch."""
    return {f"no{name}": name for name, flag in flags.items() if _kind(flag) is bool}


def _not_a_flag(word, flags):
    message = f"{_short(word)!r}: not a flag; "
    name, equals, _ = word.lstrip(f"-{_DASHES}").partition("=")
    if word.startswith(tuple(_DASHES)):
        return f"{message}it begins with a dash that is no hyphen; write --{name}"
    if equals and name in flags:
        return f"{message}write --{_short(word)}"
    if "mode" in flags and word in flags["mode"].choices:
        return f"{message}write --mode={word}"
    if os.path.exists(word):
        return f"{message}write --dataset={_short(word)}"
    return f"{message}flags are written --name=value (see --help)"


def _unknown(name, flags):
    if name.startswith("no") and name[2:] in flags:
        remedy = _written(name[2:], flags[name[2:]])
        return f"--{name}: only a switch can be turned off; {remedy}"
    nearest = suggest(name[:_LONGEST].replace("-", "_"), [*flags, *_negations(flags)])
    return f"--{_short(name)}: unknown flag{nearest} (see --help)"


def _written(name, flag):
    """How a flag is written, by the example of its default, or of a number and its words."""
    example = ",".join(flag.default) if isinstance(flag.default, tuple) else flag.default
    if flag.number:
        example = "".join([str(_EXAMPLES[flag.number]), *(f", or {word}" for word in flag.words)])
    return f"write it as --{name}={'VALUE' if example == '' else example}"


def _short(text):
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."

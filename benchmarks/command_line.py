"""Command lines of these scripts: one line for each mistake, and for what is not installed."""

import argparse
import difflib
import importlib
import pathlib
import sys

SKIPPED = 77  # exit code of a script that cannot run here, as in automake


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def __init__(self, documentation):
        super().__init__(description=documentation.splitlines()[0])

    def error(self, message):
        print(f"{self.prog}: {message.removeprefix('argument ')}", file=sys.stderr)
        sys.exit(2)


def above_zero(kind):
    """Reads a number above 0 of the type `kind`, int or float."""

    def read(text):
        try:
            number = kind(text)
        except ValueError:
            number = 0
        if not 0 < number < float("inf"):
            whole = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text}: {whole} above 0 is needed")
        return number

    return read


def names_of(known):
    """Reads a list with commas of names that are among `known`; empty stands for all of them."""

    def read(text):
        names = [name.strip() for name in text.split(",") if name.strip()]
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, list(known), n=1)
                meant = f"; did you mean {near[0]}?" if near else ""
                raise argparse.ArgumentTypeError(
                    f"{name}: unknown{meant} (one of {', '.join(known)})"
                )
        return names or list(known)

    return read


def folder(text):
    """Reads the path of a folder that exists."""
    if not pathlib.Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text}: is not a folder")
    return text


def file(text):
    """Reads the path of a file that exists."""
    if not pathlib.Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text}: is not a file")
    return text


def checkout(text):
    """Reads the path of a checkout of tfapp."""
    if not (pathlib.Path(text) / "main.py").is_file():
        raise argparse.ArgumentTypeError(f"{text}: is not a checkout of tfapp (no main.py)")
    return text


def new_file(text):
    """Reads the path of a file that can be written once there is something to write."""
    path = pathlib.Path(text)
    if text and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise argparse.ArgumentTypeError(f"{text}: is a folder, or in none")
    return text


def needs(name, package=""):
    """The module `name`; where it is not installed, the script ends and says what to install."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return skip(f"needs pip install {package or name}")


def skip(reason):
    """Ends the script: it cannot run here."""
    print(f"skipped: {reason}", file=sys.stderr)
    sys.exit(SKIPPED)

"""What --help and --version print, and docs/flags.md, from the fields of Config:

python -m tfapp.flags > docs/flags.md
"""

import importlib
import importlib.metadata
import itertools
import platform
import textwrap

import tfapp
from tfapp.config import FLAGS
from tfapp.errors import exit_codes

# Where the names are registered that stand for {names} in a flag's meaning. None of these modules
# imports TensorFlow by itself.
_REGISTRIES = {
    "model": "tfapp.models:MODELS",
    "task": "tfapp.tasks:TASKS",
    "writers": "tfapp.callbacks.writers:WRITERS",
    "export": "tfapp.export:EXPORTERS",
}

_HELP = ("help", "helpfull", "helpshort", "h")
_VERSION = "version"
_WIDTH = 100
_INDENT = 34  # of the meanings


def requested(arguments):
    """The text that a command line asks for by --help, -h or --version; "" if it does not."""
    words = list(itertools.takewhile(lambda word: word != "--", arguments))
    names = [word.removeprefix("-").removeprefix("-") for word in words if word.startswith("-")]
    if any(name in _HELP for name in names):
        return help_text()
    return version_text() if _VERSION in names else ""


def version_text():
    """The text of `--version`: tfapp's, and those of what it computes with, none of it imported."""
    packages = {"TensorFlow": ("tensorflow", "tensorflow-cpu"), "Keras": ("keras",)}
    lines = [f"tfapp {tfapp.__version__}"]
    lines += [f"{name} {_installed(*names)}" for name, names in packages.items()]
    return "\n".join([*lines, f"Python {platform.python_version()}"])


def _installed(*names):
    """The version of the first of these packages that is installed."""
    for name in names:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "not installed"


def help_text():
    """The text of `--help`: flags by group, each with its default."""
    out = [
        "tfapp trains a Keras model on your data and hands over a model that serves.",
        "",
        "  python main.py                          the default: a small network on real digits",
        "  python main.py --dataset=npz:my.npz     your own arrays",
        "  python main.py --flagfile=FILE          flags from a file; later ones override",
        "  python main.py --version                versions of tfapp, TensorFlow, Keras and Python",
        "",
    ]
    for group, flags in _groups():
        out.append(f"{group}:")
        for name, flag in flags:
            out.extend(_help_lines(name, flag))
        out.append("")
    codes = ", ".join(f"{code} {meaning}" for code, meaning in exit_codes().items())
    out.extend(textwrap.wrap(f"Exit codes: {codes}.", _WIDTH))
    return "\n".join(out)


def markdown():
    """The page docs/flags.md."""
    out = [
        "# Flags",
        "",
        "Written by `python -m tfapp.flags > docs/flags.md`: change the fields in",
        "[config_groups](../tfapp/config_groups), not this page.",
        "",
        "A flag is `--name=value`, a switch `--name` or `--noname`, a list `--name=a,b`.",
        "`--flagfile=FILE` stands for the flags in a file, one a line; later flags override",
        "earlier ones. From Python the same names are fields of `tfapp.Config`.",
    ]
    for group, flags in _groups():
        out += [
            "",
            f"## {group}",
            "",
            "| flag | default | meaning | choices |",
            "|---|---|---|---|",
        ]
        out.extend(_row(name, flag) for name, flag in flags)
    out += ["", "## What a run's folder is bound to", "", *textwrap.wrap(_bound(), _WIDTH)]
    out += ["", "## Exit codes", "", "| code | meaning |", "|---|---|"]
    out.extend(f"| {code} | {meaning} |" for code, meaning in exit_codes().items())
    return "\n".join(out) + "\n"


def meaning(name):
    """What the flag `name` means, with the registered names where it has some."""
    text = FLAGS[name].meaning
    if name not in _REGISTRIES:
        return text
    module, _, registry = _REGISTRIES[name].partition(":")
    known = vars(importlib.import_module(module))[registry].names()
    return text.replace("{names}", ", ".join(known))


def _groups():
    """(heading, its (name, `Flag`) pairs), in the order of the fields."""
    return itertools.groupby(FLAGS.items(), key=lambda item: item[1].group)


def _help_lines(name, flag):
    switch = isinstance(flag.default, bool)
    head = f"  --{'[no]' if switch else ''}{name}={_default(flag)}"
    choices = f"{'|'.join(flag.choices)}: " if flag.choices else ""
    lines = textwrap.wrap(choices + meaning(name), _WIDTH - _INDENT)
    if len(head) > _INDENT - 2:
        yield head
        head = ""
    yield f"{head:<{_INDENT - 1}} {lines[0]}"
    for line in lines[1:]:
        yield " " * _INDENT + line


def _row(name, flag):
    default = _default(flag)
    choices = ", ".join(f"`{choice}`" for choice in flag.choices)
    cells = (f"`--{name}`", f"`{default}`" if default else "", meaning(name), choices)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _bound():
    always = ", ".join(f"`--{name}`" for name, flag in FLAGS.items() if flag.identity)
    at_times = [
        "`--{}` unless `--{}={}`".format(name, *flag.identity_unless)
        for name, flag in FLAGS.items()
        if flag.identity_unless
    ]
    return (
        "A run is continued with other values of any flag but these, which decide what is "
        f"computed: {always}; {', '.join(at_times)}."
    )


def _default(flag):
    if isinstance(flag.default, bool):
        return str(flag.default).lower()
    return ",".join(flag.default) if isinstance(flag.default, tuple) else str(flag.default)

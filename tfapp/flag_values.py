"""Reads --model_arg and its like: `name=value`, with values as Python writes them."""

import ast

from tfapp.errors import UsageError


def last_of_each(pairs):
    """("depth=3", "width=8", "depth=6") -> ("depth=6", "width=8"): as flags override flags.

    An empty pair forgets all before it.
    """
    last = {}
    for pair in pairs:
        if not pair:
            last.clear()
        else:
            last[pair.partition("=")[0].strip()] = pair
    return tuple(last.values())


def parse_arguments(pairs, flag):
    """Turns ("hidden=256", "activation=gelu") into {"hidden": 256, "activation": "gelu"}.

    A value that is no Python literal is a string. Raises UsageError for a name given twice.
    """
    arguments = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        name = name.strip()
        if name in arguments:
            raise UsageError(f"--{flag}={pair}: {name} is given twice")
        try:
            arguments[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            arguments[name] = value
    return arguments

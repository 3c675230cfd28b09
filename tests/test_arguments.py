"""--model_arg: Python's literals, everything else is text."""

import pytest

from tfapp.arguments import parse_arguments
from tfapp.errors import UsageError


def test_values():
    pairs = ("a=1", "b=0.5", "c=gelu", "d=(1, 2)", "e=None", "f=x=y", "g=", " h =True", "i='1'")
    assert parse_arguments(pairs, "model_arg") == {
        "a": 1, "b": 0.5, "c": "gelu", "d": (1, 2), "e": None, "f": "x=y", "g": "", "h": True,
        "i": "1",
    }  # fmt: skip


def test_twice():
    with pytest.raises(UsageError, match="--model_arg=a=2: a is given twice"):
        parse_arguments(("a=1", "a=2"), "model_arg")

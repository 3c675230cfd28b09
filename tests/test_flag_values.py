"""name=value pairs (Python literals, or else text), and durations: 500, 3e, 10%, 60s, 4096ex."""

import pytest

from tfapp.errors import UsageError
from tfapp.flag_values import (
    Duration,
    last_of_each,
    number_of_name,
    parse_arguments,
    parse_duration,
    whole_number,
)


def test_values():
    pairs = ("a=1", "b=0.5", "c=gelu", "d=(1, 2)", "e=None", "f=x=y", "g=", " h =True", "i='1'")
    assert parse_arguments(pairs, "model_arg") == {
        "a": 1, "b": 0.5, "c": "gelu", "d": (1, 2), "e": None, "f": "x=y", "g": "", "h": True,
        "i": "1",
    }  # fmt: skip


def test_twice():
    with pytest.raises(UsageError, match="--model_arg=a=2: a is given twice"):
        parse_arguments(("a=1", "a=2"), "model_arg")


@pytest.mark.parametrize(
    "pairs, kept",
    [
        (("depth=3", "width=8", "depth=6"), ("depth=6", "width=8")),
        (("depth=3", " depth =6"), (" depth =6",)),
        (("depth=3", "", "width=8"), ("width=8",)),
        (("depth=3", ""), ()),
        ((), ()),
    ],
)
def test_later_pairs_override_and_an_empty_one_drops_all(pairs, kept):
    assert last_of_each(pairs) == kept


def test_seconds_keep_their_unit():
    assert parse_duration("60s", "checkpoint_every").unit == "seconds"
    assert parse_duration("1.5m", "checkpoint_every") == Duration(90.0, "seconds")
    assert parse_duration("2h", "time_budget", ("seconds",)) == Duration(7200.0, "seconds")


@pytest.mark.parametrize("text", ["", "e", "-1", "1d", "1e5", "nan", "1 2"])
def test_unreadable(text):
    with pytest.raises(UsageError, match=f"--log_every={text}: write it as"):
        parse_duration(text, "log_every")


def test_a_unit_that_is_not_allowed():
    with pytest.raises(UsageError, match="write it as 500"):
        parse_duration("60s", "log_every", ("steps", "epochs"))


@pytest.mark.parametrize(
    "text, number, of_name",
    [("0", 0, 0), ("17", 17, 17), ("017", 17, None), ("9" * 18, 10**18 - 1, 10**18 - 1)],
)
def test_whole_numbers(text, number, of_name):
    assert (whole_number(text), number_of_name(text)) == (number, of_name)


@pytest.mark.parametrize("text", ["", "²", "٣", "1²", "-1", "+1", "1.0", "1_0", " 1", "9" * 19])
def test_what_is_no_whole_number(text):
    assert whole_number(text) is None
    assert number_of_name(text) is None

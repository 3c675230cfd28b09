"""Every flag with numbers and texts that nobody means: taken, or refused in one line.

What is taken can be written to flags.txt and read back.
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from tests.fuzz import running
from tfapp import flags
from tfapp.config import FLAGS, Config
from tfapp.data.images.size import parse_size
from tfapp.errors import UsageError
from tfapp.flag_values import parse_arguments, parse_duration
from tfapp.models import check_arguments
from tfapp.training import schedules

FEW, MANY = 60, 4_000
NUMBERS = (
    "nan", "-nan", "NaN", "inf", "-inf", "+inf", "infinity", "1e999", "-1e999", "-0.0", "-0", "+1",
    "1e-999", "1e308", "3.5e38", "1" + "0" * 400, "-1" + "0" * 400, "9" * 5000, "1_000", "0x10",
    "²", "٣", "१२", "½", "1.5", "1,5", "1 000", " 7 ", "", "-", "e", "1e", "--", "None",
    "99999999999999999999", "9223372036854775808", "-9223372036854775809", "1e12e", "9e99%", "5%%",
)  # fmt: skip
TEXTS = (
    "", " ", "\t", "a\nb", "a\rb", "a\x00b", "a\x1b[31mb", "a\u2028b", "a\x85b", "\x7f", "\ud800",
    "\udcff", "x" * 5000, "x" * 20_000, "ä", "日本語", "💥", "a,b", '"', '"a', "'", "a=b", "a:b",
    ":", "=", "--x", "%s", "{}", "${x}", "../..", "/", "~", "*", "[", "#", "//", "\\", "\u202e",
)  # fmt: skip
LITERALS = (
    "1e999", "-1e999", "[1e999]", "{1: 1e999}", "{1e999: 1}", "1e999j", "(1, (2, 1e999))",
    "9" * 400, "(" * 300, "-" * 5000 + "1", "[" * 100 + "]" * 100, "{[]: 1}", "{{}}", "nan", "\x00",
    "lambda: 0", "__import__('os')", "1+1j", "b'x'", "'\\ud800'", "...", "{1, 2}", "1e308",
)  # fmt: skip
OBJECTS = (
    None, 0, -1, 1.5, True, float("nan"), float("inf"), 10**400, -(10**5000), np.int64(3), np.nan,
    np.float32(1), "x", b"x", (), [], (1,), (None,), ["a", 1], {}, {"a": 1}, object(), 1j, range(3),
    np.array([1]), ("\ud800",), ("a\nb",), type, np.inf,
)  # fmt: skip


_NUMERIC = [name for name, flag in FLAGS.items() if isinstance(flag.default, float | int)]


def taken_is_written(config):
    """Asserts that flags.txt gives the same configuration."""
    again = flags.parse(["main.py", *flags.to_lines(config)[1:]])
    assert again.resolved() == config.resolved()


def from_command_line(name, value):
    taken_is_written(flags.parse(["main.py", f"--{name}={value}"]))


@pytest.mark.parametrize("name", FLAGS)
def test_every_flag_from_the_command_line(name):
    for value in (*NUMBERS, *TEXTS):
        running.survives("flags, command line", from_command_line, name, value)


@pytest.mark.parametrize("name", FLAGS)
def test_every_field_from_python(name):
    for value in (*OBJECTS, *NUMBERS, *TEXTS):
        running.survives("flags, Python", lambda v=value: taken_is_written(Config(**{name: v})))


@pytest.mark.parametrize(
    "name", [n for n, f in FLAGS.items() if isinstance(f.default, float | int)]
)
@pytest.mark.parametrize("value", ["nan", "inf", "1e999", "1" + "0" * 400, "-0.0x"])
def test_no_numeric_flag_takes_what_is_no_finite_number(name, value):
    with pytest.raises(UsageError, match=f"{name}"):
        flags.parse(["main.py", f"--{name}={value}"])


@pytest.mark.parametrize("literal", LITERALS)
def test_literals(literal):
    def check(pair):
        for flag in ("model_arg", "optimizer_arg", "schedule_arg"):
            parse_arguments((pair,), flag)
        check_arguments("mlp", parse_arguments((pair,), "model_arg"))
        schedules.check("polynomial", parse_arguments((pair,), "schedule_arg"))

    for name in ("hidden", "power", "", " ", "self", "a b"):
        running.survives("flags, literals", check, f"{name}={literal}")


@pytest.mark.parametrize("value", ["1e999", "-1e999", "[1, 1e999]", "{'a': (1e999,)}", "9" * 400])
@pytest.mark.parametrize("flag", ["model_arg", "optimizer_arg", "schedule_arg"])
def test_an_argument_must_be_finite(flag, value):
    with pytest.raises(UsageError, match=rf"--{flag}=x=.*: must be finite"):
        parse_arguments((f"x={value}",), flag)


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_any_flag_with_any_text(count):
    texts = st.one_of(st.text(max_size=12), st.sampled_from((*NUMBERS, *TEXTS, *LITERALS)))
    pairs = st.lists(st.tuples(st.sampled_from(sorted(FLAGS)), texts), min_size=1, max_size=4)

    def body(pairs):
        config = flags.parse(["main.py", *(f"--{name}={value}" for name, value in pairs)])
        taken_is_written(config)

    running.run("flags, any text", pairs, body, count)


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_forms(count):
    def body(text):
        for function in (lambda t: parse_duration(t, "log_every"), parse_size):
            running.survives("flags, forms", function, text)

    texts = st.one_of(st.text("0123456789.exs%²- ", max_size=8), st.sampled_from(NUMBERS))
    running.run("flags, forms", texts, body, count)

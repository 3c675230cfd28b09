"""Names and messages reach a terminal as visible text: every control character is escaped."""

import json
import logging
import random
import sys
import unicodedata

import pytest

from tfapp.errors import DataError
from tfapp.experiment.answer import answer
from tfapp.modes.inspect import report
from tfapp.runtime import output, plain_text

CONTROLS = [
    *map(chr, range(0x20)),  # C0
    "\x7f",
    *map(chr, range(0x80, 0xA0)),  # C1: "\x9b" begins an escape sequence, like "\x1b["
    *map(chr, range(0x202A, 0x202F)),  # bidirectional embeddings and overrides
    *map(chr, range(0x2066, 0x206A)),  # bidirectional isolates
    "\u200e", "\u200f", "\u061c",  # bidirectional marks
    "\u2028", "\u2029",  # line and paragraph separator
    "\u200b", "\u00ad", "\ufeff", "\U000e0041",  # invisible
    "\ud800", "\udcff",  # lone surrogates: bytes of a name that are no UTF-8
]  # fmt: skip
SEQUENCES = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;a title\x07",
    "\x9b2J",
    "\x1bc",
    "a\rb",
    "data\ntfapp: forged record",
    "\u202egnp.exe",
]
HARMLESS = [
    "größe",
    "日本語",
    "Ελληνικά",
    "नमस्ते",
    "עברית",
    "🙂",
    "👩\u200d🔬",
    "a\u00a0b",
    "tab le",
]


def names(count=300):
    """Names of plain and hostile characters, always the same ones."""
    generator = random.Random(0)
    for _ in range(count):
        parts = generator.choices([*CONTROLS, *SEQUENCES, *HARMLESS, "a", " ", "\\"], k=8)
        yield "".join(parts)


def assert_plain(text, lines=1):
    """Nothing in `text` but visible characters and its own line breaks."""
    assert text.count("\n") == lines
    bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert bad <= {"\n", "\u200d"}


@pytest.mark.parametrize("character", CONTROLS, ids=ascii)
def test_each_control_character_is_escaped(character):
    shown = plain_text.one_line(f"a{character}b")
    assert shown == f"a{character.encode('unicode_escape').decode()}b"
    assert json.loads(f'"{shown}"') == f"a{character}b" if "\\u" in shown else shown.isascii()


@pytest.mark.parametrize("text", HARMLESS)
def test_words_of_every_language_stay(text):
    assert plain_text.one_line(text) == text


def test_any_name_in_the_log_is_one_record(capsys):
    output.log_to_stderr()
    for name in names():
        logging.getLogger("tfapp").info("data: %s", name)
        assert_plain(capsys.readouterr().err)
    logging.getLogger("of another library").warning("first\nsecond\x1b[0m")
    assert capsys.readouterr().err == "first\\nsecond\\x1b[0m\n"


def test_any_message_of_an_error_is_one_line(capsys):
    for name in names():
        output.report(DataError(f"{name}: cannot be read"))
        assert_plain(capsys.readouterr().err)
        output.report(f"internal error: {name}")
        assert_plain(capsys.readouterr().err)


def test_the_traceback_of_a_bug_keeps_its_lines(capsys):
    output.report("a bug", "first \x1b[0m\nsecond")
    assert capsys.readouterr().err == "tfapp: a bug\nfirst \\x1b[0m\nsecond\n"


def test_any_answer_is_plain(capsys):
    for name in names():
        output.answer(f"run         {plain_text.one_line(name)}\nexport      {name}")
        text = capsys.readouterr().out
        assert_plain(text, text.count("\n"))


def found(name):
    """What --mode=inspect reports about a table whose names are all `name`."""
    feature = {
        "name": name, "kind": name, "shape": [2], "dtype": "str", "missing": 0, "looked_at": 4,
        "distinct": 1, "most_frequent": {name: 4},
    }  # fmt: skip
    return {
        "dataset": name, "splits": {"train": 4}, "features": [feature],
        "first_rows": [{name: name, "b": 1}],
        "label": {"name": name, "classes": {name: {"train": 4}}, "imbalance": 1.0},
        "duplicates": {"within train": {"count": 1, "examples": [(name, name)]}},
        "reading": {
            "examples_per_second": 1.0, "seconds_to_first_batch": 1.0, "engine": "resident",
            "reason": name,
        },
        "sheet": name, "bad_examples": 0,
    }  # fmt: skip


def test_any_name_in_inspect_is_one_row():
    rows = report.text(found("plain")).count("\n")
    for name in names():
        assert_plain(report.text(found(name)), rows)


def test_any_name_in_the_answer_of_training_is_one_row():
    class Result:
        export_dir = None
        summary = {"best": {"metric": "loss"}, "examples_per_second": None}

    for name in names():
        Result.model_dir = name
        Result.metrics = {"test": {name: 1.0}}
        Result.summary["worst_class"] = {"name": name, "recall": 0.5, "examples": 4}
        assert_plain(answer(Result), 2)


def test_widths():
    assert plain_text.width("abc") == 3
    assert plain_text.width("größe") == 5
    assert plain_text.width("日本") == 4
    assert plain_text.width("e\u0301") == 1  # a combining accent
    assert plain_text.cut("日本", 3) == "日"
    assert plain_text.cut("abc", 3) == "abc"
    assert plain_text.padded("日", 4) == "日  "


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_with_another_encoding_takes_any_name(monkeypatch, tmp_path, encoding):
    path = tmp_path / "out"
    with open(path, "w", encoding=encoding, errors="backslashreplace") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(sys, "stdout", stream)
        output.log_to_stderr()
        for name in names():
            logging.getLogger("tfapp").info(name)
            output.answer(name)
    assert path.read_text(encoding)


def test_tensorflows_advice_on_retracing_is_left_out(capsys):
    output.log_to_stderr()
    logger = logging.getLogger("another library")  # tests silence TensorFlow's own
    logger.warning("5 out of the last 7 calls to f triggered tf.function retracing.")
    logger.warning("anything else")
    assert capsys.readouterr().err == "anything else\n"

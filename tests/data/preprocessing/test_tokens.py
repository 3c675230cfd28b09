"""Tokens, categories and dates: the served graph and the host agree, also on awkward strings.

The reference is plain Python, written from the description of the method.
"""

import collections
import datetime
import json
import math
import re

import numpy as np
import pytest
import tensorflow as tf

from tfapp.data.preprocessing import Preprocessing
from tfapp.data.preprocessing.categories import Categories, Hashed, fit_categories
from tfapp.data.preprocessing.dates import Dates
from tfapp.data.preprocessing.pieces import learn_pieces
from tfapp.data.preprocessing.tokens import FIRST_PIECE, PAD, UNKNOWN, Tokens, next_tokens
from tfapp.data.splits.string_column import StringColumn, TextStream

TEXTS = [
    "I am still waiting on my card?",
    "What can I do if my card still hasn't arrived after 2 weeks?",
    "  many   blanks\t\tand\nnewlines  ",
    "",
    " ",
    "ÜBER die Straße, naïve café 123456789",
    "日本語のテキスト。",
    "emoji 😀 and combining e\u0301",
    "a" * 100,
    "end.",
    "\x1f\x00control",
]
STRINGS = ["red", "green", "", "blue", "red", "Grün", "😀"]


def column(strings):
    values, codes = np.unique(np.array(strings, object), return_inverse=True)
    return StringColumn(codes.astype(np.int32), values)


def words_of(text):
    """The description: lower case, single blanks, runs of one kind with the blank before them."""
    text = re.sub(r"[\x00-\x08\x0e-\x1f]", " ", text).lower()
    text = re.sub(r"\s+", " ", text).strip(" ")
    kinds = {"L": "letter", "M": "letter", "N": "number"}
    import unicodedata

    words, before = [], None
    for character in (" " + text) if text else "":
        kind = kinds.get(unicodedata.category(character)[0], "other")
        if character == " ":
            words.append(" ")
            before = "blank"
        elif before in (kind, "blank"):
            words[-1] += character
            before = kind
        else:
            words.append(character)
            before = kind
    return [word[i : i + 24] for word in words for i in range(0, len(word), 24)]


def tokens_of(text, pieces, length):
    ids = []
    for word in words_of(text):
        while word:
            size = next((n for n in range(len(word), 0, -1) if word[:n] in pieces), 0)
            ids.append(pieces.index(word[:size]) + FIRST_PIECE if size else UNKNOWN)
            word = word[max(size, 1) :]
    return (ids + [PAD] * length)[:length]


@pytest.fixture(scope="module")
def fitted():
    return Tokens.fit(column(TEXTS[:6] * 3), length=24, unit="subwords", size=60)


@pytest.mark.parametrize("text", TEXTS + ["zzz unseen ñ words", "CARD card Card"])
def test_tokens_are_those_of_the_description(fitted, text):
    expected = tokens_of(text, fitted.pieces, 24)
    assert fitted.encode(tf.constant([text])).numpy().tolist() == [expected]
    assert fitted.encode_column(column([text])).tolist() == [expected]


def test_text_that_is_not_utf8_is_still_answered(fitted):
    assert fitted.encode(tf.constant([b"card \xff\xfe"])).shape == (1, 24)


def test_frequent_words_become_pieces_and_ids_cover_them(fitted):
    assert " card" in fitted.pieces
    assert len(fitted.pieces) <= 60
    assert len(set(fitted.pieces)) == len(fitted.pieces)
    assert fitted.vocabulary == len(fitted.names()) == len(fitted.pieces) + 2


def test_merges_are_those_of_byte_pair_encoding():
    """The example of arXiv:1508.07909: e+s, es+t, l+o, lo+w; then ties by letter."""
    counts = collections.Counter({"low": 5, "lower": 2, "newest": 6, "widest": 3})
    pieces = learn_pieces(counts, 15)
    characters = sorted(set("".join(counts)))
    assert sorted(pieces[: len(characters)]) == characters
    assert pieces[len(characters) :] == ["es", "est", "lo", "low", "ew"]


def test_the_length_covers_nearly_all_texts():
    texts = column([f"word {'and ' * (i % 20)}end" for i in range(200)])
    assert Tokens.fit(texts, length=0, unit="subwords", size=100).length == 24
    assert Tokens.fit(texts, length=7, unit="subwords", size=100).length == 7


@pytest.mark.parametrize("unit", ["characters", "subwords"])
def test_windows_of_a_stream_keep_every_letter(unit):
    text = "First Citizen:\n  Before we proceed, hear me.\n\nAll: Speak, speak!\n" * 40
    stream = TextStream(text)
    tokens = Tokens.fit(stream, length=17, unit=unit, size=200, stream=True)
    windows = tokens.windows(stream)
    names = tokens.names()
    assert (windows[1:, 0] == windows[:-1, -1]).all()
    joined = "".join(names[i] for i in [windows[0, 0], *windows[:, 1:].flat])
    assert text.startswith(joined)
    assert len(joined) > len(text) - 17 * 16
    first = "".join(names[i] for i in windows[0])
    assert tokens.encode(tf.constant([first])).numpy().tolist() == [windows[0].tolist()]
    assert next_tokens(windows)[0].tolist() == [*windows[0, 1:], PAD]


def test_a_prompt_that_is_too_long_keeps_its_end():
    tokens = Tokens.fit(TextStream("abcdef" * 9), length=4, unit="characters", size=9, stream=True)
    names = tokens.names()
    ids = tokens.encode(tf.constant(["abcdef", "ab"])).numpy()
    assert ["".join(names[i] for i in row) for row in ids] == ["cdef", "ab"]


@pytest.mark.parametrize("make", [fit_categories, lambda column: Hashed(7)])
def test_categories_are_the_same_on_host_and_in_the_graph(make):
    transform = make(column(STRINGS[:5]))
    host = transform.encode_column(column(STRINGS))
    assert host.tolist() == transform.encode(tf.constant(STRINGS)).numpy().tolist()


def test_an_unknown_category_is_0_and_a_missing_one_is_one_of_them():
    transform = fit_categories(column(["red", "", "green"]))
    assert transform.values == ("", "green", "red")
    assert transform.encode(tf.constant(["red", "", "green", "blue"])).numpy().tolist() == [
        3,
        1,
        2,
        0,
    ]
    assert fit_categories(column(["red"])).encode(tf.constant([""])).numpy().tolist() == [0]


DATES = ["2024-02-29", "2023-12-31T23:59:59", "1969-07-20 20:17", "1600-03-01", "", "soon",
         "2024-13-1", "2000-02-29T06:00:00.5Z"]  # fmt: skip


def test_dates_are_days_since_1970():
    transform = Dates.fit(column(DATES[:3]))
    host = transform.encode_column(column(DATES))
    assert np.array_equal(host, transform.encode(tf.constant(DATES)).numpy(), equal_nan=True)
    for text, (day, fraction) in zip(DATES, host.tolist(), strict=True):
        try:
            moment = datetime.datetime.fromisoformat(text.removesuffix("Z"))
        except ValueError:
            assert math.isnan(day)
            continue
        since = moment - datetime.datetime(1970, 1, 1)
        assert day == since.days
        seconds = since.seconds + since.microseconds / 1e6
        assert fraction == pytest.approx(seconds / 86400, abs=1e-7)
    inputs = transform(tf.constant(host)).numpy()
    assert inputs.shape == (len(DATES), 7)
    assert (inputs[4:6] == 0).all()
    assert np.isfinite(inputs).all()


def test_json_gives_back_the_same_transforms(fitted):
    transforms = {"text": fitted, "town": Categories(("", "Zug")), "key": Hashed(9),
                  "since": Dates(3.5, 0.1)}  # fmt: skip
    kept = json.loads(json.dumps(Preprocessing(transforms).to_json()))
    assert Preprocessing.from_json(kept).transforms == transforms

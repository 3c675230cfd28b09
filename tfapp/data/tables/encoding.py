"""Which encoding the bytes of a file are in.

UTF-8 where they are valid UTF-8; UTF-16 and UTF-32 by their mark or their zeros; else the encoding
in which the text looks most like a language. What latin-1 has is read as cp1252, which has more.
"""

import codecs
import re

import charset_normalizer

from tfapp.data.tables.alphabets import likeness

UTF8 = "utf-8"
_MARKS = (  # the longer first
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The more common first: it is taken where two read the text alike.
_SINGLE_BYTE = (
    "cp1252", "iso8859_15", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "koi8_r",
    "iso8859_2", "iso8859_5", "iso8859_7", "mac_roman", "cp850", "cp866", "cp1255", "cp1256",
    "cp874",
)  # fmt: skip
_EAST_ASIAN = ("big5", "cp932", "cp949", "cp950", "euc_", "gb", "hz", "iso2022", "johab", "shift_")
_CERTAIN = 0.95  # likeness from which a text is in the language of an encoding
_SAMPLE = 1 << 16  # bytes
_BLOCK, _LINES = 1 << 20, 1 << 14  # bytes read at a time, lines that are not ASCII
_TAIL = 4  # bytes at most of a character that the end of a sample cuts


def certain(data):
    """The encoding of `data` where a mark, zeros or valid UTF-8 leave no doubt; else ""."""
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    return marked or _wide(data) or (UTF8 if is_utf8(data) else "")


def of_damaged(file, *, likely=UTF8):
    """The encoding of a file that begins as UTF-8 does, but is not valid UTF-8.

    Args:
      file: its bytes, open for reading.
      likely: the encoding of the other files; UTF-8: unknown.
    """
    sample, left = [], b""
    while len(sample) < _LINES and (data := file.read(_BLOCK)):
        *lines, left = (left + data).split(b"\n")
        sample += [line for line in lines if not line.isascii()][:_LINES]
    sample = b"\n".join([*sample, left])
    return likely if likely != UTF8 and not _is_damaged_utf8(sample) else eight_bit(sample)


def is_utf8(data):
    """Whether `data` is UTF-8, but for a character that its end cuts."""
    try:
        data.decode(UTF8)
    except UnicodeDecodeError as error:
        return error.start >= len(data) - _TAIL and error.reason == "unexpected end of data"
    return True


def eight_bit(data):
    """The encoding of `data`, which is neither UTF-8 nor wide; or UTF-8 where little is damaged."""
    lines = [line for line in re.split(rb"[\r\n]+", data) if not line.isascii()]
    sample = b"\n".join(lines)[:_SAMPLE]
    if _is_damaged_utf8(sample):
        return UTF8
    scores = {name: _score(sample, name) for name in _SINGLE_BYTE}
    best = max(scores, key=scores.get)
    if scores[best] < _CERTAIN:
        # It knows the encodings of East Asia well, and takes one of western Europe for another.
        for data in (sample, re.sub(rb"[\x00-\x3f]+", b" ", sample)):  # signs look like chaos to it
            guess = charset_normalizer.from_bytes(data).best()
            if guess is not None and guess.encoding.startswith(_EAST_ASIAN):
                return guess.encoding
    return best


def _score(sample, name):
    text = sample.decode(name, "replace")
    return likeness(text) - 4 * text.count("\ufffd") / max(len(sample), 1)


def _is_damaged_utf8(sample):
    """Whether there are more characters of several bytes than bytes that belong to none."""
    text = sample.decode(UTF8, "replace")
    damaged = text.count("\ufffd")
    return sum(not c.isascii() for c in text) - damaged > damaged


def _wide(data):
    """UTF-16 or UTF-32 without a mark, by where the zeros of ASCII characters are; else ""."""
    zeros = [data[i : len(data) // 4 * 4 : 4].count(0) for i in range(4)]
    quarter = len(data) // 4
    if not quarter or not any(zeros):
        return ""
    most = [count > 0.5 * quarter for count in zeros]
    for name, form in (
        ("utf-32-le", [False, True, True, True]),
        ("utf-32-be", [True] * 3 + [False]),
    ):
        if most == form:
            return name
    low, high = zeros[0] + zeros[2], zeros[1] + zeros[3]
    # Of the characters one in twenty is ASCII, be it the delimiters alone.
    if max(low, high) < 0.1 * quarter or min(low, high) > 0.1 * max(low, high):
        return ""
    return "utf-16-le" if high > low else "utf-16-be"

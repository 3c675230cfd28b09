"""Text that a terminal shows as it is: no control characters, and its width in columns.

Names of files, classes and columns, and the messages of other libraries, may hold anything. An
escape sequence among them could recolour a terminal or set its title, a line break could forge a
record of the log, and a bidirectional override could show a name as another one.
"""

import re
import unicodedata

_LINE_BREAK = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# They join the letters of several scripts, and emoji.
_JOINERS = "\u200c\u200d"
# Of characters that `str.isprintable` denies: spaces, and characters that Python does not know.
_HARMLESS = ("Zs", "Co", "Cn")


def one_line(text):
    """`text` with each control or formatting character as its escape: \\n, \\x1b, \\u202e."""
    if text.isprintable():
        return text
    return "".join(c if _is_shown(c) else c.encode("unicode_escape").decode() for c in text)


def lines(text):
    """Like `one_line`, for a text of several lines."""
    return "\n".join(map(one_line, text.split("\n")))


def joined(text):
    """The lines of `text` as one, for messages that quote others."""
    return one_line(_LINE_BREAK.sub(" ", text))


def of_value(value):
    """The repr of any value, also of one that has none: a number of too many digits."""
    try:
        return repr(value)
    except Exception as error:  # of a user's class, it may raise anything
        return f"({type(value).__name__}: {type(error).__name__})"


def width(text):
    """How many columns of a terminal `text` takes."""
    return sum(map(_columns, text))


def cut(text, columns):
    """The beginning of `text` that fits in so many columns."""
    for end, character in enumerate(text):
        columns -= _columns(character)
        if columns < 0:
            return text[:end]
    return text


def padded(text, columns):
    """`text` with spaces after it, at least so many columns wide."""
    return text + " " * (columns - width(text))


def _is_shown(character):
    return (
        character.isprintable()
        or character in _JOINERS
        or unicodedata.category(character) in _HARMLESS
    )


def _columns(character):
    if character.isascii():
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1

"""Texts that users chose, as HTML: for elements and for attributes in double quotes."""

import html

from tfapp.runtime import plain_text

_LONGEST_NAME = 120  # characters


def name(value):
    """Of a column, a class or a model; a very long one is cut."""
    value = plain_text.one_line(str(value))
    return html.escape(value if len(value) <= _LONGEST_NAME else f"{value[:_LONGEST_NAME]}…")


def sentence(value):
    """A text of any length."""
    return html.escape(plain_text.one_line(str(value)))


def exactly(value):
    """A value that is sent back as it is."""
    return html.escape(str(value))

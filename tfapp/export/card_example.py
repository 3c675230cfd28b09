"""A request or an answer as a few lines of JSON: what is long in it is shortened."""

import json

from tfapp.runtime import strict_json

_TEXT = 100  # characters of a text
_CODE = 50  # of a text without spaces, such as an image in base64
_ITEMS = 3  # of a list
_ENTRIES = 30  # of an object, such as the columns of a row


def shortened(value):
    """Lines of valid JSON, in which a list of plain values takes one.

    Args:
      value: what JSON can hold.
    """
    return _lines(_short(value))


def _short(value):
    if isinstance(value, str):
        longest = _TEXT if " " in value else _CODE
        return value if len(value) <= longest else f"{value[:longest]}..."
    if isinstance(value, list):
        more = [f"... {len(value) - _ITEMS:,} more"] if len(value) > _ITEMS else []
        return [_short(part) for part in value[:_ITEMS]] + more
    if isinstance(value, dict):
        kept = {key: _short(value[key]) for key in list(value)[:_ENTRIES]}
        more = {"...": f"{len(value) - _ENTRIES:,} more"} if len(value) > _ENTRIES else {}
        return {**kept, **more}
    return value


def _lines(value, before="", after=""):
    """The lines of a value between `before` and `after`."""
    if isinstance(value, dict) and value:
        parts, ends = [(f"{_plain(key)}: ", part) for key, part in value.items()], "{}"
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        parts, ends = [("", part) for part in value], "[]"
    else:
        return [f"{before}{_plain(value)}{after}"]
    found = [f"{before}{ends[0]}"]
    for i, (start, part) in enumerate(parts):
        comma = "," if i + 1 < len(parts) else ""
        found += [f"  {line}" for line in _lines(part, start, comma)]
    return [*found, f"{ends[1]}{after}"]


def _plain(value):
    """One line of JSON. A line separator within it would end the line."""
    text = strict_json.dumps(value, ensure_ascii=False)
    if text.isprintable() and "```" not in text:
        return text
    return json.dumps(json.loads(text)).replace("```", "\\u0060" * 3)

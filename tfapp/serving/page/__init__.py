"""The page on which a model is tried in a browser: one HTML document that asks for nothing else.

Python writes the form, a field for each input of the model; the script beside it reads the fields,
sends them to the server's predict interface in TensorFlow Serving's row format, and draws the
answers. Names of columns, categories and classes are data: they are escaped here, and set as text
there.
"""

import json
import string
import urllib.parse

from tfapp.runtime import strict_json
from tfapp.serving.page import about, assets, escaped, fields
from tfapp.spec import SERVING_BYTES

# Of the response that carries the page: its own script and style alone, and no host but its own.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        f"script-src {assets.source_of(assets.SCRIPT)}",
        f"style-src {assets.source_of(assets.STYLE)}",
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_MOST_FIELDS = 300  # beyond, a model's columns are given as a row of CSV alone
_MOST_VALUES = 5000  # of categories that are suggested, in all columns
_MOST_CLASSES = 10_000  # whose names are in the page
_LONGEST_NAME = 120  # characters of a class's name
_LARGEST_EXAMPLE = 300_000  # characters of an example's request


def render(card, name):
    """The HTML document.

    Args:
      card: the dict of model_card.json.
      name: of the model below v1/models/; the page's address must end with a slash.

    Returns:
      a str, to be sent as UTF-8 along with `CONTENT_SECURITY_POLICY`.
    """
    inputs = fields.with_fewer_values(card["inputs"], most=_MOST_VALUES)
    wide = len(inputs) > _MOST_FIELDS
    return string.Template(assets.DOCUMENT).substitute(
        title=escaped.name(name),
        subtitle=about.subtitle(card),
        fields="" if wide else "\n".join(fields.field(i, entry) for i, entry in enumerate(inputs)),
        row=fields.row(len(inputs), is_open=wide) if _is_table(inputs) else "",
        about=about.about(card),
        style=assets.STYLE,
        script=assets.SCRIPT,
        model=_as_script(_model(card, name, wide)),
    )


def _is_table(inputs):
    return len(inputs) > 1 and not any(fields.widget(entry) == "picture" for entry in inputs)


def _model(card, name, wide):
    """What the script needs to know."""
    request, label = card["example"]["request"], card["label"]
    (instance,) = request["instances"]
    fits = len(json.dumps(instance)) <= _LARGEST_EXAMPLE
    return {
        "url": f"v1/models/{urllib.parse.quote(name, safe='')}:predict",
        "signature": request["signature_name"],
        "bytes": request["signature_name"] == SERVING_BYTES,
        "wide": wide,
        "inputs": [_input(entry, sole=len(card["inputs"]) == 1) for entry in card["inputs"]],
        "label": {
            "name": label["name"],
            "kind": label["kind"],
            "classes": [c[:_LONGEST_NAME] for c in label["classes"][:_MOST_CLASSES]],
        },
        "answers": [answer["name"] for answer in card["answers"]],
        "example": instance if fits else None,
    }


def _input(entry, *, sole):
    kept = ("name", "argument", "kind", "dtype", "shape", "range")
    return {
        **{key: entry[key] for key in kept if key in entry},
        "widget": fields.widget(entry),
        "required": fields.is_required(entry) or (sole and entry["kind"] == "text"),
    }


def _as_script(value):
    """JSON that ends no script element, in which it stands."""
    text = strict_json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.translate({ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})

"""Next to a model that takes encoded features: what encodes raw ones, without TensorFlow.

encoder.py is a copy of `standalone_encoder`, encoder.json holds what it needs to know, README.md
says how both are used.
"""

import json
import pathlib

from tfapp.data.dates import forms
from tfapp.data.dates.parse import PIVOT, month_numbers
from tfapp.export import standalone_encoder
from tfapp.export.encoder_text import readme

PROGRAM, FITTED, README = "encoder.py", "encoder.json", "README.md"
_FORMAT = 1


def write_encoder(folder, servable, usage):
    """Writes the three files.

    Args:
      folder: pathlib.Path of an exported version.
      servable: the `Servable` that it was made from.
      usage: lines of Python that run the model on `inputs`, see `Exporter.usage`.
    """
    fitted = encoder_json(servable)
    text = json.dumps(fitted, ensure_ascii=False)
    (folder / FITTED).write_text(f"{text}\n", encoding="utf-8")
    source = pathlib.Path(standalone_encoder.__file__).read_text(encoding="utf-8")
    (folder / PROGRAM).write_text(source, encoding="utf-8")
    (folder / README).write_text(readme(fitted, servable, usage), encoding="utf-8")


def encoder_json(servable):
    """What encoder.json holds, a dict that JSON can hold."""
    features = [
        {
            "name": feature.name,
            "argument": servable.argument_names[feature.name],
            "dtype": feature.dtype,
            "shape": list(feature.shape),
            **_fitted(servable.transforms[feature.name]),
        }
        for feature in servable.spec.features
    ]
    dates = {"fields": _of_python(forms.FIELDS), "pivot": PIVOT, "months": month_numbers()}
    return {"format": _FORMAT, "features": features, "dates": dates}


def _fitted(transform):
    """What encoding depends on, of one `Transform`."""
    known = transform.to_json()
    if transform.kind == "categories":
        return {"kind": "categories", "values": known["values"][: known.get("numbered")]}
    if transform.kind == "hashed":
        buckets, values = known["buckets"], known.get("values", [])
        return {"kind": "hashed", "buckets": buckets, "values": values}
    if transform.kind == "codes":
        return {"kind": "codes", "values": known["values"], "flagged": known["flagged"]}
    if transform.kind == "dates" and "order" in known:
        patterns = [[_of_python(f.pattern), f.rewrite] for f in forms.forms(known["order"])]
        return {"kind": "dates", "forms": patterns}
    if transform.kind == "dates":
        why = "its dates are read as tfapp 0.1 did: give days since 1970 and fractions of a day"
        return {"kind": "given", "why": why, "dtype": "float32", "shape": [2]}
    if transform.kind == "tokens":
        why = "is a text: give the ids of its tokens"
        return {"kind": "given", "why": why, "dtype": "int32", "shape": [transform.length]}
    return {"kind": "numbers", "codes": list(known.get("codes", ()))}


def _of_python(pattern):
    """A pattern of RE2 for Python, whose own digits and blanks are all of Unicode's."""
    return pattern.replace(r"\d", "[0-9]").replace(r"\s", "[ \\t\\n\\f\\r]")

"""Next to a model that takes encoded features: what encodes raw ones, without TensorFlow.

encoder.py is made of the modules of `tfapp.export.standalone`, encoder.json holds what it needs to
know, README.md says how both are used.
"""

import ast
import inspect
import json

from tfapp.data.dates import forms
from tfapp.data.dates.parse import PIVOT, month_numbers
from tfapp.data.preprocessing import tokens
from tfapp.data.preprocessing.pieces import LONGEST_PIECE
from tfapp.export.encoder_text import readme
from tfapp.export.standalone import dates, encoder, fingerprint, texts

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
    (folder / PROGRAM).write_text(_program(), encoding="utf-8")
    (folder / README).write_text(readme(fitted, servable, usage), encoding="utf-8")


def _program():
    """The modules as one: what the encoder says of itself, all imports, what each defines."""
    imports, parts = set(), []
    for module in (encoder, dates, texts, fingerprint):
        source = inspect.getsource(module)
        docstring, *statements = ast.parse(source).body
        imported = [s for s in statements if isinstance(s, ast.Import | ast.ImportFrom)]
        # What is imported from one of them is defined here.
        imports |= {ast.unparse(s) for s in imported if isinstance(s, ast.Import)}
        lines = source.splitlines(keepends=True)
        parts.append("".join(lines[(imported or [docstring])[-1].end_lineno :]).strip())
    about = inspect.getsource(encoder).split('"""')[1]
    own, others = (sorted(i for i in imports if ("numpy" in i) == n) for n in (False, True))
    head = "\n".join(['"""' + about + '"""', "", *own, "", *others])
    return "\n\n\n".join([head, *parts]) + "\n"


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
    read = {"fields": _of_python(forms.FIELDS), "pivot": PIVOT, "months": month_numbers()}
    return {"format": _FORMAT, "features": features, "dates": read}


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
        longest = {"longest_piece": LONGEST_PIECE, "longest_word": tokens.LONGEST_WORD}
        return {**known, **longest, "kind": "tokens"}
    return {"kind": "numbers", "codes": list(known.get("codes", ()))}


def _of_python(pattern):
    """A pattern of RE2 for Python, whose own digits and blanks are all of Unicode's."""
    return pattern.replace(r"\d", "[0-9]").replace(r"\s", "[ \\t\\n\\f\\r]")

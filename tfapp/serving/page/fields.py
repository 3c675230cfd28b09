"""One field of the page for each input of a model, as HTML that holds nothing unescaped."""

from tfapp.serving.page.escaped import exactly, name, sentence

_FEW = 30  # values up to which they are a list to choose from, and not suggestions
_LONGEST_VALUE = 200  # characters of a value that is suggested
_TIMES = " \N{MULTIPLICATION SIGN} "
_DRAWN = (1, 3, 4)  # channels of images that a browser can give


def with_fewer_values(inputs, *, most):
    """The inputs with so many values in all, but each with as many as make a list to choose from.

    Args:
      inputs: entries of model_card.json.
      most: about how many values are kept.
    """
    each = max(_FEW, most // max(sum("values" in entry for entry in inputs), 1))
    return [
        {**entry, "values": entry["values"][:each]} if "values" in entry else entry
        for entry in inputs
    ]


def widget(entry):
    """How an input of model_card.json is filled in, a word that the script knows as well."""
    shape, kind = entry["shape"], entry["kind"]
    if kind == "image" and len(shape) == 3 and shape[-1] in _DRAWN:
        return "picture"
    if shape:
        return "numbers"
    if entry["dtype"] == "bool":
        return "boolean"
    if kind == "text":
        return "text"
    if entry["dtype"] == "string":
        return "choice" if _is_short(entry) else "string"
    return "code" if kind == "code" and _is_short(entry) else "number"


def is_required(entry):
    """Whether a value must be given: nothing can stand for one that is missing, or none was."""
    if entry["dtype"] == "string":
        return entry["kind"] != "text" and not entry.get("missing", True)
    floating = entry["dtype"].startswith(("float", "bfloat"))
    return bool(entry["shape"]) or not floating or not entry.get("missing", True)


def field(index, entry):
    """The element for an input, the `index`-th."""
    kind = widget(entry)
    control = {
        "picture": _picture,
        "numbers": _numbers,
        "boolean": _boolean,
        "text": _text_area,
        "choice": _choice,
        "code": _choice,
    }.get(kind, _line)
    tag, label = ("fieldset", "legend") if kind == "picture" else ("div", "label")
    target = "" if kind == "picture" else f' for="f{index}"'
    hint = sentence(_hint(entry, kind))
    return (
        f'<{tag} class="field {kind}" id="field{index}">'
        f"<{label}{target}>{name(entry['name'])}</{label}>"
        f"{control(index, entry)}"
        f'<p class="hint" id="h{index}">{hint}</p>'
        f'<p class="error" id="e{index}" role="alert"></p></{tag}>'
    )


def row(columns, *, is_open):
    """The field into which a row of CSV is pasted, for a model of so many columns."""
    return (
        f'<details id="row"{" open" if is_open else ""}><summary>Paste a row of CSV</summary>'
        '<div class="field"><label for="csv">A row with or without the line of names</label>'
        '<textarea id="csv" rows="4" spellcheck="false" aria-describedby="csvhint csverror">'
        f'</textarea><p class="hint" id="csvhint">{columns:,} columns, separated by commas, '
        "semicolons or tabs.</p>"
        '<p class="error" id="csverror" role="alert"></p></div></details>'
    )


def _common(index, entry):
    needed = ' aria-required="true"' if is_required(entry) else ""
    return f'id="f{index}" aria-describedby="h{index} e{index}"{needed}'


def _line(index, entry):
    numeric = entry["dtype"] != "string"
    mode = ' inputmode="decimal"' if numeric else ""
    hint = ' placeholder="2024-05-31"' if entry["kind"].startswith("date") else ""
    options = _values(entry)
    suggested = f' list="l{index}"' if options else ""
    listed = "".join(f'<option value="{exactly(v)}"></option>' for v in options)
    return (
        f'<input type="text"{mode}{hint}{suggested} autocomplete="off" {_common(index, entry)}>'
        + (f'<datalist id="l{index}">{listed}</datalist>' if options else "")
    )


def _choice(index, entry):
    none = "Choose a value" if is_required(entry) else "(missing)"
    options = "".join(
        f'<option value="{exactly(value)}">{name(value)}</option>' for value in _values(entry)
    )
    return f'<select {_common(index, entry)}><option value="">{none}</option>{options}</select>'


def _boolean(index, entry):
    return (
        f'<select {_common(index, entry)}><option value="">Choose a value</option>'
        '<option value="true">true</option><option value="false">false</option></select>'
    )


def _text_area(index, entry):
    return f'<textarea rows="4" {_common(index, entry)}></textarea>'


def _numbers(index, entry):
    return (
        f'<textarea rows="5" spellcheck="false" inputmode="decimal" {_common(index, entry)}>'
        "</textarea>"
    )


def _picture(index, entry):
    colour = (
        f'<label for="ink{index}">Colour <input type="color" id="ink{index}"></label>'
        if entry["shape"][-1] > 1
        else f'<label for="dark{index}"><input type="checkbox" id="dark{index}"> '
        "White on black</label>"
    )
    return (
        f'<div class="drop" id="drop{index}"><canvas id="f{index}" role="img" '
        f'aria-label="The image that is sent; draw on it" aria-describedby="h{index} e{index}">'
        "</canvas></div>"
        f'<div class="tools"><label class="button" for="file{index}">Choose an image'
        f'<input type="file" id="file{index}" accept="image/*"></label>'
        f'<label for="brush{index}">Brush <input type="range" id="brush{index}" min="1" '
        f'max="100" value="50"></label>{colour}</div>'
    )


def _hint(entry, kind):
    shape = entry["shape"]
    if kind == "picture":
        size = f"{shape[1]}{_TIMES}{shape[0]} pixels{' in grey' if shape[2] == 1 else ''}"
        return f"Draw, choose, drop or paste an image; the model sees {size}."
    parts = []
    if kind == "numbers":
        size = _TIMES.join(map(str, shape))
        parts.append(f"{size} numbers, separated by spaces, commas or lines")
    if "range" in entry:
        low, high = map(_number, entry["range"])
        parts.append(f"{low} to {high} in training")
    if kind in ("string", "number") and entry.get("distinct"):
        parts.append(_known(entry))
    if entry.get("missing") and kind not in ("choice", "code"):
        parts.append("empty if it is missing")
    return "; ".join(parts)


def _known(entry):
    listed = len(_values(entry))
    known = f"{entry['distinct']:,} known values"
    return known if listed == entry["distinct"] else f"{known}, {listed:,} of them suggested"


def _is_short(entry):
    return 0 < entry.get("distinct", 0) == len(_values(entry)) <= _FEW


def _values(entry):
    values = (v if isinstance(v, str) else _number(v) for v in entry.get("values", ()))
    return [value for value in values if len(value) <= _LONGEST_VALUE]


def _number(value):
    """A number as people write it; the days of dates are texts already."""
    if isinstance(value, str):
        return value
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"

"""MODEL.md: a model's card as a page that people read."""

from tfapp.export.card_example import shortened
from tfapp.runtime import plain_text

_MANY = 20  # classes, beyond which only their number is given
_ROWS = 100  # features in the table of inputs
_VALUES = 6  # of a category in the table of inputs
_LONGEST = 40  # characters of such a value
_GROUPED = 1000  # measured values from which thousands are separated
_EXACT = 1e15  # numbers from which powers of ten are used
_KINDS = {
    "class": "one of {:,} classes",
    "multi_label": "any of {:,} labels",
    "real": "a number",
    "tokens": "one of {:,} tokens",
}


def markdown(card):
    """The text of MODEL.md for the dict that model_card.json holds."""
    label, model, data = card["label"], card["model"], card["data"]
    lines = [
        f"# {_cell(card['name'])}",
        "",
        f"Predicts {_code(label['name'])}, {_KINDS[label['kind']].format(len(label['classes']))}, "
        f"from {_features(card['inputs'])}. The model is {_cell(model['name'])} with "
        f"{model['parameters']:,} parameters, trained on {_code(data['name'])}.",
        "",
        "## Inputs",
        "",
        *_inputs(card["inputs"]),
        "",
        "## Answers",
        "",
        *_table(
            ("answer", "type"),
            [(_code(answer["name"]), _type(answer)) for answer in card["answers"]],
        ),
        "",
        *_classes(label),
        "## A request and its answer",
        "",
        "In TensorFlow Serving's REST interface, `POST /v1/models/NAME:predict`. Long texts and "
        "lists are shortened here; model_card.json has them whole.",
        "",
        *_block(card["example"]["request"]),
        "",
        *_block(card["example"]["answer"]),
        "",
        "## How good it is",
        "",
        *_metrics(card["metrics"]),
        "",
        "## Data",
        "",
        f"{_code(data['name'])}: "
        + ", ".join(f"{count:,} {split}" for split, count in data["examples"].items())
        + " examples.",
        "",
        *_sparsity(card["compression"].get("sparsity")),
        *_low_rank(card["compression"].get("low_rank")),
        "## Use and limits",
        "",
        f"- {card['intended_use']}",
        *(f"- {limit}" for limit in map(_cell, card["limits"])),
        "",
        "## How it was made",
        "",
        *_table(("setting", "value"), _made(card["training"], card["versions"])),
    ]
    return "\n".join(lines) + "\n"


def _inputs(inputs):
    rows = [
        (_code(i["name"]), _code(i["argument"]), f"{i['kind']}, {_type(i)}", _in_training(i))
        for i in inputs[:_ROWS]
    ]
    yield from _table(("feature", "argument", "type", "in training"), rows)
    if len(inputs) > _ROWS:
        yield ""
        yield f"{len(inputs) - _ROWS:,} more features are in model_card.json."


def _in_training(entry):
    """The range or the values of a feature, and whether it was missing."""
    parts = [" to ".join(map(_given, entry["range"]))] if "range" in entry else []
    if entry.get("distinct"):
        values = [_given(value)[:_LONGEST] for value in entry["values"][:_VALUES]]
        more = entry["distinct"] - len(values)
        parts.append(", ".join(map(_code, values)) + (f" and {more:,} more" if more else ""))
    if entry.get("missing"):
        parts.append("sometimes missing")
    return "; ".join(parts)


def _metrics(metrics):
    intervals, trivial = metrics["intervals"], metrics["trivial"]
    rows = []
    for name, value in metrics["test"].items():
        low_high = " to ".join(map(_number, intervals[name])) if name in intervals else ""
        rows.append((name, _number(value), low_high, _number(trivial.get(name))))
    return _table(("metric", "test", "95% interval", "best constant answer"), rows)


def _made(training, versions):
    """(name, value) of what is known of the training, and of the packages."""
    others = {name: v for name, v in training.items() if name not in ("step", "steps")}
    yield "weights", f"of step {training['step']:,} of {training['steps']:,}"
    for name, value in {**others, **versions}.items():
        yield _cell(name.replace("_", " ")), _cell(_setting(value))


def _setting(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _number(value) if isinstance(value, float) else value


def _sparsity(found):
    """The share of zeros by layer, of a model that was pruned."""
    if not found:
        return []
    rows = [(_code(path), f"{share:.1%}") for path, share in found["layers"].items()]
    head = f"{found['overall']:.1%} of the weights in kernels are zero."
    return ["## Sparsity", "", head, "", *_table(("kernel", "zeros"), rows), ""]


def _low_rank(found):
    """The dense layers whose kernel is a product, of a model that has any."""
    if not found:
        return []
    rows = [
        (_code(path), f"{layer['shape'][0]:,} x {layer['shape'][1]:,}", f"{layer['rank']:,}")
        for path, layer in found.items()
    ]
    return ["## Low-rank layers", "", *_table(("layer", "kernel", "rank"), rows), ""]


def _number(value):
    """A measured number to four digits, or more where it would look like 1; None is empty."""
    if value is None:
        return ""
    if _GROUPED <= abs(value) < _EXACT:
        return f"{value:,.0f}"
    short = f"{value:.4g}"
    return f"{value:.7g}" if short == "1" else short


def _given(value):
    """A value of the data as one types it: years, codes and dates have no separators."""
    if isinstance(value, str):
        return value
    whole = value == int(value) and abs(value) < _EXACT
    return str(int(value)) if whole else f"{value:.6g}"


def _features(inputs):
    if len(inputs) > 1:
        return f"{len(inputs):,} features"
    return f"{_code(inputs[0]['name'])}, {_type(inputs[0])}"


def _classes(label):
    names = label["classes"]
    if not names or label["kind"] == "tokens":
        return []
    shown = ", ".join(_code(name) for name in names[:_MANY])
    more = f" and {len(names) - _MANY:,} more" if len(names) > _MANY else ""
    return [f"Classes, in the order of the probabilities: {shown}{more}.", ""]


def _type(entry):
    shape = entry["shape"]
    return entry["dtype"] + (f" {shape}" if shape else "").replace("None", "?")


def _block(value):
    return ["```json", *shortened(value), "```"]


def _table(head, rows):
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _code(name):
    """A name that users chose, between backquotes."""
    return f"`{_cell(name).replace('`', chr(39)) or '(empty)'}`"


def _cell(value):
    """Text that stays in its line and its cell."""
    return plain_text.one_line(str(value)).replace("|", "\\|")

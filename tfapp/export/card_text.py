"""MODEL.md: a model's card as a page that people read."""

import json

from tfapp.runtime import plain_text

_SHOWN = 400  # characters of a request or an answer
_MANY = 20  # classes, beyond which only their number is told


def markdown(card):
    """The text of MODEL.md for the dict that model_card.json holds."""
    label, model, data = card["label"], card["model"], card["data"]
    lines = [
        f"# {_cell(card['name'])}",
        "",
        f"Predicts {_code(label['name'])} ({label['kind']}) from {_features(card['inputs'])}: "
        f"{_cell(model['name'])}, {model['parameters']:,} parameters, trained on "
        f"{_cell(data['name'])}.",
        "",
        "## Inputs",
        "",
        *_table(
            ("feature", "argument", "kind", "type"),
            [(_code(i["name"]), _code(i["argument"]), i["kind"], _type(i)) for i in card["inputs"]],
        ),
        "",
        "## Answers",
        "",
        *_table(
            ("answer", "type"),
            [(_code(answer["name"]), _type(answer)) for answer in card["answers"]],
        ),
        "",
        *_classes(label["classes"]),
        "## A request and its answer",
        "",
        "Of TensorFlow Serving's REST interface, `POST /v1/models/NAME:predict`; model_card.json "
        "has both as a whole.",
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
        f"{_cell(data['name'])}: "
        + ", ".join(f"{count:,} {split}" for split, count in data["examples"].items())
        + " examples.",
        "",
        *_sparsity(card["compression"].get("sparsity")),
        "## Use and limits",
        "",
        f"- {card['intended_use']}",
        *(f"- {limit}" for limit in map(_cell, card["limits"])),
        "",
        "## How it was made",
        "",
        *_table(
            ("", ""),
            [
                (_cell(key.replace("_", " ")), _cell(value))
                for key, value in {**card["training"], **card["versions"]}.items()
            ],
        ),
    ]
    return "\n".join(lines) + "\n"


def _metrics(metrics):
    intervals, trivial = metrics["intervals"], metrics["trivial"]
    rows = []
    for name, value in metrics["test"].items():
        low_high = " to ".join(map(_number, intervals[name])) if name in intervals else ""
        rows.append((name, _number(value), low_high, _number(trivial.get(name))))
    return _table(("metric", "test", "95%", "always the same answer"), rows)


def _sparsity(found):
    """The share of zeros by layer, of a model that was pruned."""
    if not found:
        return []
    rows = [(_code(path), f"{share:.1%}") for path, share in found["layers"].items()]
    head = f"{found['overall']:.1%} of the weights in kernels are zero."
    return ["## Sparsity", "", head, "", *_table(("kernel", "zeros"), rows), ""]


def _number(value):
    return "" if value is None else f"{value:.6g}"


def _features(inputs):
    if len(inputs) > 1:
        return f"{len(inputs)} features"
    return f"{_code(inputs[0]['name'])}, {_type(inputs[0])}"


def _classes(names):
    if not names:
        return []
    shown = ", ".join(_code(name) for name in names[:_MANY])
    more = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return [f"Classes, in the order of the probabilities: {shown}{more}.", ""]


def _type(entry):
    shape = entry["shape"]
    return entry["dtype"] + (f" {shape}" if shape else "").replace("None", "?")


def _block(value):
    text = json.dumps(value, ensure_ascii=False)
    return ["```json", text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ...", "```"]


def _table(head, rows):
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _code(name):
    """A name that users chose, between backquotes."""
    return f"`{_cell(name).replace('`', chr(39))}`"


def _cell(value):
    """Text that stays in its line and its cell."""
    return plain_text.one_line(str(value)).replace("|", "\\|")

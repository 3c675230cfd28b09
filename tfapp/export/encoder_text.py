"""README.md of a model that takes encoded features: which they are, and how it is run."""

_EXAMPLE_COLUMNS = 3  # that the example spells out
_ENCODED = {
    "categories": "a category, encoded as an id",
    "hashed": "a category, encoded as an id",
    "codes": "a number that is a name, encoded as an id",
    "dates": "a date, encoded as days and fractions of a day",
    "tokens": "a text, encoded as the ids of its tokens",
}


def readme(fitted, servable, usage):
    """The text, for what encoder.json holds."""
    features = fitted["features"]
    shown = [f"{feature['name']!r}: ..." for feature in features[:_EXAMPLE_COLUMNS]]
    more = ", ..." if len(features) > _EXAMPLE_COLUMNS else ""
    lines = [
        "# Running the model without TensorFlow",
        "",
        "The model takes encoded features; encoder.py makes them of raw ones and needs NumPy "
        "alone. It reads encoder.json. MODEL.md says what the model is.",
        "",
        "```python",
        "from encoder import Encoder",
        "",
        f"columns = {{{', '.join(shown)}{more}}}  # a list of values each, one a row",
        "inputs = Encoder().encode(columns)",
        *usage.split("\n"),
        "```",
        "",
        _outputs(servable),
        "",
        "| feature | argument | |",
        "| --- | --- | --- |",
        *(f"| {_cell(f['name'])} | {f['argument']} | {_what(f)} |" for f in features),
    ]
    return "\n".join(lines) + "\n"


def _what(feature):
    kind = feature["kind"]
    if kind == "given":
        return f"{feature['why']}, {feature['dtype']} [rows, {feature['shape'][0]}]"
    shape = f" {feature['shape']}" if feature["shape"] else ""
    return _ENCODED.get(kind, f"{feature['dtype']}{shape}, as it is")


def _outputs(servable):
    if servable.target is not None:
        target = servable.target
        formula = f"outputs * {_list(target.std)} + {_list(target.mean)}"
        if target.shift is not None:
            return f"log(value + {float(target.shift):g}) is {formula}."
        return f"The value is {formula}."
    activation = "sigmoid" if servable.spec.label.kind == "multi_label" else "softmax"
    return (
        "`outputs` are logits. model_card.json lists the classes in their order, and under "
        f"`training` the temperature that they are divided by before the {activation}, if there is "
        "one."
    )


def _list(array):
    return array.tolist()


def _cell(name):
    return name.replace("|", "\\|").replace("\n", " ")

"""What a model is, for whoever is handed it: model_card.json, and MODEL.md of the same facts.

The sections follow Mitchell et al., "Model Cards for Model Reporting", arXiv:1810.03993. Both files
lie in the version's folder, which every server and runtime leaves alone.
"""

import base64

import numpy as np
import tensorflow as tf

from tfapp.export.card_text import markdown
from tfapp.export.signatures import takes_bytes
from tfapp.runtime import strict_json
from tfapp.spec import SERVING_BYTES, SERVING_DEFAULT

JSON, MARKDOWN = "model_card.json", "MODEL.md"
_FORMAT = 1
_USES = (
    "For examples that are collected and recorded in the same way as those of the data set. It has "
    "not been measured on other data, nor separately for groups within the data."
)


def write_card(folder, servable, examples, facts):
    """Writes both files.

    Args:
      folder: pathlib.Path of an exported version.
      servable: the `Servable` that it was made from.
      examples: raw features, name -> NumPy [n, ...], from which the example of a request is taken.
      facts: what the run knows, a dict that JSON can hold: "name", "model", "data", "metrics",
        "training", "versions", and perhaps "columns", feature name -> what is known of its values
        in train, and of a smaller model "compression"; see `tfapp.experiment.model_facts`.
    """
    card = _card(servable, examples, facts)
    text = strict_json.dumps(card, indent=1, ensure_ascii=False)
    (folder / JSON).write_text(f"{text}\n", encoding="utf-8")
    (folder / MARKDOWN).write_text(markdown(card), encoding="utf-8")


def _card(servable, examples, facts):
    spec, label = servable.spec, servable.spec.label
    columns = facts.get("columns", {})
    return {
        "format": _FORMAT,
        "name": facts["name"],
        "model": facts["model"],
        "inputs": [
            {
                "name": feature.name,
                "argument": servable.argument_names[feature.name],
                "kind": feature.kind,
                "dtype": feature.dtype,
                "shape": list(feature.shape),
                **columns.get(feature.name, {}),
            }
            for feature in spec.features
        ],
        "label": {"name": label.name, "kind": label.kind, "classes": list(label.class_names)},
        "answers": [
            {"name": name, "dtype": tensor.dtype.name, "shape": tensor.shape.as_list()[1:]}
            for name, tensor in sorted(servable.answer_specs.items())
        ],
        "example": _example(servable, examples),
        "metrics": facts["metrics"],
        "data": facts["data"],
        "training": facts["training"],
        "compression": facts.get("compression", {}),
        "versions": facts["versions"],
        "intended_use": _USES,
        "limits": _limits(servable, facts),
    }


def _example(servable, examples):
    """A request of TensorFlow Serving's REST interface, and the answer to it."""
    row = _whole_row(examples)
    one = {name: array[row : row + 1] for name, array in examples.items()}
    answers = {name: value.numpy()[0] for name, value in servable.serve(one).items()}
    names = servable.argument_names
    if takes_bytes(servable.spec):
        ((name, image),) = one.items()
        instance = {names[name]: {"b64": _base64(tf.io.encode_png(image[0]).numpy())}}
        signature = SERVING_BYTES
    else:
        instance = {names[name]: _plain(array[0]) for name, array in one.items()}
        signature = SERVING_DEFAULT
    return {
        "request": {"signature_name": signature, "instances": [instance]},
        "answer": {"predictions": [{name: _plain(answers[name]) for name in sorted(answers)}]},
    }


def _whole_row(examples):
    """The first example in which no number is missing, else the first."""
    count = len(next(iter(examples.values())))
    whole = np.ones(count, bool)
    for array in examples.values():
        if array.dtype.kind == "f":
            whole &= np.isfinite(array).reshape(count, -1).all(axis=1)
    return int(np.argmax(whole))


def _limits(servable, facts):
    limits = [
        "Missing values and categories that training did not have are accepted, as missing and as "
        "unknown. A value far outside the range of training gets an answer as well, without a "
        "warning.",
    ]
    weakest = facts["metrics"].get("worst_class")
    if weakest:
        limits.append(
            f"Of the class {weakest['name']}, {weakest['recall']:.1%} of {weakest['examples']:,} "
            "test examples are recognised, the fewest of all classes."
        )
    if servable.spec.label.kind == "class":
        limits.append(
            "Every example is given one of the classes, even if it belongs to none of them."
        )
    return limits


def _plain(value):
    """What JSON can hold, of a NumPy value of one example.

    A float has as many digits as tell it from its neighbours in its own precision: the float32 of
    0.1 is 0.1, not 0.10000000149011612.
    """
    value = np.asarray(value)
    return _each(value.tolist(), _shortest(value.dtype))


def _each(value, convert):
    return [_each(part, convert) for part in value] if isinstance(value, list) else convert(value)


def _shortest(dtype):
    """Python value -> what JSON can hold, for a value of `dtype`."""
    if dtype.kind == "f":
        return lambda number: float(str(dtype.type(number)))
    return lambda value: value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _base64(content):
    return base64.b64encode(content).decode()

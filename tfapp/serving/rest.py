"""TensorFlow Serving's REST interface: https://www.tensorflow.org/tfx/serving/api_rest.

Requests have rows ("instances") or columns ("inputs"); an input has its argument's name, or its
feature's. Every function here is from JSON to JSON, without HTTP.
"""

import dataclasses

import numpy as np

from tfapp.registry import suggest
from tfapp.serving import json_text
from tfapp.serving.errors import bad
from tfapp.serving.json_text import shown
from tfapp.serving.signature import Signature
from tfapp.serving.values import is_bytes, to_array

PREDICT, CLASSIFY, REGRESS = "predict", "classify", "regress"
ROWS, COLUMNS, SIGNATURE = "instances", "inputs", "signature_name"
_EXAMPLES, _CONTEXT = "examples", "context"
_OUTPUTS, _SCORES = "outputs", "probabilities"


@dataclasses.dataclass(frozen=True)
class Request:
    """What a request asks a model."""

    signature: Signature
    arrays: dict[str, np.ndarray]  # argument -> [count, ...]
    count: int
    by_rows: bool = True  # whether the answer has rows or columns


def read_predict(body, version):
    """The `Request` of :predict.

    Args:
      body: JSON.
      version: a `Version`.

    Raises:
      RequestError: a field or a value is not as it must be.
    """
    _check_fields(body, (ROWS, COLUMNS, SIGNATURE))
    if (ROWS in body) == (COLUMNS in body):
        raise bad('one of "instances" (a list of examples) and "inputs" (of columns) is needed')
    rows = ROWS in body
    content = body[ROWS] if rows else body[COLUMNS]
    if rows and (not isinstance(content, list) or not content):
        raise bad(f"instances: {shown(content)} where a list of at least one example is needed")
    signature = _signature(body, version, content[0] if rows else content)
    columns = _by_column(content, signature) if rows else _columns(content, signature)
    arrays = {}
    for argument, (values, where) in columns.items():
        arrays[argument] = to_array(values, signature.inputs[argument], where)
    counts = {argument: len(array) for argument, array in arrays.items()}
    if len(set(counts.values())) > 1:
        named = {signature.inputs[argument].name: count for argument, count in counts.items()}
        listed = ", ".join(f"{name} {named[name]}" for name in sorted(named))
        raise bad(f"inputs: the columns differ in length ({listed})")
    return Request(signature, arrays, next(iter(counts.values())), rows)


def predict_answer(request, answers):
    """JSON of the answers, name -> NumPy [count, ...], to a `Request`."""
    if not request.by_rows:
        columns = {name: json_text.plain(array) for name, array in answers.items()}
        return {"outputs": columns if len(columns) > 1 else next(iter(columns.values()))}
    columns = [json_text.plain(array) for array in answers.values()]
    if len(columns) == 1:
        return {"predictions": columns[0]}
    names = tuple(answers)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return {"predictions": rows}


def read_examples(body, version, kind):
    """The `Request` of :classify or :regress: examples with the features' own names.

    They are answered by the signature of raw features, as the SavedModel's own signature does: what
    an example lacks is missing. Raises RequestError.
    """
    if kind not in version.kinds:
        raise bad(
            f":{kind} is for models that answer with "
            f"{'probabilities of classes' if kind == CLASSIFY else 'one number'}; this one takes "
            f":{' and :'.join(version.kinds)}"
        )
    _check_fields(body, (_EXAMPLES, _CONTEXT, SIGNATURE))
    if body.get(SIGNATURE, kind) not in (kind, ""):
        raise bad(f"signature_name: {shown(body[SIGNATURE])}; :{kind} takes {kind}")
    examples, context = body.get(_EXAMPLES), body.get(_CONTEXT, {})
    if not isinstance(examples, list) or not examples:
        raise bad(f"examples: {shown(examples)} where a list of at least one object is needed")
    if not isinstance(context, dict):
        raise bad(f"context: {shown(context)} where an object is needed")
    signature = version.of_images or version.default
    rows = []
    for i, example in enumerate(examples):
        if not isinstance(example, dict):
            raise bad(f"examples[{i}]: {shown(example)} where an object is needed")
        row = {taken.name: None for taken in signature.inputs.values() if _may_lack(taken)}
        row |= _named({**context, **example}, signature, f"examples[{i}]")
        rows.append({name: _single(value, signature, name) for name, value in row.items()})
    arrays = {}
    for argument, (values, where) in _by_column(rows, signature, _EXAMPLES).items():
        arrays[argument] = to_array(values, signature.inputs[argument], where)
    return Request(signature, arrays, len(rows))


def classify_answer(version, answers):
    """JSON of :classify: for each example [class, score] of every class."""
    names = version.class_names
    scores = [json_text.plain(row) for row in answers[_SCORES]]
    return {"results": [[list(p) for p in zip(names, row, strict=True)] for row in scores]}


def regress_answer(answers):
    """JSON of :regress: a number for each example."""
    return {"results": json_text.plain(answers["value"])}


def status(version):
    """JSON of the model's status."""
    state = {"error_code": "OK", "error_message": ""}
    return {
        "model_version_status": [
            {"version": str(version.number), "state": "AVAILABLE", "status": state}
        ]
    }


def metadata(version, name):
    """JSON of the model's signatures."""
    return {
        "model_spec": {"name": name, "signature_name": "", "version": str(version.number)},
        "metadata": {"signature_def": {"signature_def": version.signature_def}},
    }


def _check_fields(body, known):
    if not isinstance(body, dict):
        raise bad(f"the body is {shown(body)} where an object is needed")
    for name in body:
        if name not in known:
            raise bad(
                f"{shown(name)}: is no field of this request{suggest(name, known)} (fields: "
                f"{', '.join(known)})"
            )


def _signature(body, version, example):
    """The `Signature` that a request names, or that its first value is for."""
    name = body.get(SIGNATURE, "")
    if not isinstance(name, str):
        raise bad(f"signature_name: {shown(name)} where a string is needed")
    if not name:
        return version.of_images if _has_image(version, example) else version.default
    if name not in version.signatures:
        raise bad(
            f"signature_name: {shown(name)} is no signature of this request"
            f"{suggest(name, version.signatures)} (signatures: {', '.join(version.signatures)})"
        )
    return version.signatures[name]


def _has_image(version, example):
    """Whether an example, or the columns, hold an encoded image."""
    if version.of_images is None:
        return False
    if isinstance(example, dict) and not is_bytes(example) and len(example) == 1:
        (example,) = example.values()
    first = example[0] if isinstance(example, list) and example else example
    return is_bytes(first)


def _by_column(rows, signature, name=ROWS):
    """Argument -> (values, names of their places), of a list of examples."""
    inputs = signature.inputs
    if len(inputs) == 1:
        (argument,) = inputs
        if not isinstance(rows[0], dict) or is_bytes(rows[0]):
            return {argument: (rows, lambda i: f"{name}[{i}]")}
    if not all(type(row) is dict and row.keys() == inputs.keys() for row in rows):
        rows = [_whole(row, signature, f"{name}[{i}]") for i, row in enumerate(rows)]
    return {
        argument: ([row[argument] for row in rows], _place(name, taken.name))
        for argument, taken in inputs.items()
    }


def _place(rows, name):
    return lambda i: f"{rows}[{i}].{name}"


def _whole(row, signature, where):
    """An example, argument -> value, that has every input. Raises RequestError."""
    if not isinstance(row, dict):
        raise bad(f"{where}: {shown(row)} where an object is needed ({_names(signature)})")
    found = _named(row, signature, where)
    found = {signature.by_name(name).argument: value for name, value in found.items()}
    for argument, taken in signature.inputs.items():
        if argument not in found:
            hint = "; null stands for what is missing" if _may_lack(taken) else ""
            raise bad(f"{where}: has no {shown(taken.name)}{hint}")
    return found


def _named(row, signature, where):
    """An example by the features' names. Raises RequestError for a name that is unknown."""
    found = {}
    for name, value in row.items():
        taken = signature.by_name(name)
        if taken is None:
            near = suggest(name, [taken.name for taken in signature.inputs.values()])
            raise bad(f"{where}: {shown(name)} is no input{near} ({_names(signature)})")
        found[taken.name] = value
    return found


def _columns(columns, signature):
    """Argument -> (values, names of their places), of columns. Raises RequestError."""
    inputs = signature.inputs
    if len(inputs) == 1 and (not isinstance(columns, dict) or is_bytes(columns)):
        columns = {next(iter(inputs)): columns}
    if not isinstance(columns, dict):
        raise bad(f"inputs: {shown(columns)} where an object is needed ({_names(signature)})")
    found = _whole(columns, signature, "inputs")
    for argument, values in found.items():
        if not isinstance(values, list) or not values:
            raise bad(f"inputs.{inputs[argument].name}: {shown(values)} where a list is needed")
    return {
        argument: (found[argument], lambda i, n=taken.name: f"inputs.{n}[{i}]")
        for argument, taken in inputs.items()
    }


def _may_lack(taken):
    return not taken.shape and not taken.is_image and not taken.dtype.is_integer


def _single(value, signature, name):
    """A value of a tf.train.Example: what is one value may stand in a list of one."""
    taken = signature.by_name(name)
    single = isinstance(value, list) and len(value) == 1 and not taken.shape
    return value[0] if single else value


def _names(signature):
    return f"inputs: {', '.join(taken.name for taken in signature.inputs.values())}"

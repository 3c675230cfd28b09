"""The OpenAPI description of a version: its schemas are the model's inputs and answers."""

import tfapp
from tfapp.serving import open_inference
from tfapp.serving.rest import CLASSIFY, COLUMNS, PREDICT, REGRESS, ROWS, SIGNATURE

_BYTES = {
    "type": "object",
    "properties": {"b64": {"type": "string", "contentEncoding": "base64"}},
    "required": ["b64"],
    "additionalProperties": False,
}
_REFUSALS = {
    "400": "a field or a value is not as it must be",
    "404": "there is no such model or version",
    "408": "the body took too long to arrive",
    "413": "the body is too large",
    "415": "the body is not JSON",
    "429": "too many requests at a time",
    "503": "the server is stopping, or has too little memory",
    "504": "the answer took too long",
}


def describe(version, name):
    """The document, JSON.

    Args:
      version: a `Version`.
      name: of the model in URLs.
    """
    rest, infer = f"/v1/models/{name}", f"/v2/models/{name}"
    paths = {
        rest: _get("The model's state"),
        f"{rest}/metadata": _get("The SavedModel's signatures"),
        f"{rest}:{PREDICT}": _post("Answers rows or columns", _predict(version), _card(version)),
        infer: _get("The model's inputs and outputs"),
        f"{infer}/ready": _get("Whether the model is ready"),
        f"{infer}/infer": _post("Answers tensors", _infer(version)),
        "/v2": _get("The server's metadata"),
        "/v2/health/live": _get("Whether the server is alive"),
        "/v2/health/ready": _get("Whether the server is ready"),
        "/healthz": _get("Whether the server is alive"),
        "/readyz": _get("Whether the server is ready"),
        "/card": _get("model_card.json"),
    }
    for kind in (CLASSIFY, REGRESS):
        if kind in version.kinds:
            paths[f"{rest}:{kind}"] = _post("Answers examples", _examples(version))
    return {
        "openapi": "3.1.0",
        "info": {"title": name, "version": str(version.number), "x-tfapp": tfapp.__version__},
        "paths": paths,
        "components": {"schemas": {"Error": _object({"error": {"type": "string"}})}},
    }


def _get(summary):
    found = {"description": "JSON", "content": {"application/json": {"schema": {}}}}
    return {"get": {"summary": summary, "responses": {"200": found}}}


def _post(summary, schema, example=None):
    content = {"schema": schema, **({"example": example} if example else {})}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    responses = {"200": {"description": "The answers", "content": {"application/json": {}}}}
    for status, meaning in _REFUSALS.items():
        responses[status] = {"description": meaning, "content": error}
    body = {"required": True, "content": {"application/json": content}}
    return {"post": {"summary": summary, "requestBody": body, "responses": responses}}


def _card(version):
    return version.card.get("example", {}).get("request")


def _predict(version):
    """The schema of :predict, a choice of rows or columns for each signature."""
    choices = []
    for signature in version.signatures.values():
        inputs = {a: _values(taken) for a, taken in signature.inputs.items()}
        named = {"const": signature.name}
        row = _object(inputs)
        if len(inputs) == 1:
            row = {"anyOf": [row, *inputs.values()]}
        columns = _object({a: _list(value) for a, value in inputs.items()})
        chosen = signature in (version.default, version.of_images)
        for field, content in ((ROWS, _list(row)), (COLUMNS, columns)):
            needed = [field] if chosen else [field, SIGNATURE]
            choices.append(_object({field: content, SIGNATURE: named}, needed))
    return {"anyOf": choices}


def _examples(version):
    signature = version.of_images or version.default
    values = {taken.name: _values(taken) for taken in signature.inputs.values()}
    return _object(
        {"examples": _list(_object(values, [])), "context": _object(values, [])}, ["examples"]
    )


def _infer(version):
    names = [taken.argument for taken in version.default.inputs.values()]
    tensor = _object(
        {
            "name": {"enum": names},
            "datatype": {"enum": list(open_inference.DATATYPES)},
            "shape": _list({"type": "integer", "minimum": 1}),
            "data": {"type": "array"},
            "parameters": {"type": "object"},
        },
        ["name", "datatype", "shape", "data"],
    )
    output = _object({"name": {"enum": list(version.default.outputs)}}, ["name"])
    output["additionalProperties"] = True
    return _object(
        {
            "id": {"type": "string"},
            "inputs": {**_list(tensor), "minItems": len(names), "maxItems": len(names)},
            "outputs": {"type": "array", "items": output},
            "parameters": {"type": "object"},
        },
        ["inputs"],
    )


def _values(taken):
    """The schema of one example's value."""
    if taken.is_image:
        return _BYTES
    schema = _scalar(taken.dtype)
    missing = taken.dtype.is_floating or taken.dtype.name == "string"
    if missing:
        schema = {"anyOf": [schema, {"type": "null"}]}
    for size in reversed(taken.shape):
        schema = _list(schema)
        if size is not None:
            schema |= {"minItems": size, "maxItems": size}
    return schema


def _scalar(dtype):
    if dtype.name == "string":
        return {"type": "string"}
    if dtype.is_bool:
        return {"type": "boolean"}
    if dtype.is_integer:
        return {"type": "integer", "minimum": int(dtype.min), "maximum": int(dtype.max)}
    return {"type": "number"}


def _list(items):
    return {"type": "array", "items": items, "minItems": 1}


def _object(properties, required=None):
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
        "additionalProperties": False,
    }

"""Answers and kept columns as the values of a row: their names, and what a cell holds."""

import json

INPUT, PROBABILITIES = "input", "probabilities"


def titles(widths, class_names):
    """Every name that the columns of a CSV may have: name of an answer -> names of its columns.

    Args:
      widths: name of an answer -> how many values it has an example; None: one.
      class_names: in the order of the probabilities; empty: not known.
    """
    names = {INPUT: [INPUT]}
    for name, width in widths.items():
        names[name] = [name] if width is None else [f"{name}_{i}" for i in range(width)]
        if name == PROBABILITIES and width and width == len(class_names):
            names[name] = [f"probability_{c}" for c in class_names]
    return names


def flat_columns(answers, class_names):
    """name of a column -> array [n], for answers name -> array [n, ...]."""
    flat = {name: values.reshape(len(values), -1) for name, values in answers.items()}
    widths = {name: v.shape[1] if answers[name].ndim > 1 else None for name, v in flat.items()}
    headers = titles(widths, class_names)
    return {
        title: values[:, i]
        for name, values in flat.items()
        for i, title in enumerate(headers[name])
    }


def cell(value):
    """A value of a kept column where a cell is one number or text."""
    if isinstance(value, (list, dict)):
        return json.dumps(value, default=str)
    return "" if value is None else value


def plain(values):
    """Nested lists of Python numbers and strings; TensorFlow's strings are bytes."""
    if values.dtype == object:
        return [
            v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values.tolist()
        ]
    return values.tolist()

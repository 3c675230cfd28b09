"""--model=auto: a solid default model for each kind of data."""

from tfapp.spec import IMAGES, LANGUAGE, TABLE, TEXTS, VECTORS, kind_of_data

_OTHERS = {  # kind of data -> (model, reason); images follow their size
    LANGUAGE: ("gpt", "the label is the next token"),
    TEXTS: ("text_ensemble", "one text"),
    VECTORS: ("mlp", "vectors of numbers"),
    TABLE: ("tabm", "columns of a table"),
}
_SMALL = 16  # pixels a side; smaller images are treated as vectors
_LARGE = 64  # pixels a side; larger images are photographs, downsampled by the first layers
_MANY = 20_000  # photographs that a larger network is worth, where a GPU trains it
# What auto chose in runs that do not say what it chose.
_BEFORE = {
    "tabm": "tabular",
    "convnet": "cnn",
    "resnet18": "smallcnn",
    "gpt": "causal_transformer",
    "text_ensemble": "text_encoder",
}


def choose_model(inputs, label, examples, *, on_gpu=False, unrecorded=False):
    """Chooses a model for the data.

    Args:
      inputs: an `InputSpec` for each feature.
      label: a `LabelSpec`.
      examples: number of them in train.
      on_gpu: whether a GPU trains it.
      unrecorded: whether it is for a run that began when the choice was not yet written down; what
        was chosen then is chosen again.

    Returns:
      (registered name, the reason in a few words).
    """
    kind = kind_of_data(inputs, label)
    name, reason = _of_images(inputs, examples, on_gpu) if kind == IMAGES else _OTHERS[kind]
    if unrecorded and name in _BEFORE:
        return _BEFORE[name], f"{reason}, as when the run began"
    return name, reason


def _of_images(inputs, examples, on_gpu):
    side = min(min(spec.shape[:2]) for spec in inputs)
    if side < _SMALL:
        return "mlp", f"images of less than {_SMALL} pixels a side"
    if side <= _LARGE:
        return "convnet", f"images of up to {_LARGE} pixels a side"
    if on_gpu and examples >= _MANY:
        return "resnet18", f"{_MANY:,} or more images of more than {_LARGE} pixels a side, a GPU"
    return "smallcnn", f"images of more than {_LARGE} pixels a side"

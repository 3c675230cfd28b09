"""The model, and the task that it learns."""

import dataclasses

from tfapp.config_fields import in_group

_flag = in_group("Model")


@dataclasses.dataclass(frozen=True)
class Model:
    """Fields of `tfapp.config.Config`."""

    # fmt: off
    model: str = _flag("auto",
        "{names}, keras:NAME of keras.applications, or your own package.module:Name or "
        "FILE.py:Name (a class, a function, a built model); auto: by the data", identity=True)
    model_arg: tuple[str, ...] = _flag((),
        "name=value for the model's constructor (repeatable)", identity=True, repeated=True)
    task: str = _flag("auto",
        "{names}, or package.module:Class; auto: by the label (docs/tasks.md)", identity=True)
    quantiles: tuple[str, ...] = _flag((),
        "those that quantile_regression learns; by default 0.05,0.5,0.95", identity=True)
    loss: str = _flag("auto",
        "sparse_categorical_crossentropy, binary_crossentropy, mean_squared_error or pinball_loss; "
        "auto: the task's own", identity=True)
    # fmt: on

"""What a finished run returns."""

import dataclasses

import keras


@dataclasses.dataclass(frozen=True)
class Result:
    """What `tfapp.run` returns."""

    status: str  # "done"
    steps: int  # optimizer steps done
    metrics: dict  # split -> metric -> value
    model_dir: str
    export_dir: str | None  # the exported SavedModel; None if nothing was exported
    model: keras.Model  # trained
    summary: dict  # what summary.json holds

"""What a finished run returns."""

import dataclasses

import keras

from tfapp.experiment.answer import answer


@dataclasses.dataclass(frozen=True, repr=False)
class Result:
    """What `tfapp.run` returns; `print(result)` shows what the command line prints at the end."""

    status: str  # "done"
    steps: int  # optimizer steps done
    metrics: dict  # split ("train", "validation", "test") -> metric -> value
    model_dir: str | None  # the run's folder; None after a dry run, which keeps nothing
    export_dir: str | None  # the exported SavedModel; None if nothing was exported
    model: keras.Model  # trained, with the weights that were evaluated
    summary: dict  # what summary.json holds

    @property
    def best_step(self):
        """The step with the best validation result; None if validation was never measured."""
        return self.summary["best"]["step"]

    def __str__(self):
        return answer(self)

    def __repr__(self):
        return (
            f"Result(status={self.status!r}, steps={self.steps}, model_dir={self.model_dir!r}, "
            f"export_dir={self.export_dir!r})"
        )

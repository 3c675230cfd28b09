"""What a run decided about its data when it began, which later starts and evaluations keep."""

import dataclasses

from tfapp.spec import KIND_OF_TASK


@dataclasses.dataclass(frozen=True)
class Settled:
    """Decisions that are inferred from data, and would be inferred otherwise from other data."""

    kinds: dict[str, str]  # name of a feature -> its kind, as in `FeatureSpec`
    label_kind: str  # as in `LabelSpec`

    @property
    def task(self):
        """What --task=auto stood for."""
        return next(task for task, kind in KIND_OF_TASK.items() if kind == self.label_kind)

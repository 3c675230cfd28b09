"""What a run decided about its data when it began, which later starts and evaluations keep."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Settled:
    """Decisions that are inferred from data, and would be inferred otherwise from other data."""

    kinds: dict[str, str]  # name of a feature -> its kind, as in `FeatureSpec`
    real: bool  # whether the label is a real value

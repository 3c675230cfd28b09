"""What a run writes, and how often."""

import dataclasses

from tfapp.config_fields import STEPS, in_group

_flag = in_group("Saving")


@dataclasses.dataclass(frozen=True)
class Saving:
    """Fields of `tfapp.config.Config`."""

    # fmt: off
    log_every: str = _flag("100",
        "duration between two training lines of metrics.jsonl (100, 1e, 5%)", units=STEPS, above=0)
    evaluate_every: str = _flag("auto",
        "duration between two evaluations on validation; auto: by the length of the run",
        units=STEPS, words=("auto",), above=0)
    checkpoint_every: str = _flag("500",
        "duration between two checkpoints (500, 60s, 1e)", units=(*STEPS, "seconds"), above=0)
    keep: int = _flag(3,
        "how many of the latest checkpoints stay, in addition to the best one", above=0)
    writers: tuple[str, ...] = _flag(("jsonl", "tensorboard"),
        "where metrics are written, a list of {names}, or your own package.module:Class; "
        "metrics.jsonl is always written")
    export: tuple[str, ...] = _flag(("savedmodel",),
        "list of formats: {names}, or your own package.module:Class; none: no export")
    export_precision: str = _flag("auto",
        "what the exported SavedModel computes in, and keeps its large weights in; auto: what the "
        "run was evaluated in, with weights in float32, or packed as --quantize has them; formats "
        "other than savedmodel are float32",
        choices=("auto", "float32", "bfloat16", "float16"))
    max_accuracy_drop: float = _flag(0.01,
        "with --mode=export: how much worse than the trained model a format may be on test to be "
        "published, in accuracy, or as a share of the loss where the task has none",
        least=0, resolved=False)
    export_keep: int = _flag(0,
        "how many exported versions stay, the newest ones; 0: all", least=0)
    # fmt: on

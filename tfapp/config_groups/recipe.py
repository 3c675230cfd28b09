"""How the model is trained: how long, in what batches, how fast, and which weights count."""

import dataclasses

from tfapp.config_fields import STEPS, in_group

_flag = in_group("Recipe")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Fields of `tfapp.config.Config`."""

    # fmt: off
    epochs: int | str = _flag("auto",
        "passes over the training split; auto: by its size, see docs/recipes.md",
        identity_unless=("schedule", "constant"), number=int, words=("auto",), above=0)
    steps: int = _flag(0, "optimizer steps, instead of --epochs; 0: as many as --epochs takes",
        identity_unless=("schedule", "constant"), least=0)
    time_budget: str = _flag("",
        "time for the whole command (90s, 10m, 2h), instead of --epochs: as many steps as fit, the "
        "schedule finished, evaluation and export included; empty: no limit", identity=True,
        units=("seconds",), words=("",), above=0)
    batch_size: int | str = _flag("auto",
        "examples a step, over all replicas; auto: by the size of the data",
        identity=True, number=int, words=("auto",), above=0)
    learning_rate: float | str = _flag("auto",
        "step size of the optimizer, at the schedule's peak; auto: by kind and size of the data; "
        "find: by a range test before training",
        identity=True, number=float, words=("auto", "find"), above=0)
    optimizer: str = _flag("auto",
        "a Keras optimizer by name (adam, sgd, adamw, lion, ...), lars, or your own "
        "package.module:Class; auto: by the kind of data", identity=True)
    optimizer_arg: tuple[str, ...] = _flag((),
        "name=value for the optimizer (momentum=0.9; repeatable)", identity=True, repeated=True)
    schedule: str = _flag("auto",
        "how the learning rate changes from the end of the warm-up to the last step; auto: by the "
        "kind of data",
        choices=("auto", "constant", "linear", "cosine", "polynomial", "exponential", "step",
        "one_cycle"), identity=True)
    schedule_arg: tuple[str, ...] = _flag((),
        "name=value for the schedule (repeatable): end, power, at, factor, start, up; shares of "
        "the peak rate and of the run", identity=True, repeated=True)
    warmup_steps: str = _flag("auto",
        "duration in which the rate rises from 0 to --learning_rate (500, 1e, 5%); 0: none; auto: "
        "by the kind of data", identity=True, units=STEPS, words=("auto",))
    weight_decay: float | str = _flag("auto",
        "decoupled weight decay, times the learning rate at each step; 0: none; auto: by kind and "
        "size of the data", identity=True, number=float, words=("auto",), least=0)
    decay_all: bool = _flag(False, "weight decay on biases and normalisation too", identity=True)
    clip_norm: float | str = _flag("auto",
        "largest global norm of the gradient, after its reduction; 0: no clipping; auto: by kind "
        "of data", identity=True, number=float, words=("auto",), least=0)
    accumulate: int = _flag(1,
        "micro-batches a step, to save memory; --batch_size is that of the step",
        identity=True, above=0)
    remat: bool = _flag(False,
        "keep no activations inside the model's blocks, compute them again: less memory, about a "
        "third more arithmetic")
    ema: float = _flag(0.0,
        "decay of the EMA weights (a moving average), which are evaluated and exported; 0: none",
        identity=True, least=0, below=1)
    label_smoothing: float | str = _flag("auto",
        "share of the target that is spread over all classes; 0: none; auto: by the kind of data",
        identity=True, number=float, words=("auto",), least=0, below=1)
    class_weight: tuple[str, ...] = _flag((),
        "CLASS:WEIGHT,... for the training loss, or balanced; by default 1", identity=True)
    target_transform: str = _flag("auto", "log: learn a quantity's logarithm; auto: if its tail "
        "is heavy, see docs/tables.md", choices=("auto", "none", "log"), identity=True)
    nan_policy: str = _flag("stop",
        "when the loss is NaN or infinite: stop (exit code 4), skip the update, or restore the "
        "last checkpoint and leave the batch out", choices=("stop", "skip", "restore"))
    early_stopping: int | str = _flag("auto",
        "stop after so many evaluations without improvement; 0: never; auto: by the size of the "
        "data", number=int, words=("auto",), least=0)
    monitor: str = _flag("auto",
        "validation metric that decides which step is best; auto: the loss; task: what the task is "
        "usually judged by")
    export_weights: str = _flag("auto",
        "weights that are evaluated and exported: the best step's by --monitor, or the last; auto: "
        "the best, or the last if validation cannot tell them apart; early_stopping: the best with "
        "it", choices=("auto", "best", "last", "early_stopping"))
    calibrate: bool = _flag(True,
        "divide logits by a temperature, or move quantiles, as validation asks for, where it helps")
    threshold: str = _flag("0.5", "probability from which the second of two classes is answered; "
        "f1 or balanced_accuracy: the best on validation; or cost:FP:FN")
    # fmt: on

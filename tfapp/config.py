"""The configuration of a run: every default, and every check that needs no data.

A field's name is its flag's name. `IDENTITY` lists the fields that decide what is computed: a run
folder belongs to one value of them, whereas the others may change when a run is continued.
"""

import dataclasses
import numbers

from tfapp.durations import parse_duration
from tfapp.errors import UsageError
from tfapp.registry import suggest

MODES = ("train", "eval", "predict", "benchmark", "inspect", "doctor")
CHOICES = {
    "mode": MODES,
    "resume": ("auto", "never", "must"),
    "strategy": ("auto", "one", "mirrored"),
    "engine": ("auto", "resident", "stream"),
    "precision": ("auto", "float32", "bfloat16", "float16"),
    "nan_policy": ("stop", "skip", "restore"),
    "schedule": ("constant", "linear", "cosine", "polynomial", "exponential", "step", "one_cycle"),
    "xla": ("auto", "loop", "step", "gradients", "update", "off"),
    "text_unit": ("auto", "characters", "subwords"),
    "unknown_category": ("stop", "accept"),
    "split": ("train", "validation", "test"),
}
IDENTITY = (
    "dataset", "label", "features", "feature_kind", "weight_column", "group_column",
    "unknown_category", "text_length", "text_unit", "vocabulary_size",
    "validation_split", "image_size", "augment",
    "model", "model_arg", "task", "loss",
    "batch_size", "learning_rate", "optimizer", "optimizer_arg", "schedule", "schedule_arg",
    "warmup_steps", "weight_decay", "decay_all", "clip_norm", "accumulate", "ema",
    "label_smoothing", "class_weight", "precision", "deterministic", "seed",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Config:
    """All settings of one run. Raises UsageError for a value that cannot work."""

    mode: str = "train"  # one of MODES
    model_dir: str = ""  # the run's folder; empty: a new runs/DATASET-MODEL-N
    resume: str = "auto"  # auto: continue what is there; never: refuse; must: demand it
    seed: int = 0  # of initial weights, order, splits and dropout; 0 is a seed like any other
    dry_run: bool = False  # two steps of everything in a temporary folder, nothing kept
    only_check_args: bool = False  # stop after the checks
    json: bool = False  # modes that print a table print JSON instead

    dataset: str = "digits"  # a name, or kind:where
    data_dir: str = ""  # TFDS folder; empty: TFDS's own default
    manual_dir: str = ""  # folder of files fetched by hand; empty: none
    offline: bool = False  # never use the network
    label: str = ""  # name of what to learn; empty: the source's own label
    features: tuple[str, ...] = ()  # columns or fields to learn from; empty: all but the label
    feature_kind: tuple[str, ...] = ()  # COLUMN:KIND pairs; empty: kinds are inferred
    weight_column: str = ""  # column of a table with the examples' weights in training; empty: none
    group_column: str = ""  # column whose groups stay in one split; empty: none
    unknown_category: str = "stop"  # at a category that train does not have
    text_length: int = 0  # tokens of a text or window; 0: from the data
    text_unit: str = "auto"  # what a token is
    vocabulary_size: int = 4096  # most word pieces of a text's vocabulary
    image_size: str = ""  # pixels, SIDE or HEIGHTxWIDTH; empty: as the files suggest
    augment: tuple[str, ...] = ()  # names, each with an optional :VALUE, in this order; empty: none
    max_bad_examples: str = "0"  # a number, or a percentage of all examples; 0: stop at the first
    validation_split: float = 0.1  # fraction of the examples carved for a split that is missing

    model: str = "auto"  # registered name, or package.module:Class; auto: by the kind of data
    model_arg: tuple[str, ...] = ()  # name=value pairs for the model's constructor
    task: str = "auto"  # registered name; auto: from the label
    loss: str = "auto"  # registered name; auto: the task's own

    epochs: int = 50  # passes over the training split; ignored where steps is given
    steps: int = 0  # optimizer steps; 0: as many as epochs says
    batch_size: int = 32  # examples a step, over all replicas
    learning_rate: float = 1e-3  # peak
    optimizer: str = "adam"  # Keras optimizer by name, or lars
    optimizer_arg: tuple[str, ...] = ()  # name=value pairs for its constructor
    schedule: str = "constant"  # of the learning rate, from the end of the warm-up to the last step
    schedule_arg: tuple[str, ...] = ()  # name=value pairs
    warmup_steps: str = "0"  # duration in which the rate rises from 0 to learning_rate; 0: none
    weight_decay: float = 0.0  # decoupled, times the learning rate at each step; 0: none
    decay_all: bool = False  # weight decay on biases and normalisation too
    clip_norm: float = 0.0  # largest global norm of the reduced gradient; 0: no clipping
    accumulate: int = 1  # micro-batches a step, to save memory; batch_size is that of the step
    remat: bool = False  # compute activations again in the backward pass, to save memory
    ema: float = 0.0  # decay of the weights' moving average that is evaluated and exported; 0: none
    label_smoothing: float = 0.0  # share of the target spread over all classes; 0: none
    class_weight: tuple[str, ...] = ()  # CLASS:WEIGHT pairs, or ("balanced",); empty: all 1
    nan_policy: str = "stop"  # what to do when the loss is NaN or infinite
    early_stopping: int = 0  # evaluations without improvement before the end; 0: never
    monitor: str = "auto"  # metric of validation that decides which step is best

    strategy: str = "auto"  # one device, or all GPUs mirrored
    logical_devices: int = 0  # split the CPU into so many devices; 0: leave it whole
    engine: str = "auto"  # where the data lives
    xla: str = "auto"  # what is compiled by XLA
    precision: str = "auto"  # of activations and products; weights are float32 always
    deterministic: bool = False  # the same bits again on the same machine
    steps_per_loop: str = "auto"  # steps between two returns to the host: a number, or auto
    require_gpu: bool = False  # stop unless TensorFlow sees a GPU

    log_every: str = "100"  # duration between two training lines of metrics.jsonl
    evaluate_every: str = "1e"  # duration between two evaluations on validation
    checkpoint_every: str = "500"  # duration between two checkpoints
    keep: int = 3  # how many of the latest checkpoints stay; the best one stays besides

    export: tuple[str, ...] = ("savedmodel",)  # formats; ("none",): no export
    split: str = "test"  # what --mode=eval evaluates on
    input: str = ""  # what --mode=predict reads
    output: str = ""  # what --mode=predict writes, or the contact sheet of inspect

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = _converted(field.name, getattr(self, field.name), type(field.default))
            object.__setattr__(self, field.name, value)
        if self.dataset == "digits" and self.model == "auto":
            object.__setattr__(self, "model", "mlp")  # the seed network
        for name, choices in CHOICES.items():
            value = getattr(self, name)
            if value not in choices:
                raise UsageError(
                    f"--{name}={value}: unknown{suggest(str(value), choices)} "
                    f"(one of {', '.join(choices)})"
                )
        self._check_numbers()
        self._check_durations()
        self._check_lists()
        self._check_mode()

    def _check_numbers(self):
        positive = (
            "vocabulary_size",
            "batch_size",
            "learning_rate",
            "keep",
            "epochs",
            "accumulate",
        )
        for name in positive:
            if not getattr(self, name) > 0:
                raise UsageError(f"--{name}={getattr(self, name)}: must be above 0")
        for name in (
            "text_length",
            "steps",
            "early_stopping",
            "logical_devices",
            "weight_decay",
            "clip_norm",
        ):
            if getattr(self, name) < 0:
                raise UsageError(f"--{name}={getattr(self, name)}: must be 0 or more")
        if self.learning_rate == float("inf"):
            raise UsageError(f"--learning_rate={self.learning_rate}: must be finite")
        if not 0 < self.validation_split < 1:
            raise UsageError(
                f"--validation_split={self.validation_split}: must lie between 0 and 1"
            )
        for name in ("ema", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"--{name}={getattr(self, name)}: must be at least 0 and below 1")
        if not 0 <= self.seed < 2**31:
            raise UsageError(f"--seed={self.seed}: must lie between 0 and {2**31 - 1}")

    def _check_durations(self):
        units = ("steps", "epochs", "percent", "examples")
        for name in ("log_every", "evaluate_every"):
            parse_duration(getattr(self, name), name, units)
        parse_duration(self.checkpoint_every, "checkpoint_every")
        parse_duration(self.warmup_steps, "warmup_steps", units)
        for name in ("log_every", "evaluate_every", "checkpoint_every"):
            if parse_duration(getattr(self, name), name).value == 0:
                raise UsageError(f"--{name}={getattr(self, name)}: must be above 0")
        if self.steps_per_loop != "auto" and not (
            self.steps_per_loop.isdigit() and int(self.steps_per_loop) > 0
        ):
            raise UsageError(f"--steps_per_loop={self.steps_per_loop}: a number above 0, or auto")

        bad = self.max_bad_examples
        if not (bad.isdigit() or _is_percentage(bad)):
            raise UsageError(f"--max_bad_examples={bad}: write it as 10, or as 1% of all examples")

    def _check_lists(self):
        for name in ("model_arg", "optimizer_arg", "schedule_arg"):
            for pair in getattr(self, name):
                if "=" not in pair:
                    raise UsageError(f"--{name}={pair}: write it as name=value")
        for pair in self.feature_kind:
            if ":" not in pair:
                raise UsageError(f"--feature_kind={pair}: write it as COLUMN:KIND")
        for pair in self.class_weight:
            if ":" not in pair and self.class_weight != ("balanced",):
                raise UsageError(f"--class_weight={pair}: write it as CLASS:WEIGHT, or balanced")
        known = ("savedmodel", "none")
        for name in self.export:
            if name not in known:
                raise UsageError(
                    f"--export={name}: unknown{suggest(name, known)} (one of {', '.join(known)})"
                )
        if "none" in self.export and len(self.export) > 1:
            raise UsageError(f"--export={','.join(self.export)}: none excludes every other format")

    def _check_mode(self):
        if self.mode in ("eval", "predict") and not self.model_dir:
            raise UsageError(f"--mode={self.mode} needs --model_dir, the folder of a finished run")
        for name in ("input", "output"):
            given = bool(getattr(self, name))
            if name == "output" and self.mode == "inspect":
                continue  # the contact sheet's; without it, its name follows from the data set's
            if given != (self.mode == "predict"):
                verb = "belongs to" if given else "is needed with"
                raise UsageError(f"--{name} {verb} --mode=predict")
        if self.strategy == "one" and self.logical_devices > 1:
            raise UsageError(
                f"--strategy=one contradicts --logical_devices={self.logical_devices}: "
                "drop one of them"
            )
        if self.engine == "stream" and self.xla == "loop":
            raise UsageError(
                "--engine=stream contradicts --xla=loop: the host feeds every step; use --xla=step"
            )
        if self.resume == "must" and not self.model_dir:
            raise UsageError("--resume=must needs --model_dir, the folder to continue")

    def identity(self):
        """The fields a run folder is bound to, as a dict."""
        names = IDENTITY if self.schedule == "constant" else (*IDENTITY, "epochs", "steps")
        return {name: getattr(self, name) for name in names}


def _is_percentage(text):
    number = text.removesuffix("%")
    return text.endswith("%") and number.replace(".", "", 1).isdigit() and float(number) <= 100


def _converted(name, value, kind):
    """`value` as `kind`, where nothing is lost. From Python a field may be given anything."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if isinstance(value, kind) and (number or kind not in (int, float)):
        return value
    if kind is tuple and isinstance(value, list):
        return tuple(value)
    if number and (kind in (float, str) or (kind is int and isinstance(value, numbers.Integral))):
        return kind(value)
    raise UsageError(f"--{name}={value!r}: must be of type {kind.__name__}")

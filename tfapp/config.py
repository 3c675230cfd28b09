"""The configuration of a run: every default, with what --help says of it and what it may be.

A field's name is its flag's name. Fields with `identity` decide what is computed: a run's folder is
bound to their values, whereas the others may change when a run is continued.
"""

import dataclasses

from tfapp import config_checks, given
from tfapp.config_fields import STEPS, flags_of, in_group
from tfapp.seed_recipe import AUTO, SEED
from tfapp.spec import DIGITS

_run = in_group("Run")
_data = in_group("Data")
_model = in_group("Model")
_recipe = in_group("Recipe")
_hardware = in_group("Hardware")
_saving = in_group("Saving")
_answers = in_group("Evaluation and prediction")


@dataclasses.dataclass(frozen=True)
class Config:
    """All settings of one run, by the names of the flags of the command line.

    From Python `dataset` may also be a pandas or Polars DataFrame, a `pyarrow.Table`, a dict of
    arrays, (x, y) arrays, a dict of these by split, or a function that returns such a dict; and
    `model` a `keras.Model`, or a class or function that makes one.

    Raises:
      UsageError: an unknown name, or a value that cannot work.
    """

    # fmt: off
    mode: str = _run("train",
        "train (then evaluate and export), eval or predict with a finished run, benchmark (how "
        "fast this configuration trains here), inspect (what the data set holds) or doctor (what "
        "is wrong with this machine)",
        choices=("train", "eval", "predict", "benchmark", "inspect", "doctor"), resolved=False)
    model_dir: str = _run("",
        "the run's folder; by default a new runs/DATASET-MODEL-N", resolved=False)
    resume: str = _run("auto",
        "auto continues what is in the folder, never refuses to, must demands it",
        choices=("auto", "never", "must"), resolved=False)
    accept_changed_data: bool = _run(False,
        "continue a run although its data set is not the one that it began with", resolved=False)
    seed: int = _run(0,
        "seed of initial weights, order, splits and dropout",
        identity=True, least=0, most=2**31 - 1)
    dry_run: bool = _run(False, "run two steps of everything, keep nothing", resolved=False)
    only_check_args: bool = _run(False, "check everything, run nothing", resolved=False)
    json: bool = _run(False,
        "print the answer of benchmark, inspect or doctor as one JSON object", resolved=False)

    dataset: str = _data(DIGITS,
        "digits, a TFDS name (mnist, tfds:mnist:3.0.1), folder:DIR (images, one folder a class), "
        "csv:FILE, parquet:FILE, jsonl:FILE, text:FILE, tfrecord:FILE, npz:FILE, "
        "synthetic:28x28x1[:CLASSES[:EXAMPLES]], or your own package.module:name; a FILE may be a "
        "pattern or a folder; a path alone will do where its ending shows the kind", identity=True)
    data_dir: str = _data("", "TFDS folder; by default TFDS's own")
    manual_dir: str = _data("", "folder with the files of a TFDS data set fetched by hand")
    offline: bool = _data(False, "never use the network")
    label: str = _data("",
        "what to learn, or columns a,b,c; by default the data set's own label", identity=True)
    features: tuple[str, ...] = _data((),
        "columns of a table, or fields of records, to learn from; by default all but the label",
        identity=True)
    feature_kind: tuple[str, ...] = _data((), "COLUMN:KIND,... where the kind inferred is wrong: "
        "numeric, boolean, code, category, text, ignored, date, or date_dmy, date_mdy or date_ymd "
        "for what comes first in 01/02/03", identity=True)
    csv_delimiter: str = _data("auto",
        "between fields of a CSV: comma, semicolon, tab, pipe, space or any one character; auto, "
        "as for all --csv_ flags: as its first file shows", identity=True)
    csv_encoding: str = _data("auto",
        "of a CSV's characters, as Python calls it: utf-8, utf-16, cp1252, ...", identity=True)
    csv_quote: str = _data("auto",
        "around fields of a CSV that hold its delimiter",
        choices=("auto", "double", "single", "none"), identity=True)
    csv_decimal: str = _data("auto",
        "decimal mark of the numbers in a CSV, where it is not clear from a column: the 1,234 of "
        "some columns is 1234 with a point", choices=("auto", "point", "comma"), identity=True)
    csv_header: str = _data("auto",
        "whether the first row of a CSV names its columns; else they are column_1, column_2, ...",
        choices=("auto", "true", "false"), identity=True)
    missing_values: tuple[str, ...] = _data((),
        "list of what stands for a missing value in a CSV, apart from an empty field and, among "
        "numbers, NA, NaN, null, none, missing, ?, - and the like", identity=True)
    weight_column: str = _data("",
        "column of a table with the weights of its examples in training; by default all weigh 1",
        identity=True)
    group_column: str = _data("",
        "column of a table whose groups must not straddle splits, such as a patient's number",
        identity=True)
    drop_missing_labels: bool = _data(False,
        "leave out the rows of a table that have no label, and say how many; by default they are "
        "bad examples")
    unknown_category: str = _data("stop",
        "at a category of validation or test files that is not in train: stop, or accept it as "
        "unknown", choices=("stop", "accept"), identity=True)
    text_length: int = _data(0,
        "tokens of a text, or of a window of a long one; 0: from the data", identity=True, least=0)
    text_unit: str = _data("auto",
        "what texts are cut into; auto: characters for text:FILE, else subwords",
        choices=("auto", "characters", "subwords"), identity=True)
    vocabulary_size: int = _data(4096,
        "largest number of word pieces in the vocabulary of texts", identity=True, above=0)
    image_size: str = _data("",
        "SIDE or HEIGHTxWIDTH in pixels to which images are resized, their aspect kept, and then "
        "cropped at the centre; by default as the files suggest", identity=True)
    flatten: bool = _data(False, "give the model all features of an example as one vector, "
        "categories one-hot", identity=True)
    augment: tuple[str, ...] = _data(("auto",),
        "random changes of training examples, in this order, each NAME or NAME:VALUE: flip, crop, "
        "random_resized_crop, colour, randaugment, trivialaugment, cutout, mixup, cutmix (images), "
        "token_dropout (texts), noise (numbers); none; auto: what suits the data", identity=True)
    max_bad_examples: str = _data("0",
        "how many examples that cannot be used are skipped and listed in bad_examples.jsonl, as a "
        "number or a percentage (1%); 0: stop at the first")
    validation_split: float = _data(0.1,
        "fraction of the examples held out for a split that the data set lacks",
        identity=True, above=0, below=1)

    model: str = _model("auto",
        "{names}, keras:NAME of keras.applications, or your own package.module:Name or "
        "FILE.py:Name (a class, a function, a built model); auto: by the data", identity=True)
    model_arg: tuple[str, ...] = _model((),
        "name=value for the model's constructor (repeatable)", identity=True, repeated=True)
    task: str = _model("auto",
        "{names}, or package.module:Class; auto: by the label (docs/tasks.md)", identity=True)
    quantiles: tuple[str, ...] = _model((),
        "those that quantile_regression learns; by default 0.05,0.5,0.95", identity=True)
    loss: str = _model("auto",
        "sparse_categorical_crossentropy, binary_crossentropy, mean_squared_error or pinball_loss; "
        "auto: the task's own", identity=True)

    epochs: int | str = _recipe("auto",
        "passes over the training split; auto: by its size, see docs/recipes.md",
        identity_unless=("schedule", "constant"), number=int, words=("auto",), above=0)
    steps: int = _recipe(0, "optimizer steps, instead of --epochs; 0: as many as --epochs takes",
        identity_unless=("schedule", "constant"), least=0)
    time_budget: str = _recipe("",
        "time for the whole command (90s, 10m, 2h), instead of --epochs: as many steps as fit, the "
        "schedule finished, evaluation and export included; empty: no limit", identity=True,
        units=("seconds",), words=("",), above=0)
    batch_size: int | str = _recipe("auto",
        "examples a step, over all replicas; auto: by the size of the data",
        identity=True, number=int, words=("auto",), above=0)
    learning_rate: float | str = _recipe("auto",
        "step size of the optimizer, at the schedule's peak; auto: by kind and size of the data; "
        "find: by a range test before training",
        identity=True, number=float, words=("auto", "find"), above=0)
    optimizer: str = _recipe("auto",
        "a Keras optimizer by name (adam, sgd, adamw, lion, ...), lars, or your own "
        "package.module:Class; auto: by the kind of data", identity=True)
    optimizer_arg: tuple[str, ...] = _recipe((),
        "name=value for the optimizer (momentum=0.9; repeatable)", identity=True, repeated=True)
    schedule: str = _recipe("auto",
        "how the learning rate changes from the end of the warm-up to the last step; auto: by the "
        "kind of data",
        choices=("auto", "constant", "linear", "cosine", "polynomial", "exponential", "step",
        "one_cycle"), identity=True)
    schedule_arg: tuple[str, ...] = _recipe((),
        "name=value for the schedule (repeatable): end, power, at, factor, start, up; shares of "
        "the peak rate and of the run", identity=True, repeated=True)
    warmup_steps: str = _recipe("auto",
        "duration in which the rate rises from 0 to --learning_rate (500, 1e, 5%); 0: none; auto: "
        "by the kind of data", identity=True, units=STEPS, words=("auto",))
    weight_decay: float | str = _recipe("auto",
        "decoupled weight decay, times the learning rate at each step; 0: none; auto: by kind and "
        "size of the data", identity=True, number=float, words=("auto",), least=0)
    decay_all: bool = _recipe(False, "weight decay on biases and normalisation too", identity=True)
    clip_norm: float | str = _recipe("auto",
        "largest global norm of the gradient, after its reduction; 0: no clipping; auto: by kind "
        "of data", identity=True, number=float, words=("auto",), least=0)
    accumulate: int = _recipe(1,
        "micro-batches a step, to save memory; --batch_size is that of the step",
        identity=True, above=0)
    remat: bool = _recipe(False,
        "keep no activations inside the model's blocks, compute them again: less memory, about a "
        "third more arithmetic")
    ema: float = _recipe(0.0,
        "decay of the EMA weights (a moving average), which are evaluated and exported; 0: none",
        identity=True, least=0, below=1)
    label_smoothing: float | str = _recipe("auto",
        "share of the target that is spread over all classes; 0: none; auto: by the kind of data",
        identity=True, number=float, words=("auto",), least=0, below=1)
    class_weight: tuple[str, ...] = _recipe((),
        "CLASS:WEIGHT,... for the training loss, or balanced; by default 1", identity=True)
    target_transform: str = _recipe("auto", "log: learn a quantity's logarithm; auto: if its tail "
        "is heavy, see docs/tables.md", choices=("auto", "none", "log"), identity=True)
    nan_policy: str = _recipe("stop",
        "when the loss is NaN or infinite: stop (exit code 4), skip the update, or restore the "
        "last checkpoint and leave the batch out", choices=("stop", "skip", "restore"))
    early_stopping: int | str = _recipe("auto",
        "stop after so many evaluations without improvement; 0: never; auto: by the size of the "
        "data", number=int, words=("auto",), least=0)
    monitor: str = _recipe("auto",
        "validation metric that decides which step is best; auto: the loss; task: what the task is "
        "usually judged by")
    export_weights: str = _recipe("auto",
        "weights that are evaluated and exported: the best step's by --monitor, or the last; auto: "
        "the best, or the last if validation cannot tell them apart; early_stopping: the best with "
        "it", choices=("auto", "best", "last", "early_stopping"))
    calibrate: bool = _recipe(True,
        "divide logits by a temperature, or move quantiles, as validation asks for, where it helps")
    threshold: str = _recipe("0.5", "probability from which the second of two classes is answered; "
        "f1 or balanced_accuracy: the best on validation; or cost:FP:FN")

    strategy: str = _hardware("auto",
        "one device, or mirrored over all GPUs; auto: mirrored if there are several",
        choices=("auto", "one", "mirrored"))
    logical_devices: int = _hardware(0,
        "split the CPU into so many devices, to try several replicas without GPUs; 0: leave it "
        "whole", least=0)
    engine: str = _hardware("auto",
        "resident keeps the data on the device, stream feeds it from the host; auto: resident "
        "where it fits", choices=("auto", "resident", "stream"))
    xla: str = _hardware("auto",
        "what XLA compiles: the loop of steps, each step, each replica's gradients and update, the "
        "update alone, or nothing (off)",
        choices=("auto", "loop", "step", "gradients", "update", "off"))
    precision: str = _hardware("auto",
        "of activations and products (weights are always float32); auto: float32, or bfloat16 "
        "where it is measured to gain at least 1.3x",
        choices=("auto", "float32", "bfloat16", "float16"), identity=True)
    deterministic: bool = _hardware(False, "the same bits again on the same machine", identity=True)
    steps_per_loop: str = _hardware("auto",
        "steps between two returns to the host; auto: from the step's time")
    require_gpu: bool = _hardware(False, "stop at once (exit code 5) when TensorFlow sees no GPU")

    log_every: str = _saving("100",
        "duration between two training lines of metrics.jsonl (100, 1e, 5%)", units=STEPS, above=0)
    evaluate_every: str = _saving("auto",
        "duration between two evaluations on validation; auto: by the length of the run",
        units=STEPS, words=("auto",), above=0)
    checkpoint_every: str = _saving("500",
        "duration between two checkpoints (500, 60s, 1e)", units=(*STEPS, "seconds"), above=0)
    keep: int = _saving(3,
        "how many of the latest checkpoints stay, in addition to the best one", above=0)
    writers: tuple[str, ...] = _saving(("jsonl", "tensorboard"),
        "where metrics are written, a list of {names}, or your own package.module:Class; "
        "metrics.jsonl is always written")
    export: tuple[str, ...] = _saving(("savedmodel",),
        "list of formats: {names}, or your own package.module:Class; none: no export")

    split: str = _answers("test",
        "what --mode=eval evaluates", choices=("train", "validation", "test"), resolved=False)
    eval_batch_size: int = _answers(0,
        "examples an evaluation step, over all replicas; 0: the larger of --batch_size and 256",
        least=0)
    input: str = _answers("",
        "what --mode=predict reads: a table (FILE.csv, .parquet, .jsonl), texts (FILE.txt, one a "
        "line), arrays (FILE.npz), an image, a folder of images, or a FILE.txt that lists images",
        resolved=False)
    output: str = _answers("",
        "what --mode=predict writes: FILE.jsonl, FILE.csv or FILE.npz; the contact sheet FILE.png "
        "of --mode=inspect", resolved=False)
    keep_columns: tuple[str, ...] = _answers((),
        "columns of --input that --mode=predict copies to --output, or all, or none; by default "
        "those that identify a row by their name (id, user_id) and that the model does not take",
        resolved=False)
    # fmt: on

    def __new__(cls, *args, **fields):
        del args
        config_checks.check_known(fields, FLAGS)
        return super().__new__(cls)

    def __post_init__(self):
        object.__setattr__(self, "dataset", given.dataset(self.dataset))
        object.__setattr__(self, "model", given.model(self.model))
        for name, flag in FLAGS.items():
            value = config_checks.converted(name, getattr(self, name), flag)
            config_checks.check_text(name, value)
            object.__setattr__(self, name, value)
        if self.dataset == DIGITS and self.model in ("auto", SEED["model"]):
            for name in (name for name in SEED if getattr(self, name) in AUTO):
                object.__setattr__(self, name, SEED[name])
        for name, flag in FLAGS.items():
            config_checks.check_value(name, getattr(self, name), flag)
        config_checks.check_forms(self)
        config_checks.check_together(self)

    def identity(self):
        """The fields that a run's folder is bound to, as a dict."""
        always = [name for name, flag in FLAGS.items() if flag.identity]
        at_times = [name for name, flag in FLAGS.items() if self._is_bound(flag.identity_unless)]
        values = {name: getattr(self, name) for name in (*always, *at_times)}
        return {name: given.kind_of(value) for name, value in values.items()}

    def resolved(self):
        """The fields that say what is computed, and not where or how, as a dict."""
        return {name: getattr(self, name) for name, flag in FLAGS.items() if flag.resolved}

    def _is_bound(self, unless):
        return bool(unless) and getattr(self, unless[0]) != unless[1]


FLAGS = flags_of(Config)  # name -> `Flag`, in the order of --help

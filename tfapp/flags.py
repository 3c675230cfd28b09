"""Every command-line flag: its group, its meaning, and the way from flags to a Config and back.

Defaults and types come from `Config`. This module imports neither TensorFlow nor absl.flags' global
table, so that `--help` answers at once.
"""

import dataclasses
import os
import textwrap
import typing

from absl import flags as absl_flags

from tfapp.config import CHOICES, Config
from tfapp.errors import UsageError
from tfapp.flag_values import last_of_each
from tfapp.registry import suggest

GROUPS = {
    "Run": {
        "mode": "train (and evaluate, and export), eval or predict on a run's folder, or "
        "benchmark: how fast this configuration trains here, inspect: what the data set holds, or "
        "doctor: what is wrong with this machine",
        "model_dir": "the run's folder; by default a new runs/DATASET-MODEL-N",
        "resume": "auto continues what is in the folder, never refuses to, must demands it",
        "seed": "of initial weights, order, splits and dropout",
        "dry_run": "run two steps of everything, keep nothing",
        "only_check_args": "check everything, run nothing",
        "json": "print the answer of benchmark, inspect or doctor as one JSON object",
    },
    "Data": {
        "dataset": "digits, a TFDS name (mnist, tfds:mnist:3.0.1), folder:DIR (images, one folder "
        "a class), csv:FILE, parquet:FILE, jsonl:FILE, text:FILE, tfrecord:FILE, npz:FILE, "
        "synthetic:28x28x1[:CLASSES[:EXAMPLES]], or your own package.module:name; a FILE may be a "
        "pattern or a folder",
        "data_dir": "TFDS folder; by default TFDS's own",
        "manual_dir": "folder with the files of a TFDS data set that were fetched by hand",
        "offline": "never use the network",
        "label": "what to learn, where the source does not say",
        "features": "columns of a table, or fields of records, to learn from; by default all but "
        "the label",
        "feature_kind": "COLUMN:KIND,... where the kind inferred is not right: numeric, boolean, "
        "category, date or text",
        "weight_column": "column of a table with the weights of its examples in training",
        "group_column": "column of a table whose groups must not straddle splits, such as a "
        "patient's number",
        "unknown_category": "at a category of validation or test files that train lacks: stop, or "
        "accept it as unknown",
        "text_length": "tokens of a text, or of a window of a long one; 0: from the data",
        "text_unit": "what texts are cut into; auto: characters for text:FILE, else subwords",
        "vocabulary_size": "most word pieces of a text's vocabulary",
        "image_size": "what images are brought to, SIDE or HEIGHTxWIDTH: resized, aspect kept, "
        "then cropped at the centre; by default as the files suggest",
        "augment": "list of what is done to training examples at random, each NAME or NAME:VALUE: "
        "flip, crop, random_resized_crop, colour, randaugment, trivialaugment, cutout, mixup, "
        "cutmix (images), token_dropout (texts), noise (numbers)",
        "max_bad_examples": "how many examples that cannot be used are skipped and listed in "
        "bad_examples.jsonl, as a number or a percentage (1%); 0: stop at the first",
        "validation_split": "fraction of the examples carved for a split the data set lacks",
    },
    "Model": {
        "model": "mlp, cnn, smallcnn, resnet20, tabular, text_encoder, causal_transformer, or your "
        "own package.module:Class; auto: by the kind of data",
        "model_arg": "name=value for the model's constructor (repeatable)",
        "task": "classification, regression or language_modelling; auto: from the label",
        "loss": "sparse_categorical_crossentropy or mean_squared_error; auto: the task's own",
    },
    "Recipe": {
        "epochs": "passes over the training split",
        "steps": "optimizer steps, instead of epochs; 0: as --epochs says",
        "batch_size": "examples a step, over all replicas",
        "learning_rate": "step size of the optimizer",
        "optimizer": "a Keras optimizer by name (adam, sgd, adamw, lion, ...), lars, or your own "
        "package.module:Class",
        "optimizer_arg": "name=value for the optimizer (momentum=0.9; repeatable)",
        "schedule": "of the learning rate, from the end of the warm-up to the last step",
        "schedule_arg": "name=value for the schedule (repeatable): end, power, at, factor, start, "
        "up; shares of the peak rate and of the run",
        "warmup_steps": "duration in which the rate rises to --learning_rate (500, 1e, 5%)",
        "weight_decay": "decoupled weight decay, times the learning rate at each step",
        "decay_all": "weight decay on biases and normalisation too",
        "clip_norm": "largest global norm of the gradient, after its reduction; 0: no clipping",
        "accumulate": "micro-batches a step, to save memory; --batch_size is that of the step",
        "remat": "keep no activations inside the model's blocks, compute them again: less memory, "
        "about a third more arithmetic",
        "ema": "decay of a moving average of the weights, which is evaluated and exported; 0: none",
        "label_smoothing": "share of the target that is spread over all classes",
        "class_weight": "CLASS:WEIGHT,... for the training loss, or balanced",
        "nan_policy": "when the loss is NaN or infinite: stop (exit code 4), skip the update, or "
        "restore the last checkpoint and leave the batch out",
        "early_stopping": "stop after so many evaluations without improvement, and keep the best; "
        "0: never",
        "monitor": "validation metric that decides which step is best; auto: the task's first",
    },
    "Hardware": {
        "strategy": "one device, or mirrored over all GPUs; auto: mirrored if there are several",
        "logical_devices": "split the CPU into so many devices, to try several replicas without "
        "GPUs; 0: leave it whole",
        "engine": "resident keeps the data on the device, stream feeds it from the host; auto: "
        "resident where it fits",
        "xla": "what XLA compiles: the loop of steps, each step, each replica's gradients and "
        "update, the update alone, or nothing (off)",
        "precision": "of activations and products (weights are float32 always); auto: float32, "
        "or bfloat16 where it is measured to gain at least 1.3x",
        "deterministic": "the same bits again on the same machine",
        "steps_per_loop": "steps between two returns to the host; auto: from the step's time",
        "require_gpu": "stop at once (exit code 5) when TensorFlow sees no GPU",
    },
    "Saving": {
        "log_every": "duration between two training lines of metrics.jsonl (100, 1e, 5%)",
        "evaluate_every": "duration between two evaluations on validation",
        "checkpoint_every": "duration between two checkpoints (500, 60s, 1e)",
        "keep": "how many of the latest checkpoints stay, besides the best one",
        "export": "comma-separated formats: savedmodel, or none",
    },
    "Evaluation and prediction": {
        "split": "what --mode=eval evaluates: train, validation or test",
        "input": "what --mode=predict reads: a table (FILE.csv, .parquet, .jsonl), texts "
        "(FILE.txt, one a line), arrays (FILE.npz), an image, a folder of images, or a FILE.txt "
        "that lists images",
        "output": "what --mode=predict writes: FILE.jsonl, FILE.csv or FILE.npz; the "
        "contact sheet FILE.png of --mode=inspect",
    },
}
FLAGS_FILE = "flags.txt"  # in a run's folder
HELP_FLAGS = ("--help", "-help", "--helpfull", "--helpshort", "-h")
REPEATED = ("model_arg", "optimizer_arg", "schedule_arg")  # one flag an item, not commas
# Fields that name where and how a process runs rather than what it computes: not in flags.txt.
_NOT_RESOLVED = (
    "mode", "model_dir", "resume", "dry_run", "only_check_args", "json", "input", "output", "split",
)  # fmt: skip


def _types():
    return typing.get_type_hints(Config)


def _defaults():
    return {field.name: field.default for field in dataclasses.fields(Config)}


def _define(values):
    """Defines every flag of GROUPS in the absl.flags.FlagValues `values`."""
    types, defaults = _types(), _defaults()
    for group in GROUPS.values():
        for name, meaning in group.items():
            common = {"flag_values": values}
            default, kind = defaults[name], types[name]
            if kind is bool:
                absl_flags.DEFINE_bool(name, default, meaning, **common)
            elif kind is int:
                absl_flags.DEFINE_integer(name, default, meaning, **common)
            elif kind is float:
                absl_flags.DEFINE_float(name, default, meaning, **common)
            elif kind is str:
                absl_flags.DEFINE_string(name, default, meaning, **common)
            elif name in REPEATED:
                absl_flags.DEFINE_multi_string(name, list(default), meaning, **common)
            else:
                absl_flags.DEFINE_list(name, list(default), meaning, **common)


def parse(argv):
    """Reads `argv` (with the program's name first) into a Config.

    `--flagfile=FILE` is replaced by the flags in the file; later flags override earlier ones.

    With --mode=eval the flags of the run in --model_dir come first: it is evaluated as it was
    trained, but for the flags given.

    Raises:
      UsageError: unknown flag, unreadable value, stray argument, or what Config refuses.
    """
    config = _parse(argv)
    if config.mode != "eval":
        return config
    kept = os.path.join(config.model_dir, FLAGS_FILE)
    if not os.path.isfile(kept):
        raise UsageError(f"--model_dir={config.model_dir}: is not a run's folder (no {FLAGS_FILE})")
    return _parse([argv[0], f"--flagfile={kept}", *argv[1:]])


def _parse(argv):
    values = absl_flags.FlagValues()
    _define(values)
    try:
        rest = values(list(argv), known_only=False)
    except absl_flags.UnrecognizedFlagError as error:
        name = error.flagname
        raise UsageError(
            f"--{name}: unknown flag{suggest(name, list(_defaults()))} (see --help)"
        ) from error
    except absl_flags.CantOpenFlagFileError as error:
        raise UsageError(f"--flagfile: {error}") from error
    except absl_flags.Error as error:
        raise UsageError(" ".join(str(error).split())) from error
    if len(rest) > 1:
        raise UsageError(f"{rest[1]!r}: not a flag; flags are written --name=value (see --help)")
    found = {
        name: tuple(values[name].value) if isinstance(default, tuple) else values[name].value
        for name, default in _defaults().items()
    }
    # A recipe's or a run's are overridden like any other flag.
    found.update({name: last_of_each(found[name]) for name in REPEATED})
    return Config(**found)


def to_lines(config):
    """The resolved flags, one a line, such that `--flagfile` reads them back."""
    lines = []
    for name, default in _defaults().items():
        value = getattr(config, name)
        if name in _NOT_RESOLVED:
            continue
        if isinstance(default, bool):
            lines.append(f"--{'' if value else 'no'}{name}")
        elif name in REPEATED:
            lines.extend(f"--{name}={item}" for item in value)
        elif isinstance(default, tuple):
            lines.append(f"--{name}={','.join(value)}")
        else:
            lines.append(f"--{name}={value}")
    return lines


def help_text(width=100):
    """The text of `--help`: flags by group, each with its default."""
    defaults = _defaults()
    out = [
        "tfapp trains a Keras model on your data and hands over a model that serves.",
        "",
        "  python main.py                          the default: a small network on real digits",
        "  python main.py --dataset=npz:my.npz     your own arrays",
        "  python main.py --flagfile=FILE          flags from a file; later ones override",
        "",
    ]
    for group, entries in GROUPS.items():
        out.append(f"{group}:")
        for name, meaning in entries.items():
            head = f"  {_usage(name, defaults[name])}"
            if name in CHOICES:
                meaning = f"{'|'.join(CHOICES[name])}: {meaning}"
            lines = textwrap.wrap(meaning, width - 34)
            if len(head) > 32:
                out.append(head)
                head = ""
            out.append(f"{head:<33} {lines[0]}")
            out.extend(" " * 34 + line for line in lines[1:])
        out.append("")
    out.append(
        "Exit codes: 0 done, 1 internal error, 2 usage, 3 data, 4 diverged, 5 device missing,"
    )
    out.append("6 disk full or folder not writable, 143 stopped after saving (repeat to continue).")
    return "\n".join(out)


def _usage(name, default):
    if isinstance(default, bool):
        return f"--[no]{name}={str(default).lower()}"
    if isinstance(default, tuple):
        return f"--{name}={','.join(default)}"
    return f"--{name}={default}"

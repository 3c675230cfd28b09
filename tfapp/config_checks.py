"""What a Config refuses without looking at any data: single values, and those that contradict."""

import contextlib
import dataclasses
import numbers
import re

from tfapp.config_groups.serving import Serving
from tfapp.errors import UsageError
from tfapp.flag_values import (
    LARGEST_FLOAT,
    parse_duration,
    parse_pattern,
    parse_signal,
    parse_threshold,
    whole_number,
)
from tfapp.registry import suggest
from tfapp.runtime import plain_text

OF_EXPORTS = ("predict", "generate")  # modes that need nothing of a run but its export
COMPILE_BATCHES = ("loop", "step", "gradients")  # of --xla: a program takes a batch whole
_LARGEST = 10**12  # of a whole number: what is counted has 64 bits
_LONGEST = 10_000  # characters of a text; Linux takes paths of 4,096 bytes
_SURROGATE = re.compile("[\ud800-\udfff]")  # half of a pair, or a byte of a name in no UTF-8
_DISPATCHER = re.compile(r"grpc://[^\s:/,]+:([0-9]{1,5})")
_PERCENTAGE = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)%")


def check_known(fields, flags):
    """Raises UsageError if one of `fields`, names of arguments of Config, is not in `flags`."""
    for name in fields:
        if name not in flags:
            raise UsageError(
                f"Config({name}=...): unknown argument{suggest(name, flags)} (see docs/flags.md)"
            )


def converted(name, value, flag):
    """`value` as the type of its `Flag`, where nothing is lost. Python may give a field anything.

    Raises:
      UsageError: something would be lost.
    """
    kind = flag.number or type(flag.default)
    if isinstance(value, str) and value in flag.words:
        return value
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if kind is int and number and not -_LARGEST <= value <= _LARGEST:
        raise UsageError(f"--{name}={_short(value)}: must be at most {_LARGEST}")
    if kind is tuple and isinstance(value, (list, tuple)):
        return tuple(_item(name, item) for item in value)
    if isinstance(value, kind) and (number or kind not in (int, float)):
        return value
    if number and (kind in (float, str) or (kind is int and isinstance(value, numbers.Integral))):
        with contextlib.suppress(OverflowError, ValueError):  # an integer of too many digits
            return kind(value)
    shown = _short(repr(value)) if isinstance(value, str) else _short(value)
    words = "".join(f" or {word!r}" for word in flag.words if flag.number)
    raise UsageError(f"--{name}={shown}: must be of type {kind.__name__}{words}")


def _item(name, item):
    if not isinstance(item, str):
        raise UsageError(f"--{name}={_short(item)}: must be of type str, as each of its items")
    return item


def check_text(name, value):
    """Checks that what a flag says can be written to flags.txt and read back. Raises UsageError."""
    for text in value if isinstance(value, tuple) else (value,):
        if not isinstance(text, str):
            continue
        # flags.txt has one flag a line, and no prompt.
        if set(text) & set("\0" if name == "prompt" else "\n\r\0"):
            raise UsageError(
                f"--{name}={_short(repr(text))}: holds a line break or NUL; rename what it names"
            )
        if _SURROGATE.search(text):
            raise UsageError(f"--{name}={_short(text)}: is not UTF-8; rename what it names")
        if len(text) > _LONGEST:
            raise UsageError(
                f"--{name}={_short(text)}: has {len(text):,} characters, at most {_LONGEST:,} are "
                "taken"
            )


def _short(value):
    """A value as a message shows it: in Unicode, and not too long."""
    text = value if isinstance(value, str) else plain_text.of_value(value)
    text = text.encode(errors="backslashreplace").decode()
    return text if len(text) <= 60 else f"{text[:30]}...{text[-20:]}"


def check_value(name, value, flag):
    """Checks one value against its `Flag`: choices, form and bounds. Raises UsageError."""
    if isinstance(value, str) and value in flag.words:
        return
    if flag.choices and value not in flag.choices:
        raise UsageError(
            f"--{name}={value}: unknown{suggest(value, flag.choices)} "
            f"(one of {', '.join(flag.choices)})"
        )
    number = parse_duration(value, name, flag.units).value if flag.units else value
    if flag.bounds() and not flag.allows(number):
        raise UsageError(f"--{name}={value}: {flag.bounds()}")
    if isinstance(value, float) and not abs(value) <= LARGEST_FLOAT:
        raise UsageError(f"--{name}={value}: must be finite")
    if flag.repeated:
        _check_pairs(name, value, "=", "name=value")


def check_forms(config):
    """Checks what is written in a form of its own. Raises UsageError."""
    _check_pairs("feature_kind", config.feature_kind, ":", "COLUMN:KIND")
    parse_threshold(config.threshold)
    if config.stop_signal:
        parse_signal(config.stop_signal, "stop_signal")
    per_loop = config.steps_per_loop
    if per_loop != "auto" and not whole_number(per_loop):
        raise UsageError(f"--steps_per_loop={per_loop}: a number above 0, or auto")
    if config.prune_pattern:
        parse_pattern(config.prune_pattern, "prune_pattern")
    bad = config.max_bad_examples
    if whole_number(bad) is None and not _is_percentage(bad):
        raise UsageError(f"--max_bad_examples={bad}: write it as 10, or as 1% of all examples")
    if "none" in config.export and len(config.export) > 1:
        raise UsageError(f"--export={','.join(config.export)}: none excludes every other format")
    check_dispatcher(config.data_service)
    for name in config.writers:
        if config.writers.count(name) > 1:
            raise UsageError(f"--writers={','.join(config.writers)}: {name} is given twice")


def check_together(config):
    """Checks flags that need or contradict each other. Raises UsageError."""
    check_names_run(config.mode, config.model_dir)
    _check_answers(config)
    if config.strategy == "one" and config.logical_devices > 1:
        raise UsageError(
            f"--strategy=one contradicts --logical_devices={config.logical_devices}: "
            "drop one of them"
        )
    _check_compression(config)
    streamed = "--engine=stream" if config.engine == "stream" else "--data_service"
    if config.xla == "loop" and (config.engine == "stream" or config.data_service):
        raise UsageError(
            f"{streamed} contradicts --xla=loop: the host feeds every step; use --xla=step"
        )
    if config.cpu_parts not in ("auto", 1) and config.xla in COMPILE_BATCHES:
        raise UsageError(
            f"--cpu_parts={config.cpu_parts} contradicts --xla={config.xla}, which compiles whole "
            "batches; drop one of them"
        )
    if config.data_service and config.engine == "resident":
        raise UsageError(
            "--data_service contradicts --engine=resident, which reads the data only once; drop "
            "one of them"
        )
    if config.data_host and config.mode != "data_service":
        raise UsageError("--data_host belongs to --mode=data_service")
    _check_serving(config)
    if config.port != "auto" and config.mode not in ("data_service", "serve"):
        raise UsageError("--port belongs to --mode=data_service and --mode=serve")
    if config.resume == "must" and not config.model_dir:
        raise UsageError("--resume=must needs --model_dir, the folder to continue")


def _check_compression(config):
    if config.prune and config.prune_pattern:
        raise UsageError(
            f"--prune={config.prune:g} contradicts --prune_pattern={config.prune_pattern}, which "
            "has a share of its own; drop one of them"
        )
    if (config.prune or config.prune_pattern) and config.shard_optimizer:
        raise UsageError(
            "--shard_optimizer contradicts --prune and --prune_pattern, which need whole weights "
            "after the update; drop one of them"
        )
    if config.low_rank and not config.init_from:
        raise UsageError(
            f"--low_rank={config.low_rank:g} needs --init_from, the run whose weights are replaced"
        )


def check_dispatcher(address):
    """Raises UsageError if `address` is neither empty nor that of a dispatcher of data workers."""
    found = _DISPATCHER.fullmatch(address)
    if address and not (found and 0 < int(found[1]) < 2**16):
        raise UsageError(f"--data_service={_short(address)}: write it as grpc://HOST:PORT")


def check_names_run(mode, model_dir):
    """Raises UsageError if `mode` works on a finished run, and none is named."""
    if mode in ("eval", "export", "serve", *OF_EXPORTS) and not model_dir:
        raise UsageError(f"--mode={mode} needs --model_dir, the folder of a finished run")


def _check_answers(config):
    """Checks the flags of prediction and generation. Raises UsageError."""
    predicts, generates = config.mode == "predict", config.mode == "generate"
    if generates and bool(config.prompt) == bool(config.input):
        raise UsageError("--mode=generate: give one of --prompt=TEXT and --input=FILE")
    if not generates:
        for name, off in (("prompt", ""), ("samples", 1), ("max_tokens", 256), ("top_k", 0),
                          ("temperature", 1.0)):  # fmt: skip
            if vars(config)[name] != off:
                raise UsageError(f"--{name} belongs to --mode=generate")
        _check_belongs("input", config.input, predicts)
    if config.keep_columns and not generates:
        _check_belongs("keep_columns", config.keep_columns, predicts)
    # The contact sheet of inspect may be named; generate prints without a name.
    if config.mode not in ("inspect", "generate"):
        _check_belongs("output", config.output, predicts)


def _check_serving(config):
    for field in dataclasses.fields(Serving):
        if vars(config)[field.name] != field.default and config.mode != "serve":
            raise UsageError(f"--{field.name} belongs to --mode=serve")


def _check_belongs(name, value, predicts):
    if bool(value) != predicts:
        verb = "belongs to" if value else "is needed with"
        raise UsageError(f"--{name} {verb} --mode=predict")


def _check_pairs(name, pairs, sign, form):
    for pair in pairs:
        if sign not in pair:
            raise UsageError(f"--{name}={pair}: write it as {form}")


def _is_percentage(text):
    return _PERCENTAGE.fullmatch(text) is not None and float(text[:-1]) <= 100

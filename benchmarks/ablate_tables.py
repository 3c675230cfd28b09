"""What changes of the default model and recipe are worth on tables, measured on held-out rows.

    python benchmarks/ablate_tables.py --tables=cars/train.csv:price,wine/train.csv:class \
        --variants='as it is;--model_arg=linear=False;--model_arg=members=1' --output=ablation.json

Of each file, a fifth of the rows is held out in turn, so that the test rows of a table stay unseen.
A variant is a line of flags ("as it is" for none). Its score is the log loss or the root mean
squared error on the rows held out, divided by that of the first variant on the same rows; log
losses have 0.01 added, so that nearly perfect ones do not decide. With --against the divisor is
the score of scikit-learn's gradient boosting, of its linear model, or the better of both.
"""

import argparse
import contextlib
import csv
import io
import json
import math
import os
import pathlib
import random
import sys
import tempfile
import time

import command_line

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

_AS_IT_IS = "as it is"
_SPARE = 0.01  # added to log losses
_AGAINST = {  # name -> of scikit-learn's scores, by name, the divisor
    "boosting": lambda found: found["boosting"],
    "linear": lambda found: found["linear"],
    "best": lambda found: min(found.values()),
}


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument(
        "--tables", type=_tables, required=True, help="FILE.csv:LABEL, with commas between"
    )
    parser.add_argument(
        "--variants", type=_variants, default=[_AS_IT_IS], help="lines of flags, ; between"
    )
    parser.add_argument("--holdouts", type=command_line.above_zero(int), default=4)
    parser.add_argument("--first", type=int, default=0, help="number of the first hold-out")
    parser.add_argument("--against", choices=["first", *_AGAINST], default="first")
    parser.add_argument("--flags", default="", help="of every run")
    parser.add_argument("--output", type=command_line.new_file, default="")
    flags = parser.parse_args()
    if flags.against != "first":
        command_line.needs("pandas")
        command_line.needs("sklearn", "scikit-learn")
    results = {}
    with tempfile.TemporaryDirectory() as work:
        folders = {
            (path, number): _hold_out(path, number, f"{work}/{index}-{number}")
            for index, path in enumerate(flags.tables)
            for number in range(flags.first, flags.first + flags.holdouts)
        }
        divisors = {}
        for variant in flags.variants:
            begin = time.monotonic()
            scores = {
                key: _score(folder, flags.tables[key[0]], key[1], f"{flags.flags} {variant}")
                for key, folder in folders.items()
            }
            divisors = divisors or _divisors(flags, folders, scores)
            ratios = _ratios(scores, divisors, flags.tables)
            results[variant] = {"ratios": ratios, "scores": _by_table(scores, flags.tables)}
            print(_line(variant, ratios, (time.monotonic() - begin) / len(folders)), flush=True)
            if flags.output:
                pathlib.Path(flags.output).write_text(json.dumps(results, indent=1))


def _tables(text):
    """{path: label} of FILE.csv:LABEL,..."""
    found = {}
    for entry in text.split(","):
        path, _, label = entry.rpartition(":")
        command_line.file(path)
        with open(path, newline="", encoding="utf-8") as file:
            names = next(csv.reader(file), [])
        if label not in names:
            raise argparse.ArgumentTypeError(f"{entry}: has no column {label!r}")
        found[path] = label
    return found


def _variants(text):
    return [part.strip() for part in text.split(";") if part.strip()]


def _hold_out(path, number, folder):
    """Writes train.csv and test.csv, a fifth of the rows, into the new `folder`."""
    with open(path, newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    random.Random(1000 + number).shuffle(rows)
    os.makedirs(folder)
    held_out = len(rows) // 5
    for name, part in (("test", rows[:held_out]), ("train", rows[held_out:])):
        with open(f"{folder}/{name}.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([head, *part])
    return folder


def _score(folder, label, seed, line):
    """(log loss or root mean squared error on the rows held out, whether it is a log loss)."""
    import tfapp
    from tfapp import flags

    with tempfile.TemporaryDirectory() as run, contextlib.redirect_stderr(io.StringIO()):
        own = [f"--dataset=csv:{folder}", f"--label={label}", f"--seed={seed}", "--export=none"]
        given = line.replace(_AS_IT_IS, "").split()
        result = tfapp.run(flags.parse(["", *own, f"--model_dir={run}/run", *given]))
    metrics = result.metrics["test"]
    if "root_mean_squared_error" in metrics:
        return metrics["root_mean_squared_error"], False
    return metrics.get("log_loss", metrics["loss"]), True


def _divisors(flags, folders, first):
    """{(path, number): what scores are divided by}."""
    if flags.against == "first":
        return {key: score for key, (score, _) in first.items()}
    import tables_baselines

    def divisor(key):
        found = tables_baselines.scores(folders[key], flags.tables[key[0]], classes=first[key][1])
        return _AGAINST[flags.against](found)

    return {key: divisor(key) for key in folders}


def _ratios(scores, divisors, tables):
    """Table -> the geometric mean of its hold-outs' ratios."""

    def ratio(key):
        score, is_loss = scores[key]
        spare = _SPARE if is_loss else 0.0
        return math.log((score + spare) / (divisors[key] + spare))

    return {path: math.exp(_mean(ratio(k) for k in scores if k[0] == path)) for path in tables}


def _by_table(scores, tables):
    return {path: [scores[key][0] for key in scores if key[0] == path] for path in tables}


def _mean(values):
    values = list(values)
    return sum(values) / len(values)


def _line(variant, ratios, seconds):
    mean = math.exp(_mean(map(math.log, ratios.values())))
    each = " ".join(f"{value:.3f}" for value in ratios.values())
    return f"{mean:.4f} | {each} | {seconds:.1f} s a run | {variant}"


if __name__ == "__main__":
    main()

"""The result of --mode=inspect as text."""

from tfapp.runtime import plain_text

_MOST_CLASSES = 20  # classes listed; the rest are counted


def text(found):
    """The tables, from what `main.run` returns."""
    counts = "  ".join(f"{name} {count:,}" for name, count in found["splits"].items())
    parts = [
        [f"{'data set':<11} {found['dataset']}", f"{'splits':<11} {counts}"],
        _features(found["features"]),
        _rows(found["first_rows"]),
        _label(found["label"]),
        _duplicates(found["duplicates"]),
        _reading(found["reading"]),
    ]
    if found["sheet"]:
        parts[-1].append(f"{'sheet':<11} {found['sheet']}")
    if found["bad_examples"]:
        parts[-1].append(f"{'skipped':<11} {found['bad_examples']} bad examples")
    return "\n\n".join("\n".join(map(plain_text.one_line, lines)) for lines in parts if lines)


def _features(features):
    header = ("feature", "kind", "shape", "dtype", "missing", "content")
    rows = [
        (
            f["name"],
            f["kind"],
            "x".join(map(str, f["shape"])) or "-",
            f["dtype"],
            str(f["missing"]),
            _content(f),
        )
        for f in features
    ]
    looked_at = features[0]["looked_at"]
    return [*_aligned([header, *rows]), f"(of {looked_at:,} examples of train)"]


def _content(feature):
    if "distinct" in feature:
        values = ", ".join(f"{v!r} {n}" for v, n in list(feature["most_frequent"].items())[:3])
        return f"{feature['distinct']} distinct: {values}"
    if feature["min"] is None:
        return "no values"
    span = f"{feature['min']:g} to {feature['max']:g}"
    if "channel_means" in feature:
        return f"{span}, means {', '.join(map(str, feature['channel_means']))}"
    return f"{span}, mean {feature['mean']:.4g}, std {feature['std']:.4g}"


def _rows(rows):
    if not rows:
        return []
    return _aligned([tuple(rows[0]), *(tuple(row.values()) for row in rows)])


def _label(label):
    if "values" in label:
        header = ("label " + label["name"], "min", "mean", "std", "max")
        return _aligned(
            [header, *((s, *(f"{v:.5g}" for v in n.values())) for s, n in label["values"].items())]
        )
    if "tokens" in label:
        counts = "  ".join(f"{name} {count:,}" for name, count in label["tokens"].items())
        frequent = ", ".join(f"{v!r} {n:,}" for v, n in label["most_frequent"].items())
        return [
            f"{'tokens':<11} {counts}",
            f"{'vocabulary':<11} {label['vocabulary']:,}, such as {frequent}",
        ]
    classes = label["classes"]
    shown = sorted(classes.items(), key=lambda item: -item[1]["train"])
    splits = list(next(iter(classes.values())))
    rows = [(name, *(f"{n[s]:,}" for s in splits)) for name, n in shown[:_MOST_CLASSES]]
    lines = _aligned([("class of " + label["name"], *splits), *rows])
    if len(shown) > _MOST_CLASSES:
        lines.append(f"... and {len(shown) - _MOST_CLASSES} smaller ones")
    if "labels_per_example" in label:
        each = "  ".join(f"{name} {n:g}" for name, n in label["labels_per_example"].items())
        lines.append(f"labels an example: {each}")
    lines.append(f"the largest class of train is {label['imbalance']:g} times the smallest")
    return lines


def _duplicates(duplicates):
    lines = []
    for where, found in duplicates.items():
        if where == "compared":
            continue
        warning = "  <- leakage" if found["count"] and where != "within train" else ""
        lines.append(f"{'duplicates':<11} {where}: {found['count']:,}{warning}")
        lines += [f"{'':<11} {one} = {other}" for one, other in found["examples"]]
    return lines


def _reading(reading):
    return [
        f"{'reading':<11} {reading['examples_per_second']:,.0f} examples/s, the first batch after "
        f"{reading['seconds_to_first_batch']:.2f} s",
        f"{'engine':<11} {reading['engine']} ({reading['reason']})",
    ]


def _aligned(rows):
    rows = [[plain_text.one_line(str(cell)) for cell in row] for row in rows]
    widths = [max(map(plain_text.width, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(plain_text.padded, row, widths)).rstrip() for row in rows]

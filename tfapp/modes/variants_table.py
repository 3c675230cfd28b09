"""The table of --mode=export, from what variants.json holds."""

from tfapp.callbacks.metric_text import number
from tfapp.runtime import plain_text

_HEAD = (
    "format", "runtime", "size", "gzipped", "{metric}", "worst difference", "ms at batch 1",
    "p99", "examples/s at 32",
)  # fmt: skip


def table(found):
    """The text."""
    metric = found["metric"]
    trained = found["trained"]
    rows = [
        [title.format(metric=metric) for title in _HEAD],
        ["trained model", "Keras predict", "", "", number(trained["metrics"][metric]), ""]
        + _speed(trained),
        *(_row(entry, metric) for entry in found["variants"]),
    ]
    widths = [max(map(plain_text.width, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(plain_text.padded, row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, "", *_notes(found)])


def _row(entry, metric):
    measured = entry["metrics"] is not None
    return [
        entry["format"] + ("" if entry["version"] else " (not published)"),
        entry["runtime"],
        _size(entry.get("bytes")),
        _size(entry.get("gzip_bytes")),
        number(entry["metrics"][metric]) if measured else "",
        f"{entry['worst_difference']:.2g}" if measured else "",
        *_speed(entry),
    ]


def _speed(entry):
    if "median_ms" not in entry:
        return ["", "", ""]
    per_second = entry["examples_per_second_at_32"]
    return [f"{entry['median_ms']:.3f}", f"{entry['p99_ms']:.3f}", f"{per_second:,.0f}"]


def _size(count):
    return "" if count is None else f"{count / 1000:,.1f} kB"


def _notes(found):
    machine = found["machine"]
    yield plain_text.one_line(
        f"{found['split']}: {found['examples']:,} examples; step {found['step']:,}; "
        f"{machine['processor']}, {machine['cores']} cores"
    )
    for entry in found["variants"]:
        if entry["version"]:
            yield plain_text.one_line(f"{entry['format']}: {entry['version']}")
        else:
            yield plain_text.one_line(f"{entry['format']}: not published: {entry['reason']}")

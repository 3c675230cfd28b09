"""The lines that a training run prints at its end."""

from tfapp.callbacks.metric_text import metric_text, number
from tfapp.runtime import plain_text

_WIDTH = 11  # of the first column


def answer(result):
    """The text for the `Result` of a finished run."""
    summary = result.summary
    rows = [
        (split, metric_text(metrics, monitor=summary["best"]["metric"]))
        for split, metrics in result.metrics.items()
    ]
    rows += _compared(summary)
    rows += _weakest(summary.get("worst_class"))
    rows += _weights(summary)
    if summary["examples_per_second"]:
        speed = (
            f"{summary['examples_per_second']:,.0f} examples/s  {summary['step_ms']:.3f} ms/step"
        )
        rows.append(("speed", speed))
    if result.model_dir:
        rows.append(("run", result.model_dir))
        if result.export_dir:
            rows.append(("export", result.export_dir))
    return "\n".join(plain_text.one_line(f"{name:<{_WIDTH}} {text}") for name, text in rows)


def _compared(summary):
    """The test split's metrics with their intervals beside those of the trivial answer."""
    intervals = summary.get("intervals", {}).get("test", {})
    head = "on test"
    for name, trivial in summary.get("trivial", {}).items():
        text = f"{name} {number(summary['metrics']['test'][name])}"
        if name in intervals:
            low, high = intervals[name]
            text += f" (95%: {number(low)} to {number(high)})"
        yield head, f"{text}; always the same answer: {number(trivial)}"
        head = ""


def _weakest(found):
    if found:
        share, examples = found["recall"], found["examples"]
        hits = round(share * examples)
        yield "worst class", f"{found['name']}: recall {share:.3f} ({hits:,} of {examples:,})"


def _weights(summary):
    """Which step's weights count, and what the last ones were worth."""
    best, step = summary["best"], summary.get("exported_step")
    if step is None or best["value"] is None:
        return
    text = f"step {step:,} of {summary['steps']:,}"
    if step == best["step"] != summary["steps"] and best["last_value"] is not None:
        text += (
            f": {best['metric']} of validation {number(best['value'])}, "
            f"of the last step {number(best['last_value'])}"
        )
    yield "weights", text

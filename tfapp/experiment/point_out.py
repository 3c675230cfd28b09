"""What a user should look at in a table before the model is believed: leaks and repeated rows."""

import logging

from tfapp.data.splits import leakage, repeated_rows

_LOG = logging.getLogger("tfapp")
_NAMED = 3  # columns that a line names
_HELD_OUT = "remove the repeats, or name a --group_column whose rows belong in one split"
_GIVEN = "remove them from one of the files"
_SHARE = 0.01  # of a split's rows, from which repeated ones are worth a line ...
_FEWEST = 5  # ... if there are so many


def point_out(source):
    """Logs it for a raw `Source` with all splits; for what is no table, nothing."""
    if any(split.by_example for split in source.splits.values()):
        return
    if source.spec.label.kind == "tokens" or any(f.shape for f in source.spec.features):
        return
    found = leakage.find(source)
    if found:
        _LOG.warning("leakage? %s", _leaks(found, source.spec.label.name))
    for split, (looked_at, rows, same) in repeated_rows.count(source).items():
        if rows >= max(_SHARE * looked_at, _FEWEST):
            _LOG.warning(
                "data: %s of %s rows of %s are in train as well (%s with the same label): on new "
                "rows its metrics may be worse; %s",
                f"{rows:,}", f"{looked_at:,}", split, f"{same:,}",
                _HELD_OUT if split in source.held_out else _GIVEN,
            )  # fmt: skip


def _leaks(found, label):
    shown = [f"{name} alone predicts {label} {how}" for name, how in found.items()]
    more = len(shown) - _NAMED
    return (
        "; ".join(shown[:_NAMED])
        + (f"; and {more:,} more" if more > 0 else "")
        + f"; if it is known only with the label, --feature_kind={next(iter(found))}:ignored "
        "leaves it out"
    )

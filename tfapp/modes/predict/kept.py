"""--keep_columns: columns of --input that are copied to --output, so that answers can be joined."""

import itertools
import re

from tfapp.errors import UsageError
from tfapp.registry import suggest

ALL, NONE = "all", "none"
_NAMES_ROWS = re.compile(r"(.*[\W_])?([iI][dD]|UUID|uuid)|.*[a-z0-9](Id|ID)")


def choose(wanted, columns, taken, path):
    """The columns to copy, in their order in the input.

    Args:
      wanted: --keep_columns; empty: those whose name says that they identify a row (id, user_id,
        userId, uuid) and that the model does not take.
      columns: names of the columns of the input.
      taken: names of those that the model takes.
      path: --input.

    Raises:
      UsageError: there is no such column.
    """
    if not wanted:
        return [n for n in columns if n not in taken and _NAMES_ROWS.fullmatch(n)]
    if wanted in ((ALL,), (NONE,)):
        return list(columns) if wanted == (ALL,) else []
    for name in wanted:
        if name not in columns:
            raise UsageError(
                f"--keep_columns={name}: --input={path} has no such column"
                f"{suggest(name, columns)} (columns: {', '.join(columns) or 'none'})"
            )
    return [name for name in columns if name in wanted]


def check_none(wanted, path):
    """Raises UsageError if columns are wanted of an input that has none."""
    if wanted not in ((), (NONE,)):
        raise UsageError(f"--keep_columns={','.join(wanted)}: --input={path} has no columns")


def check_names(kept, answers):
    """Raises UsageError if a column that is kept has the name of an answer.

    Args:
      kept: names of columns.
      answers: name of an answer -> names of its columns in a CSV.
    """
    taken = {*answers, *itertools.chain.from_iterable(answers.values())}
    twice = next((name for name in kept if name in taken), None)
    if twice is not None:
        raise UsageError(
            f"--keep_columns={twice}: is the name of an answer too; rename the column in --input, "
            "or keep other columns"
        )

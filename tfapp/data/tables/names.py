"""Names of columns: what they say about their values, and how messages list them."""

import re

_LISTED = 40  # columns that a message names
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_UNNAMED = re.compile(r"(unnamed: ?\d+)?", re.IGNORECASE)  # as pandas writes and reads an index
_ROW_NAMES = {
    "id", "idx", "index", "key", "guid", "uuid", "rowid", "rowindex", "rowname", "rownames",
    "rownum", "rownumber", "rownumbers",
}  # fmt: skip
_ROW_ENDINGS = {"id", "key", "guid", "uuid"}
_DAYS = {"date", "day", "time", "datetime", "timestamp"}
# As the last word, or all of them: what a number names rather than measures.
_CODES = {
    "code", "codes", "fips", "id", "key", "plz", "postal", "postalcode", "postcode", "zip",
    "zipcode",
}  # fmt: skip
# As the last word: what a column measures or counts, and what it distinguishes.
_QUANTITIES = {
    "age", "amount", "cost", "count", "counts", "days", "distance", "duration", "height", "hours",
    "income", "length", "minutes", "months", "price", "quantity", "revenue", "salary", "sales",
    "seconds", "sum", "temperature", "total", "visits", "votes", "weight", "width", "years",
}  # fmt: skip
_CLASSES = {
    "category", "class", "classes", "cluster", "code", "diagnosis", "gender", "genre", "group",
    "kind", "race", "sex", "species", "type",
}  # fmt: skip


def _words(name):
    """The words of a name in lower case: "PassengerId" and "passenger_id" have two."""
    return [word.lower() for word in _WORD.findall(name)]


def of_rows(name):
    """Whether it is a usual name of what tells rows apart: id, PassengerId, Unnamed: 0, none."""
    words = _words(name)
    joined = "".join(words)
    return (
        _UNNAMED.fullmatch(name.strip()) is not None
        or joined in _ROW_NAMES
        or bool(words and words[-1] in _ROW_ENDINGS)
    )


def of_days(name):
    """Whether a word of it is date, day or time."""
    return bool(_DAYS.intersection(_words(name)))


def of_codes(name):
    """Whether its last word is that of a number that names something, such as zip or store_id."""
    words = _words(name)
    return bool(_CODES.intersection((*words[-1:], "".join(words))))


def of_quantity(name):
    """Whether its last word is that of a quantity, such as age or count."""
    return bool(_QUANTITIES.intersection(_words(name)[-1:]))


def of_classes(name):
    """Whether its last word is that of a distinction, such as type or species."""
    return bool(_CLASSES.intersection(_words(name)[-1:]))


def columns_of(label, names):
    """The columns that --label names: one, or several with commas between them.

    Args:
      label: --label, or the name of a `LabelSpec`.
      names: of all columns; one of them may have a comma in its name.
    """
    return (label,) if label in names else tuple(part.strip() for part in label.split(","))


def columns_in_words(names):
    """The names, or some of very many, for the end of a message."""
    more = len(names) - _LISTED
    return f"columns: {', '.join(names[:_LISTED])}" + (f" and {more:,} more" if more > 0 else "")

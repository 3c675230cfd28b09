"""Random tables, and random ways to write them as CSV, each with pandas' arguments for it."""

import csv
import dataclasses
import io
import random

from hypothesis import strategies as st

# Words of languages, by the encodings that have their letters.
_WESTERN = ("Müller", "Köln", "Jäger", "Straße", "Zürich", "Süd", "Ärzte", "öffentlich", "Bern")
_FRENCH = ("Hélène", "François", "Besançon", "Nîmes", "château", "élève", "Orléans", "Lyon")
_POLISH = ("Łódź", "Kraków", "Gdańsk", "Poznań", "Świętokrzyskie", "Grażyna", "Warszawa")
_RUSSIAN = ("Москва", "Казань", "Самара", "Новосибирск", "Екатеринбург", "Ростов", "Омск")
_JAPANESE = ("東京都", "大阪府", "京都市", "北海道", "名古屋", "さくら", "ひまわり")
_PLAIN = ("Bern", "Basel", "Zug", "Geneva", "new york", "Los Angeles")
WORDS = {
    "utf-8": (_WESTERN, _FRENCH, _POLISH, _RUSSIAN, _JAPANESE, _PLAIN),
    "utf-8-sig": (_WESTERN, _JAPANESE, _PLAIN),
    "utf-16": (_WESTERN, _RUSSIAN, _PLAIN),
    "utf-16-le": (_FRENCH, _RUSSIAN, _JAPANESE, _PLAIN),
    "utf-16-be": (_POLISH, _PLAIN),
    "utf-32": (_WESTERN, _PLAIN),
    "latin-1": (_WESTERN, _FRENCH),
    "cp1252": (_WESTERN, _FRENCH),
    "cp1250": (_POLISH,),
    "cp1251": (_RUSSIAN,),
    "koi8-r": (_RUSSIAN,),
    "cp932": (_JAPANESE,),
}
_GROUPS = {".": ("", ",", " ", "'"), ",": ("", ".", " ", "'")}
_MISSING = ("", "NA", "n/a", "NaN", "null", "None", "?", "-", "--", ".", "#N/A", "NULL", "missing")
_NUMBERS = ("size", "count", "amount")


@dataclasses.dataclass(frozen=True)
class Written:
    """A table as a file holds it, and the arguments of `pandas.read_csv` that read it."""

    data: bytes
    arguments: dict
    numbers: tuple[str, ...]  # names of the columns of numbers
    strings: tuple[str, ...]


@st.composite
def written(draw):
    """A `Written` of six columns."""
    encoding, header = draw(st.sampled_from(sorted(WORDS))), draw(st.booleans())
    delimiter, quote = draw(st.sampled_from(",;\t|")), draw(st.sampled_from("\"'"))
    decimal, escape = draw(st.sampled_from(".,")), draw(st.sampled_from(("", "\\")))
    group, missing = draw(st.sampled_from(_GROUPS[decimal])), draw(st.sampled_from(_MISSING))
    ends = draw(st.sampled_from(("\n", "\r\n", "\r")))
    breaks = delimiter + quote + ("\n" if ends != "\r" else "")
    words = draw(st.sampled_from(WORDS[encoding]))
    values = random.Random(draw(st.integers(0, 10**6)))
    columns = _columns(values, words, decimal, group, missing, breaks)
    order = draw(st.permutations(list(columns)))
    rows = list(zip(*(columns[name] for name in order), strict=True))
    text = io.StringIO(newline="")
    csv.writer(
        text,
        delimiter=delimiter,
        quotechar=quote,
        quoting=draw(st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))),
        lineterminator=ends,
        doublequote=not escape,
        escapechar=escape or None,
    ).writerows([order, *rows] if header else rows)
    names = order if header else [f"column_{i + 1}" for i in range(len(order))]
    numbers = tuple(names[order.index(name)] for name in _NUMBERS)
    strings = tuple(name for name in names if name not in numbers)
    arguments = {
        "encoding": encoding,
        "sep": delimiter,
        "quotechar": quote,
        "doublequote": not escape,
        "escapechar": escape or None,
        "decimal": decimal,
        "thousands": group or None,
        "header": 0 if header else None,
        "names": names,
        "keep_default_na": False,
        "na_values": {name: ["", missing] for name in numbers},
        "dtype": dict.fromkeys(strings, str),
    }
    return Written(text.getvalue().encode(encoding), arguments, numbers, strings)


def _columns(values, words, decimal, group, missing, breaks):
    """Name -> strings; `values` draws them."""
    rows = range(values.randint(12, 30))
    between = [*breaks, " ", " - ", ", ", "; ", ",", ";", "|"]
    numbers = [[values.randint(-(10**8), 10**8) for _ in rows] for _ in range(2)]
    return {
        "size": [_written(n / 100, ".2f", "", decimal) for n in numbers[0]],
        "count": [missing if values.random() < 0.3 else f"{values.randint(0, 50)}" for _ in rows],
        "amount": [_written(n, ",d", group, decimal) for n in numbers[1]],
        "town": [values.choice(words) for _ in rows],
        "note": [values.choice(between).join(values.choices(words, k=2)) for _ in rows],
        "label": [values.choice(("yes", "no")) for _ in rows],
    }


def _written(number, form, group, decimal):
    signs = str.maketrans({",": group, ".": decimal})
    return format(number, form).translate(signs)

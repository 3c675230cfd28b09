"""Texts -> the ids of their tokens, cut as in training: by longest match within each word."""

import re
import unicodedata

import numpy as np

_PAD, _UNKNOWN, _FIRST_PIECE = 0, 1, 2  # ids
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f]")
_BLANKS = " \t\n\f\r"  # that words end at; a vertical tab is a sign like others
_RUN_OF_BLANKS = re.compile(f"[{_BLANKS}]+")
_AROUND = _BLANKS + "\v"


def ids_of_pieces(feature):
    """Piece -> its id, as `token_ids` takes them."""
    return {piece: i for i, piece in enumerate(feature["pieces"], _FIRST_PIECE)}


def token_ids(texts, pieces, feature):
    """A list of str -> int32 [texts, length]; longer ones are cut, shorter ones padded with 0."""
    longest = 1 if feature["unit"] == "characters" else feature["longest_piece"]
    length, cut = feature["length"], {}
    ids = np.full((len(texts), length), _PAD, np.int32)
    for row, text in zip(ids, texts, strict=True):
        found = []
        for word in _words(text, feature):
            if word not in cut:
                cut[word] = _cut(word, pieces, longest)
            found += cut[word]
        found = found[-length:] if feature["stream"] else found[:length]
        row[: len(found)] = found
    return ids


def _words(text, feature):
    """Words, each with the blank before it; or characters."""
    text = _CONTROLS.sub(" ", text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    if not feature["stream"]:
        text = _RUN_OF_BLANKS.sub(" ", text.lower()).strip(_AROUND)
    if feature["unit"] == "characters":
        return text
    if text and not feature["stream"]:  # so that the first word is cut like any other
        text = " " + text
    longest = feature["longest_word"]
    return [w[i : i + longest] for w in _runs(text) for i in range(0, len(w), longest)]


def _runs(text):
    """Splits a text into runs of letters, numbers or signs, and what blanks are before none."""
    start = 0
    while start < len(text):
        kinds = map(_kind, text[start : start + 2])
        first = next(kinds)
        end = start + 1
        inside = next(kinds, "blank") if text[start] == " " else first
        if inside != "blank":
            while end < len(text) and _kind(text[end]) == inside:
                end += 1
        yield text[start:end]
        start = end


def _kind(character):
    if character in _BLANKS:
        return "blank"
    return {"L": "letter", "M": "letter", "N": "number"}.get(
        unicodedata.category(character)[0], "sign"
    )


def _cut(word, pieces, longest):
    """The ids of the longest pieces, from left to right."""
    ids, start = [], 0
    while start < len(word):
        for length in range(min(longest, len(word) - start), 0, -1):
            piece = pieces.get(word[start : start + length])
            if piece is not None:
                break
        ids.append(_UNKNOWN if piece is None else piece)
        start += length
    return ids

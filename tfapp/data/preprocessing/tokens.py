"""Texts: a string -> the ids of its tokens, characters or word pieces, cut by longest match.

A text is normalised, split into words (each with the space before it, so that the text can be
restored), and each word is cut from left to right into the longest pieces of the vocabulary, as in
WordPiece (Wu et al., arXiv:1609.08144, sec. 4.1). All of it is TensorFlow string operations, which
the host uses as well: serving cuts texts exactly as training does.
"""

import collections
import dataclasses
import functools

import numpy as np
import tensorflow as tf

from tfapp.data.preprocessing.lookup import Lookup, in_batches
from tfapp.data.preprocessing.pieces import LONGEST_PIECE, learn_pieces
from tfapp.data.preprocessing.transform import Transform
from tfapp.spec import InputSpec

PAD, UNKNOWN, FIRST_PIECE = 0, 1, 2  # ids; pieces are numbered from FIRST_PIECE
_MARK = "\x1f"  # between words
_WORD = r" ?[\p{L}\p{M}]+| ?\p{N}+| ?[^\s\p{L}\p{M}\p{N}]+|\s"
LONGEST_WORD = 24  # characters; longer ones are cut, so that the loop over pieces stays short
_LONG_WORD = f"([^{_MARK}]{{{LONGEST_WORD}}})"
_FITTED_ON = 200_000  # texts from which the vocabulary is learnt
_LONGEST = 256  # tokens, where the length is chosen from the data
_COVERED = 0.99  # share of the texts of train that are then not cut


@dataclasses.dataclass(frozen=True)
class Tokens(Transform):
    """`pieces` have the ids from FIRST_PIECE on."""

    pieces: tuple[str, ...]
    length: int  # tokens of a text; longer ones are cut, shorter ones padded with PAD
    unit: str  # "characters" or "subwords"
    stream: bool  # one long text for language modelling: not normalised, and cut at its beginning

    kind = "tokens"
    feature_kind = "text"

    @classmethod
    def fit(cls, column, *, length, unit, size, stream=False):
        """Learns the vocabulary.

        Args:
          column: `StringColumn`, or `TextStream` with `stream`.
          length: tokens of a text; 0: enough for nearly all texts of train.
          unit: "characters" or "subwords".
          size: most pieces of the vocabulary.
        """
        texts, counts = _texts(column, stream)
        blank = cls((" ",), length or _LONGEST, unit, stream)
        pieces = learn_pieces(blank._word_counts(texts, counts), size)
        fitted = dataclasses.replace(blank, pieces=tuple(pieces or [" "]))
        if length:
            return fitted
        used = np.sort((in_batches(fitted.encode, texts) != PAD).sum(-1))
        needed = int(used[int(_COVERED * (len(used) - 1))])
        return dataclasses.replace(fitted, length=min(max(-(-needed // 8) * 8, 8), _LONGEST))

    @property
    def vocabulary(self):
        """Number of ids."""
        return len(self.pieces) + FIRST_PIECE

    def encode_column(self, column):
        """`StringColumn` -> int32 [n, length]."""
        return column.map(in_batches(self.encode, column.values))

    def encode(self, raw):
        """string [batch] -> int32 [batch, length]."""
        ids = self._ids(raw)
        if self.stream:
            ids = ids[:, -self.length :]  # the end, which the model continues
        return ids.to_tensor(PAD, shape=[None, self.length])

    def windows(self, stream):
        """A `TextStream` -> int32 [n, length]; each begins with the last token of the previous one.

        So every token but the first is predicted once; the few at the end that fill no window are
        left out.
        """
        ids = in_batches(lambda text: self._ids(text).flat_values, np.array([stream.text], object))
        step = self.length - 1
        count = (len(ids) - 1) // step
        starts = np.arange(count)[:, None] * step
        return ids[starts + np.arange(self.length)] if count > 0 else ids[:0].reshape(0, step + 1)

    def __call__(self, ids):
        return ids

    def input_spec(self, feature):
        shape = (self.length,)
        return InputSpec(
            feature.name, "tokens", shape, "int32", self.vocabulary, names=self.names()
        )

    def names(self):
        """What each id stands for, a tuple of str."""
        return ("", "\N{REPLACEMENT CHARACTER}", *self.pieces)

    def to_json(self):
        return {**dataclasses.asdict(self), "pieces": list(self.pieces)}

    @classmethod
    def from_json(cls, value):
        names = [field.name for field in dataclasses.fields(cls)]
        fields = {name: value[name] for name in names}
        return cls(**{**fields, "pieces": tuple(fields["pieces"])})

    def _word_counts(self, texts, counts):
        """word -> occurrences."""
        total = collections.Counter()
        for start in range(0, len(texts), 4096):
            words = self._words(tf.constant(texts[start : start + 4096], tf.string))
            lengths = words.row_lengths().numpy()
            weights = np.repeat(counts[start : start + 4096], lengths)
            names, positions = np.unique(words.flat_values.numpy(), return_inverse=True)
            sums = np.bincount(positions, weights, len(names))
            for name, weight in zip(names.tolist(), sums.tolist(), strict=True):
                total[name.decode()] += int(weight)
        return total

    def _words(self, texts):
        """string [n] -> ragged string [n, words]."""
        texts = tf.strings.unicode_transcode(
            texts, "UTF-8", "UTF-8", replace_control_characters=False
        )
        texts = tf.strings.regex_replace(texts, r"[\x00-\x08\x0e-\x1f]", " ")
        if not self.stream:
            texts = tf.strings.lower(texts, encoding="utf-8")
            texts = tf.strings.strip(tf.strings.regex_replace(texts, r"\s+", " "))
        if self.unit == "characters":
            return tf.strings.unicode_split(texts, "UTF-8")
        if not self.stream:  # so that the first word is cut like any other
            texts = tf.where(texts == "", texts, tf.strings.join([" ", texts]))
        for pattern in (f"({_WORD})", _LONG_WORD):
            texts = tf.strings.regex_replace(texts, pattern, r"\1" + _MARK)
        words = tf.strings.split(texts, _MARK)
        return tf.ragged.boolean_mask(words, words != "")

    def _ids(self, texts):
        """string [n] -> ragged int32 [n, tokens]."""
        words = self._words(texts)
        distinct, positions = tf.unique(words.flat_values)
        cut = tf.gather(self._cut(distinct), positions)  # [words, pieces], PAD behind the last
        pieces = tf.RaggedTensor.from_tensor(cut, padding=PAD)
        return words.with_flat_values(pieces).merge_dims(1, 2)

    def _cut(self, words):
        """string [n] -> int32 [n, most pieces], PAD behind a word's last."""
        longest = 1 if self.unit == "characters" else LONGEST_PIECE
        lengths = tf.range(1, longest + 1)
        totals = tf.strings.length(words, unit="UTF8_CHAR")

        def cut_one(position, step, out):
            shape = [tf.size(words), longest]
            parts = tf.strings.substr(
                words[:, None],
                tf.broadcast_to(tf.minimum(position, totals)[:, None], shape),
                tf.broadcast_to(lengths[None], shape),
                unit="UTF8_CHAR",
            )
            ids = self._lookup(parts)
            fits = (ids >= 0) & (position[:, None] + lengths <= totals[:, None])
            taken = tf.reduce_max(tf.where(fits, lengths, 0), axis=-1)
            best = tf.gather(ids, tf.maximum(taken - 1, 0), batch_dims=1) + FIRST_PIECE
            ids = tf.where(taken > 0, best, UNKNOWN)
            ids = tf.where(position < totals, ids, PAD)
            return position + tf.maximum(taken, 1), step + 1, out.write(step, ids)

        _, _, out = tf.while_loop(
            # At least once, so that there is a column even if no text has a word.
            lambda position, step, _: (step == 0) | tf.reduce_any(position < totals),
            cut_one,
            (tf.zeros_like(totals), 0, tf.TensorArray(tf.int32, 0, True, element_shape=[None])),
        )
        return tf.ensure_shape(tf.transpose(out.stack()), [None, None])

    @functools.cached_property
    def _lookup(self):
        return Lookup(self.pieces)


def next_tokens(ids):
    """int32 [n, length] -> the same: the id after each, PAD at the end."""
    return np.concatenate([ids[:, 1:], np.full_like(ids[:, :1], PAD)], axis=1)


def _texts(column, stream):
    """Texts to learn from and how often each occurs: NumPy object array and int64."""
    if stream:
        return np.array([column.text], object), np.ones(1, np.int64)
    counts = column.counts()
    present = np.flatnonzero(counts)
    present = present[:: -(-len(present) // _FITTED_ON) or 1]
    return column.values[present], counts[present]

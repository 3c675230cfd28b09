"""Loads examples of a reader's rows inside TensorFlow, with substitutes for those that are bad.

One loader serves all splits of a source, so that its functions are compiled once.
"""

import numpy as np
import tensorflow as tf

from tfapp.spec import reserved_name

_SEARCH = 1000  # consecutive examples of which one must be readable
SERVED = reserved_name("served_position")  # in an example: int64, the position that was read for it
_UNREAD = -1  # as SERVED


class ExampleLoader:
    """Functions of a split's rows, int64 [num_examples], and its labels [num_examples, ...]."""

    def __init__(self, reader, *, label, bad_examples):
        """
        Args:
          reader: a `Reader`.
          label: name of the label in an example.
          bad_examples: a `BadExamples`.
        """
        self.reader = reader
        self.label = label
        self.bad_examples = bad_examples
        self._compiled = None

    def load(self, rows, labels, position, seed=None):
        """The example at `position`, an int64 scalar, as a dict of tensors; fails if it is bad."""
        example = self.reader.read(rows[position], seed)
        return {**example, self.label: labels[position], SERVED: position}

    @tf.autograph.experimental.do_not_convert
    def load_chunk(self, rows, labels, positions, seeds=None):
        """The examples at `positions`, int64 [n], as a dict of tensors [n, ...], in a graph.

        A bad example is replaced by the next readable one; SERVED holds the position that was
        read. This costs nothing while nothing fails: one pipeline reads all of them, and only if
        it fails a second one looks for substitutes.
        """
        size = positions.shape[0] or tf.size(positions, tf.int64)
        source = _slices(positions, seeds)
        whole = source.map(lambda *where: self.load(rows, labels, *where))
        guarded = source.flat_map(lambda *where: self._first_readable(rows, labels, *where))
        whole, guarded = (d.batch(size, drop_remainder=True) for d in (whole, guarded))
        return whole.ignore_errors().concatenate(guarded).take(1).get_single_element()

    @tf.autograph.experimental.do_not_convert
    def load_chunk_elsewhere(self, rows, labels, positions, seeds=None):
        """See `Split.load_chunk_elsewhere`; arguments as of `load_chunk`.

        The examples are read side by side, twice at most.
        """
        size = positions.shape[0]
        source = _slices(positions, seeds)
        whole = source.map(lambda *where: self.load(rows, labels, *where), num_parallel_calls=size)
        whole = whole.batch(size, drop_remainder=True)
        blank = {k: tf.zeros(spec.shape, spec.dtype) for k, spec in whole.element_spec.items()}
        unread = tf.fill([size], tf.constant(_UNREAD, tf.int64))
        blank = tf.data.Dataset.from_tensors({**blank, SERVED: unread})
        tried = whole.concatenate(whole).ignore_errors()
        return tried.concatenate(blank).take(1).get_single_element()

    def chunk_reader(self, rows, labels):
        """`load_chunk` as an eager function of positions, which any thread may call.

        It is traced once for all splits.
        """
        if self._compiled is None:
            signature = (
                tf.TensorSpec([None], tf.int64),
                tf.TensorSpec([None, *labels.shape[1:]], labels.dtype),
                tf.TensorSpec([None], tf.int64),
            )
            function = tf.function(self.load_chunk, autograph=False)
            self._compiled = function.get_concrete_function(*signature)

        def read(positions):
            with tf.device("CPU:0"):
                return self._compiled(rows, labels, tf.constant(positions, tf.int64))

        return read

    def _first_readable(self, rows, labels, position, seed=None):
        """A data set of the first readable example from `position`; bad ones are reported."""
        num_examples = tf.size(rows, tf.int64)
        most = tf.minimum(tf.constant(_SEARCH, tf.int64), num_examples)

        def load(offset):
            example = self.load(rows, labels, (position + offset) % num_examples, seed)
            return example, offset

        def report(count):
            tried = tf.gather(rows, (position + tf.range(count)) % num_examples)
            return tf.numpy_function(self._report, (tried, count == most), tf.int64, stateful=True)

        def fail(_):
            with tf.control_dependencies([report(most)]):  # raises
                return load(tf.constant(0, tf.int64))

        def reported(example, offset):
            done = tf.cond(offset > 0, lambda: report(offset), lambda: tf.constant(0, tf.int64))
            with tf.control_dependencies([done]):
                return tf.nest.map_structure(tf.identity, example)

        found = tf.data.Dataset.range(most).map(load).ignore_errors()
        return found.concatenate(tf.data.Dataset.range(1).map(fail)).take(1).map(reported)

    def _report(self, rows, in_vain):
        """Charges the examples of `rows` to the budget."""
        for row in rows.tolist():
            self.bad_examples.skip(self.reader.where(row), self.reader.reason(row))
        if in_vain:
            self.bad_examples.stop(f"none of {len(rows)} consecutive examples can be read")
        return np.int64(0)


def _slices(positions, seeds):
    """A data set of positions, or of pairs of a position and its seed."""
    source = positions if seeds is None else (positions, seeds)
    return tf.data.Dataset.from_tensor_slices(source)

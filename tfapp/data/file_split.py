"""Examples that lie in files and are read one by one: the split behind folder:, tfrecord: and more.

A reader knows how one example is read; a split knows which examples it holds, and what happens when
one of them cannot be read: the next readable one of the split, in stored order, takes its place. So
batches keep their size, and stay a function of seed, step and data.
"""

import logging

import numpy as np
import tensorflow as tf

_LOG = logging.getLogger("tfapp")
_TOLD_FROM = 5000  # examples whose reading takes long enough to be told
_CHUNK = 64  # most examples read by one call; the sizes of batches divide into chunks
_SEARCH = 1000  # consecutive examples among which a readable one must be
SERVED = "served_position"  # in an example: int64, the position that was read for it


class FileSplit:
    """Examples by index into a reader's rows.

    A reader has
      read(row, seed)  int64 scalar -> dict of tensors of one example, in TensorFlow operations;
                       seed is None, or an int64 scalar: the key of a random window
      where(row)       what messages call it, a str
      reason(row)      why it cannot be read, a str
      example_nbytes   bytes of one example once decoded
    """

    by_example = True

    def __init__(self, reader, rows, labels, *, label, bad_examples):
        """
        Args:
          reader: see above; without the label.
          rows: int64 [num_examples], the reader's row of each example.
          labels: [num_examples, ...], what is to be learnt.
          label: its name.
          bad_examples: the `BadExamples` of the source.
        """
        self.reader = reader
        self.rows = np.asarray(rows, np.int64)
        self.num_examples = len(self.rows)
        self.bad_examples = bad_examples
        self._labels = labels
        self._label = label
        self._windows = False
        self._tensors = None
        size = labels[:1].nbytes if len(labels) else 0
        self.nbytes = self.num_examples * (reader.example_nbytes + size)

    def labels(self, name):
        """The labels as NumPy [num_examples, ...]; `name` is that of the label."""
        del name
        return self._labels

    def subset(self, indices):
        """A split of the examples at `indices`, int64 [n], in that order."""
        return FileSplit(
            self.reader,
            self.rows[indices],
            self._labels[indices],
            label=self._label,
            bad_examples=self.bad_examples,
        )

    def with_random_windows(self):
        """The same split, of whose files a seed cuts random windows while they are decoded."""
        split = self.subset(np.arange(self.num_examples))
        split._windows = True
        return split

    def load(self, position, seed=None):
        """The example at `position`, an int64 scalar, as a dict of tensors; fails if it is bad."""
        rows, labels = self._constants()
        example = self.reader.read(rows[position], seed)
        return {**example, self._label: labels[position], SERVED: position}

    @tf.autograph.experimental.do_not_convert
    def load_chunk(self, positions, seeds=None):
        """The examples at `positions`, int64 [n] of static size, inside a tf.data function.

        Each example may stand for one that is bad: SERVED says which was read. Trying costs
        nothing while nothing fails: an inner pipeline reads all, a second one only if it failed.
        """
        size = positions.shape[0]
        seeds = seeds if self._windows else None
        whole = self._pipeline(positions, seeds, self.load).batch(size, drop_remainder=True)
        guarded = self._pipeline(positions, seeds, self._load_or_next)
        guarded = guarded.batch(size, drop_remainder=True)
        return whole.ignore_errors().concatenate(guarded).take(1).get_single_element()

    def fetch(self, indices):
        """Examples at `indices`, int64 [n], as a dict of tensors [n, ...]. Raises DataError."""
        examples = list(self._in_order(np.asarray(indices, np.int64)))
        return {
            name: tf.concat([part[name] for part in examples], 0)
            for name in examples[0]
            if name != SERVED
        }

    def examples(self, count):
        """The first `count` examples, name -> NumPy [n, ...]. Raises DataError."""
        fetched = self.fetch(np.arange(min(count, self.num_examples)))
        return {name: tensor.numpy() for name, tensor in fetched.items()}

    def sample(self, count):
        """Up to `count` examples evenly spread over the split, name -> NumPy [n, ...]."""
        count = min(count, self.num_examples)
        positions = np.arange(count) * self.num_examples // count
        return {name: tensor.numpy() for name, tensor in self.fetch(positions).items()}

    def arrays(self):
        """The whole split in memory, name -> NumPy [num_examples, ...]. Raises DataError."""
        if self.num_examples >= _TOLD_FROM:
            _LOG.info("data: reading %s examples into memory", f"{self.num_examples:,}")
        arrays, filled = None, 0
        for part in self._in_order(np.arange(self.num_examples)):
            part = {name: value.numpy() for name, value in part.items()}
            if arrays is None:
                arrays = {
                    name: np.empty((self.num_examples, *value.shape[1:]), value.dtype)
                    for name, value in part.items()
                }
            size = len(part[SERVED])
            for name, value in part.items():
                arrays[name][filled : filled + size] = value
            filled += size
        return arrays

    def chunk_size(self, batch_size):
        """The largest number of examples read by one call that divides `batch_size`."""
        return next(n for n in range(min(_CHUNK, batch_size), 0, -1) if batch_size % n == 0)

    def _in_order(self, positions):
        """Yields the examples in pieces; the last ones may come one by one."""
        rest = len(positions) % _CHUNK
        pieces = [positions[: len(positions) - rest].reshape(-1, _CHUNK)]
        pieces.append(positions[len(positions) - rest :].reshape(-1, 1))
        for piece in pieces:
            if len(piece):
                dataset = tf.data.Dataset.from_tensor_slices(piece).map(
                    self.load_chunk, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
                )
                with self.bad_examples.reporting():
                    yield from dataset.prefetch(2)

    def _pipeline(self, positions, seeds, load):
        if seeds is None:
            return tf.data.Dataset.from_tensor_slices(positions).map(load)
        return tf.data.Dataset.from_tensor_slices((positions, seeds)).map(load)

    def _load_or_next(self, position, seed=None):
        """The example at `position`, or the next one that can be read; reports those skipped."""
        tries = tf.data.Dataset.range(min(_SEARCH, self.num_examples))

        def load(offset):
            return {**self.load((position + offset) % self.num_examples, seed), "offset": offset}

        # What is tried last never fails, so that a search in vain ends in a report as well.
        found = tries.map(load).ignore_errors().take(1)
        offset = found.map(lambda example: example["offset"]).reduce(
            tf.constant(min(_SEARCH, self.num_examples), tf.int64), lambda _, offset: offset
        )
        reported = tf.cond(
            offset > 0,
            lambda: tf.numpy_function(self._report, (position, offset), tf.int64, stateful=True),
            lambda: tf.constant(0, tf.int64),
        )
        with tf.control_dependencies([reported]):
            return self.load((position + tf.identity(offset)) % self.num_examples, seed)

    def _report(self, position, count):
        """Takes the `count` examples from `position` on from the budget."""
        for i in range(count):
            row = int(self.rows[(position + i) % self.num_examples])
            self.bad_examples.skip(self.reader.where(row), self.reader.reason(row))
        if count == min(_SEARCH, self.num_examples):
            self.bad_examples.stop(f"none of {count} consecutive examples can be read")
        return np.int64(0)

    def _constants(self):
        if self._tensors is None:
            with tf.init_scope(), tf.device("CPU:0"):
                self._tensors = tf.constant(self.rows), tf.constant(self._labels)
        return self._tensors

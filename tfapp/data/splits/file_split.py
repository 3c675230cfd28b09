"""Examples that lie in files and are read one by one: the split behind folder:, tfrecord: and TFDS.

A reader knows how one example is read; a split knows which examples it holds, and what happens when
one of them cannot be read: the next readable one of the split, in stored order, takes its place. So
batches keep their size, and stay a function of seed, step and data.
"""

import collections
import logging
from concurrent import futures

import numpy as np
import tensorflow as tf

from tfapp.data.splits.array_split import ArraySplit
from tfapp.data.splits.example_loader import SERVED
from tfapp.data.splits.split import Split
from tfapp.runtime.host import cores

_LOG = logging.getLogger("tfapp")
_LOGGED_FROM = 5000  # examples, whose reading takes long enough for a line in the log
_CHUNK = 64  # most examples read by one call; the sizes of batches divide into chunks
_PARALLEL = cores() + 1  # chunks read at a time


class FileSplit(Split):
    """Examples by index into a reader's rows."""

    by_example = True

    def __init__(self, loader, rows, labels, windows=False):
        """
        Args:
          loader: an `ExampleLoader`, which the splits of one reader share.
          rows: int64 [num_examples], the reader's row of each example.
          labels: [num_examples, ...], what is to be learnt.
          windows: see `with_random_windows`.
        """
        self.reader, self.bad_examples = loader.reader, loader.bad_examples
        self.cuts_windows = self.reader.cuts_windows
        self.only_here = self.reader.only_here
        self.rows = np.asarray(rows, np.int64)
        self.num_examples = len(self.rows)
        self._loader = loader
        self._labels = labels
        self._windows = windows
        self._tensors = None
        size = labels[:1].nbytes if len(labels) else 0
        self.nbytes = self.num_examples * (self.reader.example_nbytes + size)

    def labels(self, name):
        del name  # there are no others
        return self._labels

    def subset(self, indices):
        return FileSplit(self._loader, self.rows[indices], self._labels[indices], self._windows)

    def with_arrays(self, arrays):
        return ArraySplit(arrays, name_of=self.name_of)

    def with_random_windows(self):
        if not self.cuts_windows:
            return super().with_random_windows()
        return FileSplit(self._loader, self.rows, self._labels, windows=True)

    def name_of(self, index):
        return self.reader.where(int(self.rows[index]))

    def chunk_size(self, share):
        return next(n for n in range(min(_CHUNK, share), 0, -1) if share % n == 0)

    def load_chunk(self, positions, seeds=None):
        seeds = seeds if self._windows else None
        return self._loader.load_chunk(*self._constants(), positions, seeds)

    def load_chunk_elsewhere(self, positions, seeds=None):
        if self.only_here:
            return super().load_chunk_elsewhere(positions, seeds)
        seeds = seeds if self._windows else None
        return self._loader.load_chunk_elsewhere(*self._constants(), positions, seeds)

    def fetch(self, indices):
        examples = list(self._in_order(np.asarray(indices, np.int64)))
        return {
            name: tf.concat([part[name] for part in examples], 0)
            for name in examples[0]
            if name != SERVED
        }

    def examples(self, count):
        fetched = self.fetch(np.arange(min(count, self.num_examples)))
        return {name: tensor.numpy() for name, tensor in fetched.items()}

    def sample(self, count):
        count = min(count, self.num_examples)
        positions = np.arange(count) * self.num_examples // count
        return {name: tensor.numpy() for name, tensor in self.fetch(positions).items()}

    def arrays(self):
        if self.num_examples >= _LOGGED_FROM:
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

    def _in_order(self, positions):
        """Yields the examples in pieces, in order, a few of them read ahead in parallel."""
        pieces = np.array_split(positions, max(-(-len(positions) // _CHUNK), 1))
        read = self._loader.chunk_reader(*self._constants())
        reading = collections.deque()
        with self.bad_examples.reporting(), futures.ThreadPoolExecutor(_PARALLEL) as pool:
            try:
                for piece in pieces:
                    reading.append(pool.submit(read, piece))
                    if len(reading) > _PARALLEL:
                        yield reading.popleft().result()
                while reading:
                    yield reading.popleft().result()
            finally:
                for chunk in reading:
                    chunk.cancel()

    def _constants(self):
        if self._tensors is None:
            with tf.init_scope(), tf.device("CPU:0"):
                self._tensors = tf.constant(self.rows), tf.constant(self._labels)
        return self._tensors

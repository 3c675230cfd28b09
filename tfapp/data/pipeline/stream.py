"""The stream input engine: tf.data on the host, in the same order, ahead of the device."""

import tensorflow as tf

from tfapp.data.pipeline import order
from tfapp.data.splits.example_loader import SERVED
from tfapp.runtime.host import cores
from tfapp.spec import EXAMPLE_SEED

# Pieces that are read at a time, and batches that are ready. Said rather than tuned: tf.data's
# tuner begins with few and looks again only after seconds, which is long where a piece is many
# files; and an iterator that is given up waits for the tuner to wake, a minute after a long run.
_PARALLEL = cores() + 1
_AHEAD = 4


class StreamInput:
    """Training batches in law order (order.py) from a tf.data pipeline.

    The same three calls as `ResidentInput`; here `inputs` is an iterator that starts at any step.
    """

    name = "stream"
    waits = True  # for the host, if it is late

    def __init__(self, split, *, strategy, batch_size, seed, with_seeds=False):
        """`with_seeds`: whether a batch holds EXAMPLE_SEED, for augmentation."""
        self._split = split
        self._strategy = strategy
        self._examples = {
            "num_examples": split.num_examples,
            "batch_size": batch_size,
            "seed": seed,
        }
        self._share = batch_size // strategy.num_replicas_in_sync
        self._with_seeds = with_seeds
        self.inputs = None

    def restart(self, step):
        """Makes the next batch that of global step `step`."""
        self.inputs = iterator(self._strategy, lambda: self._dataset(step))

    def prepare(self, inputs):
        """Runs once a loop, before its first step."""
        return inputs

    def pull(self, inputs, step):
        del step  # the iterator knows where it is
        return next(inputs)

    def batch(self, pulled, replica):
        del replica  # tf.distribute hands every replica its own element
        return {name: value for name, value in pulled.items() if name != SERVED}

    def _dataset(self, first_step):
        """Elements are one replica's share each: those of a step in turn, then the next step's."""
        return read_pieces(self._split, self._share, lambda size: self._drawn(first_step, size))

    def _drawn(self, first_step, size):
        """A data set of pieces of `size` examples: their indices, and their seeds."""
        pieces = self._examples["batch_size"] // size

        def draw(number):
            step, first = number // pieces, (number % pieces) * size
            indices = order.batch_indices(step, first=first, count=size, **self._examples)
            if not self._with_seeds:
                return {"indices": indices}
            return {
                "indices": indices,
                EXAMPLE_SEED: order.example_seeds(indices, step, **self._examples),
            }

        return tf.data.Dataset.range(first_step * pieces, tf.int64.max).map(draw)


def iterator(strategy, make_dataset):
    """An iterator over elements that are one replica's share of a batch each, in turn."""
    if strategy.num_replicas_in_sync == 1:
        return iter(make_dataset())
    return iter(strategy.distribute_datasets_from_function(lambda _: make_dataset()))


@tf.autograph.experimental.do_not_convert
def read_pieces(split, share, draw):
    """Reads examples in parallel, in order, ahead of who asks for them.

    Args:
      split: an `ArraySplit` or a `FileSplit`.
      share: examples an element of the result.
      draw: (size) -> a data set of {"indices": int64 [size], ...}; what else it holds goes along.

    Returns:
      a data set of dicts of tensors [share, ...].
    """
    by_example = getattr(split, "by_example", False)
    size = split.chunk_size(share) if by_example else share

    def read(piece):
        indices = tf.ensure_shape(piece.pop("indices"), [size])
        if by_example:
            return {**split.load_chunk(indices, piece.get(EXAMPLE_SEED)), **piece}
        return {**split.fetch(indices), **piece}

    pieces = draw(size).map(read, num_parallel_calls=_PARALLEL, deterministic=True)
    if size < share:
        pieces = pieces.batch(share // size, drop_remainder=True).map(_joined)
    options = tf.data.Options()
    options.autotune.enabled = False
    return pieces.prefetch(_AHEAD).with_options(options)


def _joined(pieces):
    """[pieces, size, ...] -> [pieces * size, ...], which copies nothing."""
    return {
        name: tf.reshape(value, (value.shape[0] * value.shape[1], *value.shape[2:]))
        for name, value in pieces.items()
    }

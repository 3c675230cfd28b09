"""Reads pieces in this process."""

import tensorflow as tf

from tfapp.data.pipeline.pieces import INDICES, PieceReader
from tfapp.runtime.host import cores
from tfapp.spec import EXAMPLE_SEED

# Pieces that are read at a time. Fixed rather than tuned: tf.data's tuner starts with few and
# reconsiders only after seconds, which is long where a piece is many files; and deleting an
# iterator waits for the tuner to wake, up to a minute after a long run.
PARALLEL = cores() + 1


class LocalReader(PieceReader):
    """See `PieceReader`."""

    @tf.autograph.experimental.do_not_convert
    def read(self, split, pieces):
        def load(number):
            piece = dict(pieces.draw(number))
            indices = tf.ensure_shape(piece.pop(INDICES), [pieces.size])
            return {**split.load_chunk(indices, piece.get(EXAMPLE_SEED)), **piece}

        numbers = tf.data.Dataset.range(pieces.first, pieces.end)
        return numbers.map(load, num_parallel_calls=PARALLEL, deterministic=True)


HERE = LocalReader()

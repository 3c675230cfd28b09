"""Reads pieces by a tf.data service: data workers on other machines, in the order of this process.

A data worker takes the next number, reads its piece and sends it with the number. Pieces therefore
come in any order, from any number of workers, and are put into order here. The graph that workers
run is sent to them; they open files by the paths that this process uses.
"""

import math

import tensorflow as tf

from tfapp.data.pipeline.in_order import InOrder, PiecesLost
from tfapp.data.pipeline.local_reader import PARALLEL
from tfapp.data.pipeline.pieces import INDICES, PieceReader
from tfapp.data.splits.example_loader import SERVED
from tfapp.errors import DataError, ServiceLost
from tfapp.spec import EXAMPLE_SEED, reserved_name

PATIENCE_SECONDS = 5.0  # for a piece when later ones have come; it is read here then
GIVE_UP_SECONDS = 120.0  # for any piece
NUMBER = reserved_name("piece")  # of a piece, among what data workers send
_LOST = -2  # as SERVED, of a piece that got lost
_WAITING_BYTES = 1 << 30  # of pieces that came too early
_LEAST_WAITING = 16  # pieces, whatever their size
# Pieces that a data worker reads at a time, the examples of each side by side. To begin with, each
# takes most of a second of one core; and more would be far ahead of those of a slower worker.
_AT_A_TIME = 2


class DataService(PieceReader):
    """See `PieceReader`."""

    def __init__(self, address, *, fail):
        """
        Args:
          address: of the dispatcher, such as "grpc://10.0.0.2:5050".
          fail: called with a TfappError that ends reading, which it raises; see `BadExamples.fail`.
        """
        self._address = address
        self._fail = fail

    @tf.autograph.experimental.do_not_convert
    def read(self, split, pieces):
        numbers = tf.data.Dataset.range(pieces.first, pieces.end)
        found = tf.data.Dataset.zip(numbers.map(pieces.draw), self._ordered(split, pieces))

        def checked(piece, rows):
            piece = dict(piece)
            indices = piece.pop(INDICES)
            return {**self._checked(split, indices, piece.get(EXAMPLE_SEED), rows), **piece}

        found = found.map(checked, num_parallel_calls=PARALLEL, deterministic=True)
        return found.with_options(_own_threads())

    def _ordered(self, split, pieces):
        """A data set of what data workers read of each piece, in order."""
        asked = _asked(split, pieces, pieces.first)
        specs = {name: spec for name, spec in asked.element_spec.items() if name != NUMBER}

        def ask(number):
            again = number != pieces.first
            for found in self._served(_asked(split, pieces, number) if again else asked):
                yield int(found.pop(NUMBER)), found

        lost = {name: tf.zeros(spec.shape, spec.dtype) for name, spec in specs.items()}
        lost[SERVED] = tf.fill(specs[SERVED].shape, tf.constant(_LOST, tf.int64))

        def ordered():
            found = InOrder(
                ask,
                pieces.first,
                pieces.end,
                most_waiting=_most(specs),
                patience=PATIENCE_SECONDS,
                give_up=GIVE_UP_SECONDS,
            )
            try:
                for piece in found:
                    yield lost if piece is None else piece
            except PiecesLost as error:
                self._fail(
                    ServiceLost(
                        f"--data_service={self._address}: sent nothing for "
                        f"{GIVE_UP_SECONDS:.0f} s ({error}); look whether its dispatcher and data "
                        "workers run, then repeat the command to continue"
                    )
                )

        return tf.data.Dataset.from_generator(ordered, output_signature=specs)

    def _served(self, asked):
        """The data set `asked`, each of whose elements one of the data workers makes."""
        service = tf.data.experimental.service.distribute(
            tf.data.experimental.service.ShardingPolicy.DYNAMIC, self._address, compression=None
        )
        return asked.apply(service).with_options(_own_threads())

    def _checked(self, split, indices, seeds, rows):
        """The examples that a data worker read or, where none could, that are read here.

        So bad examples are found, counted and replaced as without a service.
        """
        lost = tf.reduce_all(rows[SERVED] == _LOST)
        return tf.cond(
            tf.reduce_all(rows[SERVED] == indices),
            lambda: rows,
            lambda: self._read_here(split, indices, seeds, lost),
        )

    def _read_here(self, split, indices, seeds, lost):
        rows = split.load_chunk(indices, seeds)
        refused = tf.cond(
            lost | tf.reduce_any(rows[SERVED] != indices),
            lambda: tf.constant(0, tf.int64),
            lambda: tf.numpy_function(lambda i: self._refuse(split, i), (indices,), tf.int64),
        )
        with tf.control_dependencies([refused]):
            return {name: tf.identity(value) for name, value in rows.items()}

    def _refuse(self, split, indices):
        several = f" or one of {len(indices) - 1} read with it" if len(indices) > 1 else ""
        self._fail(
            DataError(
                f"--data_service={self._address}: a data worker cannot read "
                f"{split.name_of(int(indices[0]))}{several}, which can be read here; every data "
                "worker must see the files under the same path"
            )
        )


def _asked(split, pieces, first):
    """The pieces from number `first` on, each with its number: the data set that workers run."""

    def load(number):
        piece = pieces.draw(number)
        indices = tf.ensure_shape(piece[INDICES], [pieces.size])
        return {NUMBER: number, **split.load_chunk_elsewhere(indices, piece.get(EXAMPLE_SEED))}

    options = tf.data.Options()
    # Reading one element of a pipeline within counts as state, of which it has none.
    options.experimental_external_state_policy = tf.data.experimental.ExternalStatePolicy.IGNORE
    options.autotune.enabled = False  # as in `local_reader`
    numbers = tf.data.Dataset.range(first, pieces.end)
    return numbers.map(load, num_parallel_calls=_AT_A_TIME).with_options(options)


def _own_threads():
    """Options: what waits for pieces must not keep threads of TensorFlow's own pool from others."""
    options = tf.data.Options()
    options.threading.private_threadpool_size = PARALLEL + 1
    options.autotune.enabled = False
    return options


def _most(specs):
    """How many pieces may have come too early."""
    size = sum(math.prod(spec.shape) * spec.dtype.size for spec in specs.values())
    return max(_WAITING_BYTES // size, _LEAST_WAITING)

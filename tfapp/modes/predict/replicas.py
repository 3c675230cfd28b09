"""The exported model on every device, answering batches at the same time, in their order."""

import collections
import contextlib
import queue
import threading
from concurrent import futures

import numpy as np
import tensorflow as tf

from tfapp.data.images.reader import in_words
from tfapp.errors import DataError

_REFUSED = (tf.errors.OpError, UnicodeDecodeError)  # a message that quotes bytes of the file
_IN_FLIGHT = 2  # batches a device, so that it need not wait for the next one
_AHEAD = 4  # batches that are read before they are needed


class Replica:
    """One copy of the model, on one device, with a thread of its own."""

    def __init__(self, load, device):
        """
        Args:
          load: function without arguments that returns a `ServedModel`.
          device: its name; "": where TensorFlow puts it.
        """
        self._device = device
        with self._placed():
            self.model = load()
        self._thread = futures.ThreadPoolExecutor(1)

    def submit(self, piece, size, *, encoded):
        """A future of the answers to a `Piece`: name -> NumPy [n, ...].

        Args:
          size: rows to which the piece is padded, so that every batch has the same shape.
          encoded: see `InputStream`.
        """
        return self._thread.submit(self._answer, piece, size, encoded)

    def close(self):
        """Waits for what is being computed; what has not begun is dropped."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _answer(self, piece, size, encoded):
        padded = {name: _padded(array, size) for name, array in piece.features.items()}
        with self._placed():
            answers = self._of_files(piece, padded) if encoded else self.model.answer(padded)
        return {name: array[: len(piece)] for name, array in answers.items()}

    def _of_files(self, piece, padded):
        (images,) = padded.values()
        try:
            return self.model.answer_bytes(list(images))
        except _REFUSED:
            (data,) = piece.features.values()
            self._raise_for_bad_file(piece.names, data)
            raise

    def _raise_for_bad_file(self, names, data):
        for name, content in zip(names, data, strict=True):
            try:
                self.model.answer_bytes([content])
            except _REFUSED as error:
                reason = in_words(error) if isinstance(error, tf.errors.OpError) else "is damaged"
                reason = reason if content else "is empty"
                raise DataError(f"{name}: cannot be read as an image: {reason}") from error

    def _placed(self):
        return tf.device(self._device) if self._device else contextlib.nullcontext()


def _padded(array, size):
    """The array with its last row repeated, so that it has at least `size` rows."""
    missing = size - len(array)
    return np.concatenate([array, np.repeat(array[-1:], missing, 0)]) if missing > 0 else array


def answered(replicas, batches, size, *, encoded, continued):
    """Yields (piece, answers) for each of the `batches`, in their order.

    Args:
      replicas: `Replica`s, which take turns.
      batches: iterable of `Piece`s, read in a thread of its own while the model answers.
      size, encoded: see `Replica.submit`. An input that is smaller than a batch is not padded.
      continued: whether there were batches before these.
    """
    pending = collections.deque()
    with read_ahead(batches, _AHEAD) as pieces:
        for i, piece in enumerate(pieces):
            replica = replicas[i % len(replicas)]
            padded = size if i or continued else 0
            pending.append((piece, replica.submit(piece, padded, encoded=encoded)))
            if len(pending) == _IN_FLIGHT * len(replicas):
                done, answers = pending.popleft()
                yield done, answers.result()
        for done, answers in pending:
            yield done, answers.result()


_END = object()


@contextlib.contextmanager
def read_ahead(items, depth):
    """Gives an iterator over `items`, up to `depth` of which are made before they are taken.

    A thread makes them; what it raises is raised by the iterator. It ends with the context.
    """
    made, stopped = queue.Queue(depth), threading.Event()

    def put(item, error=None):
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                made.put((item, error), timeout=0.1)
                return

    def make():
        try:
            for item in items:
                put(item)
                if stopped.is_set():
                    return
            put(_END)
        except BaseException as error:  # raised where the item is taken
            put(_END, error)

    def take():
        while True:
            item, error = made.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        stopped.set()
        thread.join()

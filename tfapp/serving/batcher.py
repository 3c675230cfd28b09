"""Joins requests of the same signature to batches, and calls TensorFlow on a thread of its own.

A request that comes alone is answered at once, and where nobody else is connected without the
thread. Under load the thread waits until as many requests are there as it last answered together,
at most `wait_seconds` and no longer than a call of the model takes: then answering at once would
have been as quick. Batches are padded to powers of two so that what TensorFlow and its libraries
prepare for a shape is prepared for a few shapes only.
"""

import asyncio
import collections
import dataclasses
import logging
import threading
import time

import numpy as np
import tensorflow as tf

from tfapp.serving.errors import RequestError, bad
from tfapp.serving.signature import Signature

_LOG = logging.getLogger("tfapp")
_QUICK = 2e-3  # seconds of a call for which the event loop may be kept


@dataclasses.dataclass(eq=False, slots=True)
class _Item:
    """One request."""

    signature: Signature
    arrays: dict[str, np.ndarray]  # argument -> [count, ...]
    count: int
    arrived: float
    deadline: float  # after which nobody waits for the answer
    future: asyncio.Future


class Batcher:
    """Answers requests of an event loop."""

    def __init__(self, *, largest, wait_seconds, observe=None, clock=time.monotonic):
        """
        Args:
          largest: examples in one call of the model at most.
          wait_seconds: that a request waits at most for others.
          observe: (examples, requests) -> None, called after each call of the model.
          clock: seconds; injected by tests.
        """
        self._largest = largest
        self._wait = wait_seconds
        self._observe = observe or (lambda examples, requests: None)
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: dict[Signature, collections.deque[_Item]] = {}
        self._expected = 1  # requests that were answered together the last time
        self._call_seconds = 0.0  # that this took
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="tfapp-batcher", daemon=True)
        self._thread.start()

    def answer_at_once(self, signature, arrays, count):
        """The answer to one example, by the caller's thread; for when nobody else is connected.

        Two threads would hand it over and back for longer than a quick model takes.

        Args: see `submit`.

        Returns:
          name of an answer -> NumPy [count, ...]; None: the model is not known to be quick, or
          there is more to answer, and it is a case for `submit`.

        Raises:
          RequestError: the model cannot work on it.
        """
        if count > 1 or not 0 < self._call_seconds < _QUICK or self._waiting:
            return None
        self._expected, began = 1, self._clock()
        try:
            answers = signature(arrays)
        except Exception as error:  # of whatever kind: it is the request's alone
            raise _as_request_error(error, signature) from error
        self._call_seconds = self._clock() - began
        self._observe(1, 1)
        return answers

    def submit(self, signature, arrays, count, deadline):
        """Hands a request over, from a running event loop.

        Args:
          signature: a `Signature`.
          arrays: argument -> NumPy [count, ...].
          count: examples.
          deadline: time of the clock after which no answer is needed.

        Returns:
          an asyncio.Future of name of an answer -> NumPy [count, ...], or a RequestError. Once it
          is cancelled, the request is dropped.
        """
        future = asyncio.get_running_loop().create_future()
        item = _Item(signature, arrays, count, self._clock(), deadline, future)
        with self._changed:
            queue = self._waiting.setdefault(signature, collections.deque())
            queue.append(item)
            if len(queue) == 1 or self._is_enough(queue):
                self._changed.notify()
        return future

    def close(self):
        """Answers what waits and ends the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self):
        while batch := self._next():
            self._expected, began = len(batch), self._clock()
            pairs = self._answered(batch)
            self._call_seconds = self._clock() - began
            _deliver(pairs)
            del batch, pairs  # a version that is replaced must not be kept while nothing comes

    def _next(self):
        """The next requests to be answered together; empty at the end."""
        with self._changed:
            while not self._waiting:
                if self._stopped:
                    return []
                self._changed.wait()
            queue = min(self._waiting.values(), key=lambda items: items[0].arrived)
            ends = queue[0].arrived + min(self._wait, self._call_seconds)
            while not (self._is_enough(queue) or self._stopped):
                left = ends - self._clock()
                if left <= 0:
                    break
                self._changed.wait(left)
            return self._take(queue)

    def _is_enough(self, queue):
        return len(queue) >= min(self._expected, self._largest)

    def _take(self, queue):
        """Requests from the head of a queue that fit into a batch, at least one."""
        batch, room = [queue.popleft()], self._largest
        room -= batch[0].count
        while queue and queue[0].count <= room and batch[0].signature.has_batches:
            batch.append(queue.popleft())
            room -= batch[-1].count
        if not queue:
            del self._waiting[batch[0].signature]
        return batch

    def _answered(self, batch):
        """Pairs (future, answers or RequestError) of the requests that are still waited for."""
        now = self._clock()
        batch = [i for i in batch if i.deadline > now and not i.future.cancelled()]
        if not batch:
            return []
        try:
            return self._together(batch)
        except RequestError as error:
            return [(batch[0].future, error)]
        except Exception as error:  # of one of them: whose, shows each by itself
            if len(batch) > 1:
                return [pair for item in batch for pair in self._answered([item])]
            return [(batch[0].future, _as_request_error(error, batch[0].signature))]

    def _together(self, batch):
        signature, arrays = batch[0].signature, batch[0].arrays
        if len(batch) > 1:
            arrays = {a: np.concatenate([i.arrays[a] for i in batch]) for a in arrays}
        count = sum(item.count for item in batch)
        answers = self._in_pieces(signature, arrays, count, batch[0])
        self._observe(count, len(batch))
        if len(batch) == 1:
            return [(batch[0].future, answers)]
        ends = np.cumsum([item.count for item in batch])
        return [
            (item.future, {n: answer[end - item.count : end] for n, answer in answers.items()})
            for item, end in zip(batch, ends.tolist(), strict=True)
        ]

    def _in_pieces(self, signature, arrays, count, first):
        """The answers; more examples than the largest batch takes are answered piece by piece."""
        if count <= self._largest or not signature.has_batches:
            return _padded(signature, arrays, count, self._largest)
        pieces = []
        for start in range(0, count, self._largest):
            if first.future.cancelled() or first.deadline <= self._clock():
                raise RequestError(504, "the answer took too long")
            part = {a: array[start : start + self._largest] for a, array in arrays.items()}
            size = min(self._largest, count - start)
            pieces.append(_padded(signature, part, size, self._largest))
        return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def padded_size(count, largest):
    """The power of two that `count` examples are padded to, or `largest`."""
    return min(1 << max(count - 1, 0).bit_length(), largest)


def _padded(signature, arrays, count, largest):
    """Answers [count, ...] of a batch that is filled up with copies of its last example."""
    missing = padded_size(count, largest) - count
    if missing <= 0 or not signature.has_batches:
        return signature(arrays)
    filled = {
        argument: np.concatenate([array, np.repeat(array[-1:], missing, axis=0)])
        for argument, array in arrays.items()
    }
    return {name: answer[:count] for name, answer in signature(filled).items()}


def _as_request_error(error, signature):
    """What a client may see of an error of TensorFlow: nothing of its message, which has paths."""
    if isinstance(error, (tf.errors.InvalidArgumentError, tf.errors.OutOfRangeError)):
        what = "an image cannot be decoded"
        if not any(taken.is_image for taken in signature.inputs.values()):
            what = "the model cannot work on these values"
        return bad(f"{what} (signature {signature.name})")
    if isinstance(error, (tf.errors.ResourceExhaustedError, MemoryError)):
        return RequestError(503, "there is not enough memory for this request now")
    _LOG.error("serve: %s failed: %s: %s", signature.name, type(error).__name__, error)
    return RequestError(500, "the model failed; the server's log has the reason")


def _deliver(pairs):
    """Gives every request its outcome, by one call of the event loop for all of them."""
    if pairs:
        loop = pairs[0][0].get_loop()
        try:
            loop.call_soon_threadsafe(_resolve, pairs)
        except RuntimeError:  # the loop has ended: nobody waits any more
            _LOG.debug("serve: %d answers were not needed", len(pairs))


def _resolve(pairs):
    for future, outcome in pairs:
        if future.done():  # cancelled: too late, or its client is gone
            continue
        if isinstance(outcome, RequestError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

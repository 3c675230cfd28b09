"""Puts numbered pieces into order that come in any order, and of which some may get lost.

Data workers hand out each piece at most once: one that ends takes along what it was about to send.
Since the order of examples is a function of the step, what is missing is simply asked for again.
"""

import atexit
import logging
import queue
import threading
import time
import weakref

_LOG = logging.getLogger("tfapp")
_PAUSE = 0.1  # of the patience, after an error and before pieces are asked for again
_POLL_SECONDS = 1.0  # between two looks whether a feed has been closed
_READY = 4  # pieces that a feed holds
_END_SECONDS = 2.0  # for a feed to end when the process does
_OPEN = weakref.WeakSet()  # feeds


class PiecesLost(Exception):
    """A piece does not come; the message gives the reason."""


def in_order(ask, first, end, *, most_waiting, patience, give_up):
    """Yields pieces first, first + 1, ..., end - 1.

    Args:
      ask: (number) -> an iterable of pairs (number of a piece, piece) from that number on, in any
        order. It is called and iterated over in a thread, which may wait and fail.
      first, end: numbers.
      most_waiting: pieces that may have come too early; more mean that one is lost.
      patience: seconds to wait for a piece before it is asked for again, then twice as long.
      give_up: seconds to wait for it in all.

    Raises:
      PiecesLost: a piece has not come, however often it was asked for.
    """
    waiting, feed = {}, Feed(ask, first)
    try:
        for number in range(first, end):
            ends, wait = time.monotonic() + give_up, patience
            while reason := _receive(feed, number, waiting, most_waiting, wait):
                left = ends - time.monotonic()
                if left <= 0:
                    raise PiecesLost(reason)
                _LOG.warning("data: %s; asking for it again", reason)
                feed.close()
                waiting.clear()
                feed, wait = Feed(ask, number), min(2 * wait, left)
            yield waiting.pop(number)
    finally:
        feed.close()


def _receive(feed, wanted, waiting, most_waiting, seconds):
    """Fills `waiting` until the piece `wanted` is there; "", or why it will not come."""
    ends = time.monotonic() + seconds
    while wanted not in waiting:
        try:
            found = feed.next(ends - time.monotonic())
        except queue.Empty:
            return f"piece {wanted} has not come for {seconds:.0f} s"
        if isinstance(found, Exception):
            time.sleep(_PAUSE * seconds)
            return f"piece {wanted} has not come ({' '.join(str(found).split())[:300]})"
        if found is None or len(waiting) >= most_waiting:
            time.sleep(_PAUSE * seconds)
            return f"piece {wanted} has not come, but {len(waiting)} after it"
        number, piece = found
        waiting[number] = piece
    return ""


class Feed:
    """An iterable read in a thread of its own, because it may wait without end."""

    def __init__(self, ask, number):
        """See `in_order`."""
        self._found = queue.Queue(_READY)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ask, number), daemon=True)
        self._thread.start()
        _OPEN.add(self)

    def next(self, seconds):
        """The next pair; None at the end; an Exception that reading raised.

        Raises:
          queue.Empty: nothing has come for so many seconds.
        """
        return self._found.get(timeout=max(seconds, 0.0))

    def close(self):
        """Ends the thread as soon as it no longer waits."""
        self._closed.set()
        while not self._found.empty():  # makes room, if it waits for that
            self._found.get_nowait()

    def join(self):
        self._thread.join(_END_SECONDS)

    def _run(self, ask, number):
        try:
            for pair in ask(number):
                if not self._put(pair):
                    return
            self._put(None)
        except Exception as error:
            self._put(error)

    def _put(self, item):
        """False if the feed has been closed."""
        while not self._closed.is_set():
            try:
                self._found.put(item, timeout=_POLL_SECONDS)
                return True
            except queue.Full:
                continue
        return False


@atexit.register
def _close_all():
    """A thread that comes back from TensorFlow while Python ends would end the process badly."""
    feeds = list(_OPEN)
    for feed in feeds:
        feed.close()
    for feed in feeds:
        feed.join()

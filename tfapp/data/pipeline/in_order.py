"""Puts numbered pieces into order that come in any order, and of which some may get lost.

Data workers hand out each piece at most once: one that ends takes along what it was about to send.
"""

import atexit
import logging
import queue
import re
import threading
import time
import weakref

_LOG = logging.getLogger("tfapp")
_PAUSE_SECONDS = 1.0  # after a failure, before pieces are asked for again; then twice as long
_POLL_SECONDS = 1.0  # between two looks whether a feed has been closed
_READY = 4  # pieces that a feed holds
_END_SECONDS = 2.0  # for all feeds to end when the process does
_NODE = re.compile(r"\{\{.*?\}\}|\[Op:.*")
_OPEN = weakref.WeakSet()  # feeds


class PiecesLost(Exception):
    """No pieces come any more; the message gives the reason."""


class FeedFailed(Exception):
    """Reading a feed raised an error, whose text is the message."""


class InOrder:
    """Iterates over pieces first, first + 1, ..., end - 1; None in place of one that got lost.

    Raises:
      PiecesLost: none has come for `give_up` seconds.
    """

    def __init__(self, ask, first, end, *, most_waiting, patience, give_up):
        """
        Args:
          ask: (number) -> an iterable of pairs (number of a piece, piece) from that number on, in
            any order. It is called and iterated over in a thread, which may wait and fail. After a
            failure it is called again.
          first, end: numbers.
          most_waiting: pieces that may have come too early; more mean that one is lost.
          patience: seconds after which a piece is lost if later ones have come.
          give_up: seconds to wait if none come.
        """
        self._ask = ask
        self._numbers = range(first, end)
        self._most_waiting = most_waiting
        self._patience, self._give_up = patience, give_up
        self._waiting = {}  # number -> piece
        self._feed = None

    def __iter__(self):
        self._feed = Feed(self._ask, self._numbers.start)
        try:
            for number in self._numbers:
                self._wait_for(number)
                yield self._waiting.pop(number)
        finally:
            self._feed.close()

    def _wait_for(self, number):
        begin, pause = time.monotonic(), _PAUSE_SECONDS
        while number not in self._waiting:
            seconds = self._patience if self._waiting else self._give_up
            try:
                self._receive(number, begin + seconds)
            except queue.Empty:
                if not self._waiting:
                    raise PiecesLost(f"nothing has come for {seconds:.0f} s") from None
                self._lose(number)
            except FeedFailed as error:
                if time.monotonic() + pause > begin + self._give_up:
                    raise PiecesLost(str(error)) from error
                _LOG.warning("data: the data service failed and is asked again (%s)", error)
                self._feed.close()
                time.sleep(pause)
                self._feed, pause = Feed(self._ask, number), 2 * pause

    def _receive(self, wanted, ends):
        """Takes one pair from the feed. Raises queue.Empty, FeedFailed."""
        pair = self._feed.next(ends)
        if pair is None or len(self._waiting) >= self._most_waiting:
            self._lose(wanted)
        if pair is not None and pair[0] >= wanted:
            self._waiting[pair[0]] = pair[1]

    def _lose(self, wanted):
        """Gives up `wanted` and whatever else should have come before the last that did."""
        last = max(self._waiting, default=wanted)
        lost = [number for number in range(wanted, last + 1) if number not in self._waiting]
        _LOG.warning(
            "data: %d piece%s from number %d on did not come in time and will be read here",
            len(lost),
            "" if len(lost) == 1 else "s",
            wanted,
        )
        self._waiting.update(dict.fromkeys(lost))


class Feed:
    """An iterable read in a thread of its own, because it may wait without end."""

    def __init__(self, ask, number):
        """See `InOrder`."""
        self._found = queue.Queue(_READY)
        self._ended = False
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ask, number), daemon=True)
        self._thread.start()
        _OPEN.add(self)

    def next(self, ends):
        """The next pair; None at the end.

        Raises:
          queue.Empty: nothing comes until `ends`, of time.monotonic.
          FeedFailed: reading raised an error.
        """
        if self._ended:
            return None
        found = self._found.get(timeout=max(ends - time.monotonic(), 0.0))
        if isinstance(found, Exception):
            raise FeedFailed(_words(found)) from found
        self._ended = found is None
        return found

    def close(self):
        """Ends the thread as soon as it no longer waits."""
        self._closed.set()

    def join(self, seconds):
        """Waits for the thread to end."""
        self._thread.join(seconds)

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


def _words(error):
    """The text of an error in one line, without the names of graph nodes."""
    return " ".join(_NODE.sub("", str(error)).split())[:300]


@atexit.register
def _close_all():
    """A thread that comes back from TensorFlow while Python ends would end the process badly."""
    feeds = list(_OPEN)
    for feed in feeds:
        feed.close()
    ends = time.monotonic() + _END_SECONDS
    for feed in feeds:
        feed.join(max(ends - time.monotonic(), 0.0))

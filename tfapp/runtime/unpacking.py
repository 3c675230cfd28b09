"""How far a compressed file may unpack: a few kilobytes can hold terabytes of zeros."""

from tfapp.runtime.storage import in_words

MOST_RATIO = 200  # times its size; text and numbers as people have them reach 20
SMALL = 1 << 30  # bytes that any file may unpack to


class Bomb(ValueError):
    """A file that unpacks to more than is let; the message says how much that is."""


class Bound:
    """Counts what a file of `size` bytes unpacks to."""

    def __init__(self, size):
        self.most = max(MOST_RATIO * size, SMALL)
        self._done = 0

    def add(self, count):
        """Counts `count` bytes more. Raises Bomb."""
        self._done += count
        if self._done > self.most:
            raise Bomb(
                f"unpacks to more than {in_words(self.most)}, {MOST_RATIO} times its size; unpack "
                "it yourself if it is sound"
            )

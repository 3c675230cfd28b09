"""The version that is served, and the higher one that takes its place while requests go on.

A new version is loaded and warmed up on a thread of its own. Requests that have begun keep the
version they began with, so none fails; the old one is freed once they are done.
"""

import asyncio
import gc
import logging
import pathlib

from tfapp.errors import TfappError
from tfapp.export import versions as folders
from tfapp.serving.errors import RequestError

_LOG = logging.getLogger("tfapp")


class Versions:
    """Serves the highest version below a folder.

    Attributes:
      current: the `Version` that is served.
    """

    def __init__(self, folder, *, load, on_swap=None):
        """Loads the highest version.

        Args:
          folder: of the versions 1, 2, ...; holds one.
          load: (path) -> a `Version`, warmed up; see `tfapp.serving.version.load`.
          on_swap: called with the `Version` that is served from now on.

        Raises:
          DataError: it cannot be read.
        """
        self._folder = pathlib.Path(folder)
        self._load = load
        self._on_swap = on_swap or (lambda version: None)
        self._refused = None  # (path, time of change) of a version that could not be loaded
        self.current = self._load(folders.latest(self._folder))
        self._on_swap(self.current)

    def get(self, number=""):
        """The `Version` that a request is for.

        Args:
          number: as in its path; "": the one that is served.

        Raises:
          RequestError: it is not loaded.
        """
        current = self.current
        if number in ("", str(current.number)):
            return current
        raise RequestError(
            404, f"version {number[:40]} is not loaded; version {current.number} is served"
        )

    async def watch(self, seconds):
        """Looks for higher versions for ever."""
        while True:
            await asyncio.sleep(seconds)
            await self.look()

    async def look(self):
        """Serves the highest version from now on, if it is higher and can be loaded."""
        path = await asyncio.to_thread(self._higher)
        if path is None:
            return
        try:
            found = await asyncio.to_thread(self._load, path)
        except Exception as error:  # of whatever kind: the version that is served goes on
            self._refused = _state(path)
            message = str(error) if isinstance(error, TfappError) else type(error).__name__
            _LOG.warning("serve: version %s is not served: %s", path.name, message)
            return
        old, self.current = self.current.number, found
        self._on_swap(found)
        _LOG.info("serve: version %d takes the place of version %d", found.number, old)
        await asyncio.to_thread(gc.collect)  # what a SavedModel holds is in cycles

    def _higher(self):
        """The path of a version to load; None: there is none."""
        try:
            path = folders.latest(self._folder)
            if path is None or int(path.name) <= self.current.number:
                return None
            return None if self._refused == _state(path) else path
        except OSError as error:
            _LOG.warning("serve: the folder of versions cannot be read: %s", error)
            return None


def _state(path):
    """What changes if a version's folder is written again."""
    try:
        return str(path), path.stat().st_mtime_ns
    except OSError:
        return str(path), 0

"""The run's folder where several workers train: worker 0 has it, the others a copy of its files.

So workers need no file system in common, and only one of them ever writes to the run.
"""

import logging
import pathlib
import tempfile

from tfapp.run_folder import RunFolder
from tfapp.runtime import output
from tfapp.runtime.atomic_files import write_text

_LOG = logging.getLogger("tfapp")
_SMALL = ("*.json", "*.txt")  # what an earlier start fitted, chose and found


def share(cluster, open_folder):
    """The `RunFolder` of this worker.

    Args:
      cluster: the `Cluster`.
      open_folder: () -> the run's `RunFolder`; called by worker 0 alone.

    Raises:
      what `open_folder` raises; on the other workers a `PeerLost` then.
    """
    if cluster.num_workers == 1:
        return open_folder()
    folder = open_folder() if cluster.is_chief else None
    shared = cluster.agree(_content(folder))
    if cluster.is_chief:
        return folder
    _LOG.info("run: %s of worker 0, who logs from here on", shared["path"])
    output.leave_answers_to_others()
    return _Copy(shared)


def _content(folder):
    if folder is None:
        return None
    paths = [path for pattern in _SMALL for path in sorted(folder.path.glob(pattern))]
    return {
        "path": str(folder.path),
        "version": folder.version,
        "files": {path.name: path.read_text(encoding="utf-8") for path in paths},
    }


class _Copy(RunFolder):
    """A folder of this worker's own, removed when it is closed."""

    def __init__(self, shared):
        self._scratch = tempfile.TemporaryDirectory(prefix="tfapp-worker-")
        super().__init__(self._scratch.name, None, is_new=False)
        self.version = shared["version"]
        self.shown = f"{shared['path']} of worker 0"
        for name, text in shared["files"].items():
            write_text(pathlib.Path(self._scratch.name) / name, text)

    def close(self):
        self._scratch.cleanup()

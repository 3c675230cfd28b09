"""The list of a folder's files: made in one walk, stored compactly, cached until something changes.

All paths are in one block of bytes with offsets, about 40 bytes a file: a million files are 40 MB
and one tensor, not a million strings.
"""

import dataclasses
import os
import time

import numpy as np

from tfapp.runtime import array_cache

_CACHED_FROM = 5000  # files; walking a smaller folder is faster than reading the cache
# A folder that changed just before it was walked may change again within the same clock tick.
_SETTLED_SECONDS = 2.0


_ARRAYS = ("paths", "offsets", "tops", "top_ids", "ignored", "folders", "changed")


@dataclasses.dataclass(frozen=True)
class FolderIndex:
    """Files below a folder, by class folder and name."""

    paths: bytes  # all paths, relative to the folder, concatenated
    offsets: np.ndarray  # int64 [num_files + 1], where each begins
    tops: tuple[str, ...]  # the folders below the root, sorted, one a class
    top_ids: np.ndarray  # int32 [num_files], the folder of each file
    ignored: int  # files of other kinds

    def __len__(self):
        return len(self.top_ids)

    def path(self, row):
        """The path of a file, relative to the folder."""
        return os.fsdecode(self.paths[self.offsets[row] : self.offsets[row + 1]])


def build_index(root, endings):
    """Lists the files below each folder in `root`, in the order of their paths' bytes.

    A folder that links lead to several times is listed once.

    Args:
      root: path of a folder.
      endings: bytes in lower case; files with other endings are counted as ignored.

    Raises:
      OSError: a folder cannot be read.
    """
    cache = array_cache.cache_file("folders", (os.path.realpath(root), endings))
    return _cached(cache, root) or _walked(cache, root, endings)


def _walked(cache, root, endings):
    begin = time.time()
    root = os.fsencode(root)
    folders = {b"": os.stat(root).st_mtime_ns}
    tops = sorted(e.name for e in os.scandir(root) if is_folder(e) and not e.name.startswith(b"."))
    blobs, lengths, counts, ignored = [], [], [], 0
    for top in tops:
        files, others = _files(root, top, endings, folders)
        files.sort()
        blobs.append(b"".join(files))
        lengths.append(np.fromiter(map(len, files), np.int64, len(files)))
        counts.append(len(files))
        ignored += others
    offsets = np.concatenate([[0], *lengths]).cumsum().astype(np.int64)
    top_ids = np.repeat(np.arange(len(tops), dtype=np.int32), counts)
    names = tuple(os.fsdecode(t) for t in tops)
    index = FolderIndex(b"".join(blobs), offsets, names, top_ids, ignored)
    settled = max(folders.values()) < (begin - _SETTLED_SECONDS) * 1e9
    if len(index) >= _CACHED_FROM and settled:
        _keep(cache, index, folders)
    return index


def _files(root, top, endings, folders):
    """Paths of the files with these endings below `top`, at any depth, and the number of others."""
    found, others, waiting, walked = [], 0, [top], set()
    while waiting:
        folder = waiting.pop()
        absolute = os.path.join(root, folder)
        status = os.stat(absolute)
        if (status.st_dev, status.st_ino) in walked:
            continue  # links may lead back to where they are
        walked.add((status.st_dev, status.st_ino))
        folders[folder] = status.st_mtime_ns
        with os.scandir(absolute) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith(b"."):
                    continue
                if is_folder(entry):
                    waiting.append(folder + b"/" + name)
                elif name[-5:].lower().endswith(endings) and _is_file(entry):
                    found.append(folder + b"/" + name)
                else:
                    others += 1
    return found, others


def is_folder(entry):
    """Whether an `os.DirEntry` is a folder, or a link to one; a link to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_file(entry):
    """False for pipes and devices; a link that leads nowhere is found out when it is read."""
    try:
        return entry.is_file() or not os.path.exists(entry.path)
    except OSError:
        return True


def _keep(cache, index, folders):
    """Caches the index, with the time at which each folder last changed."""
    array_cache.keep(
        cache,
        paths=np.frombuffer(index.paths, np.uint8),
        offsets=index.offsets,
        tops=np.array(index.tops),
        top_ids=index.top_ids,
        ignored=index.ignored,
        folders=np.frombuffer(b"\0".join(folders), np.uint8),
        changed=np.fromiter(folders.values(), np.int64),
    )


def _cached(cache, root):
    """The cached index, if no folder has changed since; else None."""
    kept = array_cache.look_up(cache, _ARRAYS)
    if kept is None:
        return None
    names = kept["folders"].tobytes().split(b"\0")
    for folder, changed in zip(names, kept["changed"], strict=True):
        try:
            now = os.stat(os.path.join(os.fsencode(root), folder)).st_mtime_ns
        except OSError:
            return None
        if now != changed:
            return None
    return FolderIndex(
        kept["paths"].tobytes(),
        kept["offsets"],
        tuple(str(t) for t in kept["tops"]),
        kept["top_ids"],
        int(kept["ignored"]),
    )

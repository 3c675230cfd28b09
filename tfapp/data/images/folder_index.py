"""The list of a folder's files: made in one walk, kept compactly, remembered while nothing changes.

Paths lie in one block of bytes with offsets, about 40 bytes a file: a million files are 40 MB and
one tensor, not a million strings.
"""

import dataclasses
import os
import time

import numpy as np

from tfapp.runtime import array_cache

_REMEMBERED_FROM = 5000  # files; smaller folders are walked faster than a cache is looked up
# A folder that changed so shortly before it was walked may change again within the same tick of its
# clock.
_SETTLED_SECONDS = 2.0


@dataclasses.dataclass(frozen=True)
class FolderIndex:
    """Files below a folder, by class folder and name."""

    paths: bytes  # all paths, relative to the folder, one after the other
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
    """Lists the files below each folder in `root` whose names end in one of `endings` (bytes, lower
    case), in the order of their paths' bytes. Raises OSError."""
    cache = array_cache.cache_file("folders", (os.path.realpath(root), endings))
    return _remembered(cache, root) or _walked(cache, root, endings)


def _walked(cache, root, endings):
    begin = time.time()
    root = os.fsencode(root)
    folders = {b"": os.stat(root).st_mtime_ns}
    tops = sorted(e.name for e in os.scandir(root) if e.is_dir() and not e.name.startswith(b"."))
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
    if len(index) >= _REMEMBERED_FROM and settled:
        _remember(cache, index, folders)
    return index


def _files(root, top, endings, folders):
    """Paths of the files wanted below `top`, however deep, and the number of others."""
    found, others, waiting = [], 0, [top]
    while waiting:
        folder = waiting.pop()
        absolute = os.path.join(root, folder)
        folders[folder] = os.stat(absolute).st_mtime_ns
        with os.scandir(absolute) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith(b"."):
                    continue
                if name[-5:].lower().endswith(endings):
                    found.append(folder + b"/" + name)
                elif entry.is_dir():
                    waiting.append(folder + b"/" + name)
                else:
                    others += 1
    return found, others


def _remember(cache, index, folders):
    """Keeps the index, with when each folder changed."""
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


def _remembered(cache, root):
    """The index kept for a folder in which nothing was added or removed since, or None."""
    kept = array_cache.look_up(cache)
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

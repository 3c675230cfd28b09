"""A cluster whose workers are threads of the test's process."""

import concurrent.futures
import contextlib
import json
import threading

from tfapp.distribution.cluster import Cluster

_DEADLINE_SECONDS = 100  # only a hang reaches it


class ThreadCluster(Cluster):
    """One of the workers that share `board`."""

    def __init__(self, worker, board):
        self._worker = worker
        self._board = board

    @property
    def worker(self):
        return self._worker

    @property
    def num_workers(self):
        return len(self._board.values)

    def agree(self, value):
        return self._exchange("agree", value)[0]

    def gather(self, value):
        return self._exchange("gather", value)

    def ending(self):
        return contextlib.nullcontext()

    def any(self, flag):
        return any(self._exchange("any", bool(flag)))

    def barrier(self, name):
        self._exchange("barrier", name)

    def _exchange(self, call, value):
        """What each worker passed, in the order of the workers. All must make the same call."""
        self._board.values[self._worker] = json.dumps([call, value])
        self._board.barrier.wait(_DEADLINE_SECONDS)
        found = [json.loads(text) for text in self._board.values]
        self._board.barrier.wait(_DEADLINE_SECONDS)  # all have read: the next call may write
        assert {name for name, _ in found} == {call}, "the workers do not make the same calls"
        return [value for _, value in found]


class _Board:
    def __init__(self, num_workers):
        self.values = [None] * num_workers
        self.barrier = threading.Barrier(num_workers)


def run_workers(*works):
    """Runs `works[i](cluster)` as worker i, the last one in this thread. Returns their results."""
    board = _Board(len(works))

    def run(worker):
        try:
            return works[worker](ThreadCluster(worker, board))
        except BaseException:
            board.barrier.abort()  # the others must not wait for this worker
            raise

    with concurrent.futures.ThreadPoolExecutor(len(works)) as pool:
        others = [pool.submit(run, worker) for worker in range(len(works) - 1)]
        last = run(len(works) - 1)
        return [*(other.result() for other in others), last]

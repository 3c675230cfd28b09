"""A cluster of processes with a store in memory: agreement and failure."""

import concurrent.futures
import threading
import time

import pytest
import tensorflow as tf

from tfapp.distribution import workers as module
from tfapp.distribution.members import Members
from tfapp.distribution.workers import Workers
from tfapp.errors import DataError, PeerLost, TfappError

LONG = 100  # seconds; only a hang reaches it


class Store:
    """What the workers of a test share."""

    def __init__(self):
        self.values = {}
        self.changed = threading.Condition()
        self.gone = False

    def put(self, key, text):
        with self.changed:
            self._check()
            self.values.setdefault(key, text)
            self.changed.notify_all()

    def get(self, key, seconds):
        with self.changed:
            self.changed.wait_for(lambda: key in self.values or self.gone, seconds)
            self._check()
            return self.values.get(key)

    def delete(self, key):
        with self.changed:
            del self.values[key]

    def _check(self):
        if self.gone:
            raise tf.errors.UnavailableError(None, None, "coordination service: socket closed")


class Values:
    """One worker's `KeyValues`."""

    def __init__(self, store):
        self._store = store
        self.put, self.get, self.delete = store.put, store.get, store.delete
        self.aborted = threading.Event()

    def abort_collectives(self, reason):
        del reason
        self.aborted.set()

    def collective(self):
        """As a collective operation that waits for a worker that never comes."""
        assert self.aborted.wait(LONG)
        raise tf.errors.AbortedError(None, None, "Collective ops is aborted")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "_POLL_SECONDS", 0.05)
    monkeypatch.setattr(module, "_CAUSE_SECONDS", 0.3)


def run(*works, timeout=LONG, store=None):
    """The result or exception of work(cluster, values) on each worker."""
    store = store or Store()
    addresses = tuple(f"host{i}:1" for i in range(len(works)))

    def one(worker, work):
        values = Values(store)
        cluster = Workers(Members(addresses, worker, "test"), values, timeout=timeout)
        with cluster.ending():
            return work(cluster, values)

    with concurrent.futures.ThreadPoolExecutor(len(works)) as pool:
        futures = [pool.submit(one, *pair) for pair in enumerate(works)]
        return [future.exception(LONG) or future.result() for future in futures]


def test_all_agree_and_long_values_pass():
    def work(cluster, values):
        del values
        long = "x" * (3 * module._PIECE + 5)
        first = cluster.agree({"seconds": 0.1 + cluster.worker, "long": long})
        return (
            first["seconds"],
            len(first["long"]),
            cluster.gather(cluster.worker),
            cluster.any(cluster.worker == 2),
        )

    assert run(work, work, work) == [(0.1, 3 * module._PIECE + 5, [0, 1, 2], True)] * 3


def test_what_all_have_read_is_deleted():
    store = Store()

    def work(cluster, values):
        del values
        for step in range(50):
            cluster.agree(step)
            cluster.any(False)

    run(work, work, store=store)
    assert len(store.values) < 20


def test_an_error_of_one_reaches_those_that_wait_for_a_value_or_in_a_collective():
    def fails(cluster, values):
        del cluster, values
        raise DataError("t.csv: does not exist")

    def waits(cluster, values):
        del values
        cluster.agree(None)

    def computes(cluster, values):
        del cluster
        values.collective()

    computing, failed, waiting = run(computes, fails, waits)
    assert isinstance(failed, DataError)
    for found in (waiting, computing):
        assert isinstance(found, PeerLost) and found.exit_code == DataError.exit_code
        assert "worker 1 (host1:1) failed: t.csv: does not exist" in str(found)


def test_the_exit_code_of_a_lost_peer_is_to_start_again():
    def killed(cluster, values):
        del cluster
        values._store.gone = True
        raise KeyboardInterrupt

    def computes(cluster, values):
        del cluster
        time.sleep(0.2)
        raise tf.errors.UnavailableError(
            None, None, "from remote target /job:worker/replica:0/task:1 while calling RecvBuf"
        )

    try:
        found = run(computes, killed)[0]
    except KeyboardInterrupt:
        pytest.fail("the error of one worker ended the test")
    assert isinstance(found, PeerLost) and found.exit_code == 75
    assert "worker 1 (host1:1) was lost; start all workers again" in str(found)


def test_a_worker_that_says_nothing_is_named_after_the_timeout():
    def silent(cluster, values):
        del cluster, values
        time.sleep(1)
        raise DataError("at last")

    found = run(silent, lambda cluster, values: cluster.agree(None), timeout=0.2)[1]
    assert "worker 0 (host0:1) has said nothing for 0 s" in str(found)


def test_workers_at_different_places_do_not_take_each_others_values():
    def here(cluster, values):
        del values
        return cluster.agree(1)

    def there(cluster, values):
        del values
        return cluster.agree(2)

    found = run(here, there)
    assert any(isinstance(e, TfappError) and "internal error" in str(e) for e in found)


def test_an_error_of_its_own_stays_what_it_is():
    def fails(cluster, values):
        del cluster, values
        raise tf.errors.InvalidArgumentError(None, None, "shapes")

    assert isinstance(run(fails, fails)[0], (tf.errors.InvalidArgumentError, PeerLost))
    assert any(isinstance(e, tf.errors.InvalidArgumentError) for e in run(fails, fails))

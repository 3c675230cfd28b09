"""A cluster of several processes, which talk through TensorFlow's coordination service.

What they agree on goes through its key-value store, with deadlines; a worker that fails says why
before it ends, and a thread in each of the others ends their collective operations then.
"""

import contextlib
import json
import os
import pathlib
import sys
import threading
import time

import tensorflow as tf

from tfapp.distribution.bounded_calls import BoundedCalls
from tfapp.distribution.cluster import Cluster
from tfapp.errors import PeerLost, TfappError
from tfapp.runtime import output, process_end

_PIECE = 1 << 20  # characters of a value in the store; longer ones are divided
_POLL_SECONDS = 1.0
_CALL_SECONDS = 60.0  # of a call to worker 0; TensorFlow's heartbeat finds a cut link before that
_CAUSE_SECONDS = 3.0  # for the cause, after a collective operation has failed
_SEEN_SECONDS = 10.0  # for the others to learn of a cause, before worker 0 takes the store with it
_LAST_SECONDS = 40.0  # for the main thread to end, after a failure; then the process ends
_FAILED = "failed"
_BY_ITSELF = range(1, 7)  # exit codes of errors that a new start would meet again
# What a collective operation or the service raises when a peer has ended.
_OF_PEERS = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
)
_OF_COLLECTIVES = ("ollective", "CoordinationService", "NCCL", "/job:")  # in their messages


class Workers(Cluster):
    """Several workers; `values` is a `KeyValues` that all of them share."""

    def __init__(self, members, values, *, timeout):
        """
        Args:
          members: the `Members`.
          values: a `tfapp.runtime.private_cluster.KeyValues`.
          timeout: seconds that a worker waits for the others.
        """
        self._members = members
        self._values = values
        self._timeout = timeout
        self._calls = 0
        self._call = BoundedCalls()
        self._kept = []  # keys that worker 0 deletes once all have read them
        self._failure = None  # {"worker", "code", "message"} of the worker that failed first
        self._gone = set()  # workers that have been found missing
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._watch_for_failures, daemon=True)
        self._watch.start()

    @property
    def worker(self):
        return self._members.worker

    @property
    def num_workers(self):
        return len(self._members.addresses)

    def agree(self, value):
        return self._from_chief(_caller(), value)

    def gather(self, value):
        return self._gather(_caller(), value)

    def any(self, flag):
        return any(self._gather(_caller(), bool(flag)))

    def barrier(self, name):
        self._gather(name, None)

    def _gather(self, caller, value):
        call = self._calls
        if not self.is_chief:
            self._put(f"{call}/{self.worker}", value)
            return self._from_chief(caller, None)
        others = [self._get(f"{call}/{worker}", worker) for worker in range(1, self.num_workers)]
        self._delete()  # all workers have come this far, and so have read what was before
        self._kept += [f"{call}/{worker}" for worker in range(1, self.num_workers)]
        return self._from_chief(caller, [value, *others])

    @contextlib.contextmanager
    def ending(self):
        try:
            yield
            self.barrier("the end")
        except BaseException as error:
            lost = self._as_lost(error)
            process_end.skip_shutdown()
            self._tell(lost or error)
            if lost is None or lost is error:
                raise
            raise lost from error
        finally:
            self._ended.set()
            self._watch.join(2 * _POLL_SECONDS)

    def _from_chief(self, caller, value):
        """Worker 0's `value`, on all workers, whose next call this is, at the same place."""
        call = self._calls
        self._calls += 1
        if self.is_chief:
            self._put(str(call), [caller, value])
            self._kept.append(str(call))
            return json.loads(json.dumps(value))
        theirs, value = self._get(str(call), 0)
        if theirs != caller:
            raise TfappError(
                f"internal error: worker 0 is at {theirs}, and this worker at {caller}"
            )
        return value

    def _put(self, key, value):
        text = json.dumps(value)
        pieces = [text[i : i + _PIECE] for i in range(0, len(text), _PIECE)]
        try:
            for number, piece in enumerate(pieces[1:], start=1):
                self._call(self._values.put, f"{key}+{number}", piece, seconds=_CALL_SECONDS)
                self._kept.append(f"{key}+{number}")
            self._call(self._values.put, key, f"{len(pieces)} {pieces[0]}", seconds=_CALL_SECONDS)
        except (tf.errors.OpError, TimeoutError) as error:
            raise self._lost(error) from error

    def _get(self, key, worker):
        """The value under `key`, which `worker` puts there."""
        count, _, text = self._wait_for(key, worker).partition(" ")
        more = [self._wait_for(f"{key}+{number}", worker) for number in range(1, int(count))]
        return json.loads("".join((text, *more)))

    def _wait_for(self, key, worker):
        end = time.monotonic() + self._timeout
        while True:
            try:
                found = self._call(self._values.get, key, _POLL_SECONDS, seconds=_CALL_SECONDS)
            except (tf.errors.OpError, TimeoutError) as error:
                raise self._lost(error) from error
            if found is not None:
                return found
            if self._failure:
                raise self._lost(None)
            if time.monotonic() > end:
                raise PeerLost(
                    f"{self._name(worker)} has said nothing for {self._timeout:.0f} s; start all "
                    "workers again, or raise --peer_timeout"
                )

    def _delete(self):
        kept, self._kept = self._kept, []
        for key in kept:
            with contextlib.suppress(tf.errors.OpError):
                self._call(self._values.delete, key, seconds=_CALL_SECONDS)

    def _as_lost(self, error):
        """The PeerLost behind an error, if another worker is the cause; else None."""
        if isinstance(error, PeerLost):
            return error
        chain = [error, error.__cause__, error.__context__]
        found = [e for e in chain if isinstance(e, _OF_PEERS)]
        return self._lost(found[0], sure=False) if found else None

    def _lost(self, error, *, sure=True):
        """The `PeerLost` of an error of TensorFlow's, or of a failure that has been told.

        `sure`: False: None where no other worker has failed.
        """
        failure = self._failure
        if failure is None:
            with contextlib.suppress(TimeoutError):
                failure = self._call(self._told, _CAUSE_SECONDS, seconds=_CAUSE_SECONDS + 1)
        if failure and failure["worker"] != self.worker:
            return _with_cause(self._name(failure["worker"]), failure)
        if not sure and not any(word in str(error) for word in _OF_COLLECTIVES):
            return None
        return PeerLost(
            f"{self._culprit(str(error))} was lost; start all workers again, they continue from "
            "the last checkpoint"
        )

    def _told(self, seconds):
        """What the worker that failed has told of it; None: nothing."""
        try:
            text = self._values.get(_FAILED, seconds)
        except tf.errors.OpError:
            return None
        return json.loads(text) if text else None

    def _culprit(self, text):
        """The workers that an error of TensorFlow's names."""
        others = [w for w in range(self.num_workers) if w != self.worker]
        named = [w for w in others if f"task:{w}" in text]
        if self.worker != 0 and ("oordination service" in text or "Heartbeat" in text or not text):
            named = named or [0]
        self._gone.update(named)
        return " or ".join(map(self._name, named or others))

    def _name(self, worker):
        return f"worker {worker} ({self._members.addresses[worker]})"

    def _tell(self, error):
        """Tells the others why this worker ends; worker 0, who has the store, waits a little."""
        code = error.exit_code if isinstance(error, TfappError) else 1
        message = str(error) or type(error).__name__
        told = {"worker": self.worker, "code": code, "message": message[:1000]}
        with contextlib.suppress(tf.errors.OpError, TimeoutError):
            self._call(self._values.put, _FAILED, json.dumps(told), seconds=_CAUSE_SECONDS)
        if not self.is_chief:
            return
        end = time.monotonic() + _SEEN_SECONDS
        for worker in set(range(1, self.num_workers)) - self._gone:
            with contextlib.suppress(tf.errors.OpError):
                self._values.get(f"{_FAILED}/{worker}", max(end - time.monotonic(), 0.0))

    def _watch_for_failures(self):
        """Runs in a thread: ends the collective operations of this worker when another has failed.

        They may wait for ever for a worker that has never come to them.
        """
        while not self._ended.is_set():
            failure = self._told(_POLL_SECONDS)
            if failure is None:
                # Without worker 0 the call returns at once; TensorFlow's heartbeat finds that out.
                self._ended.wait(_POLL_SECONDS / 10)
                continue
            self._failure = failure
            with contextlib.suppress(tf.errors.OpError):
                self._values.put(f"{_FAILED}/{self.worker}", "seen")
            reason = f"{self._name(self._failure['worker'])} failed"
            with contextlib.suppress(tf.errors.OpError):
                self._values.abort_collectives(reason)
            if not self._ended.wait(_LAST_SECONDS):
                output.report(f"{reason}, and this worker did not end within {_LAST_SECONDS:.0f} s")
                os._exit(PeerLost.exit_code)
            return


def _with_cause(name, failure):
    """The `PeerLost` of a failure that another worker has told of."""
    lost = PeerLost(f"{name} failed: {failure['message']} (this worker ends with it)")
    if failure["code"] in _BY_ITSELF:
        lost.exit_code = failure["code"]
    return lost


def _caller():
    """Where the cluster is called from, the same on all workers: file and line."""
    frame = sys._getframe(2)
    return f"{pathlib.PurePath(frame.f_code.co_filename).name}:{frame.f_lineno}"

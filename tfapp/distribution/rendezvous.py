"""Where workers meet before TensorFlow's servers start: who is missing, and do all do the same.

Worker 0 listens at its own address; every other worker says who it is and what it is about to do,
and waits for "go". Only then does TensorFlow take the ports. Its own start would wait without a
word, deaf to signals, and would take the process of an earlier start for a worker of this one.
"""

import contextlib
import json
import logging
import math
import socket
import time

from tfapp.errors import PeerLost, UsageError

_LOG = logging.getLogger("tfapp")
_POLL_SECONDS = 0.5
_LINE_SECONDS = 5.0  # between two lines about who is missing
_REPLY_SECONDS = 5.0  # in which a connected process must have said who it is
_LONGEST = 1 << 20  # bytes of a message
_PROTOCOL = 1


def meet(members, facts, *, timeout, clock=time.monotonic):
    """Returns once every worker is there.

    Args:
      members: the `Members`.
      facts: what this worker is about to do, JSON-able.
      timeout: seconds to wait.
      clock: seconds; injected by tests.

    Returns:
      the facts of every worker, a list.

    Raises:
      UsageError: the port is taken, or two workers were started as the same or with other members.
      PeerLost: a worker is missing after the timeout.
    """
    wait = _Wait(timeout, clock)
    if members.worker == 0:
        return _gather(members, facts, wait)
    return _report(members, facts, wait)


class _Wait:
    """The deadline, and a line every few seconds that names who is missing."""

    def __init__(self, timeout, clock):
        self._clock = clock
        self._timeout = timeout
        self._end = clock() + timeout
        self._next_line = clock() + _POLL_SECONDS

    def check(self, missing, note=""):
        """Logs who is missing, at times. Raises PeerLost after the deadline."""
        now = self._clock()
        if now >= self._end:
            raise PeerLost(
                f"{missing}: not there after {self._timeout:.0f} s{note}; start every worker, see "
                "that its address can be reached from the others, or raise --peer_timeout"
            )
        if now >= self._next_line:
            self._next_line = now + _LINE_SECONDS
            _LOG.info("waiting for %s, %d s left%s", missing, math.ceil(self._end - now), note)


def _gather(members, facts, wait):
    """Worker 0's part."""
    peers = {}  # worker -> (its connection, its facts)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(_listener(members))
        while missing := _missing(members, peers):
            wait.check(_named(members, missing))
            with contextlib.suppress(TimeoutError):
                connection = stack.enter_context(listener.accept()[0])
                refusal = _admit(connection, members, peers)
                if refusal:
                    _send_all([connection, *(c for c, _ in peers.values())], {"refused": refusal})
                    raise UsageError(f"{members.source}: {refusal}")
        all_facts = [facts, *(peers[worker][1] for worker in sorted(peers))]
        _send_all([connection for connection, _ in peers.values()], {"go": all_facts})
    return all_facts


def _missing(members, peers):
    """The workers that are not among `peers`, of which those that have gone are dropped."""
    for worker in [w for w, (connection, _) in peers.items() if _is_closed(connection)]:
        del peers[worker]
    return [w for w in range(1, len(members.addresses)) if w not in peers]


def _listener(members):
    port = int(members.addresses[0].rpartition(":")[2])
    try:
        listener = socket.create_server(("", port), backlog=len(members.addresses))
    except OSError as error:
        raise UsageError(
            f"{members.source}: port {port} of worker 0 cannot be used: {error.strerror or error}; "
            "stop what has it, or name another"
        ) from error
    listener.settimeout(_POLL_SECONDS)
    return listener


def _admit(connection, members, peers):
    """Takes a worker that has connected among `peers`. Returns why it cannot be one, or ""."""
    connection.settimeout(_REPLY_SECONDS)
    try:
        hello = _receive(connection)
        worker, theirs = int(hello["worker"]), hello["addresses"]
    except (OSError, ValueError, KeyError, TypeError):
        connection.close()  # none of ours
        return ""
    if hello.get("protocol") != _PROTOCOL:
        return f"worker {worker} runs another version of tfapp than worker 0; install the same one"
    if theirs != list(members.addresses):
        return (
            f"worker {worker} was started with the workers {','.join(theirs)}, and worker 0 with "
            f"{','.join(members.addresses)}; give all of them the same"
        )
    if worker in peers and not _is_closed(peers[worker][0]):
        return f"worker {worker} was started twice; give each worker an index of its own"
    peers[worker] = (connection, hello["facts"])
    return ""


def _report(members, facts, wait):
    """The part of the others."""
    hello = {
        "protocol": _PROTOCOL,
        "worker": members.worker,
        "addresses": list(members.addresses),
        "facts": facts,
    }
    host, _, port = members.addresses[0].rpartition(":")
    chief, note = _named(members, [0]), ""
    while True:
        wait.check(chief, note)
        try:
            with socket.create_connection((host.strip("[]"), int(port)), _REPLY_SECONDS) as found:
                _send(found, hello)
                answer = _answer(found, wait)
        except (OSError, ValueError) as error:
            # An earlier start of worker 0 may still be ending, or its name not be known yet.
            note = f" ({error})" if isinstance(error, socket.gaierror) else ""
            time.sleep(_POLL_SECONDS)
            continue
        if "refused" in answer:
            raise UsageError(f"{members.source}: {answer['refused']}")
        return answer["go"]


def _answer(connection, wait):
    """What worker 0 answers, waited for."""
    connection.settimeout(_POLL_SECONDS)
    received = bytearray()
    while True:
        wait.check("the other workers (worker 0 is there)")
        with contextlib.suppress(TimeoutError):
            return _receive(connection, received)


def _send_all(connections, value):
    for connection in connections:
        with contextlib.suppress(OSError):  # its end will be noticed later
            _send(connection, value)


def _send(connection, value):
    connection.sendall(json.dumps(value).encode() + b"\n")


def _receive(connection, received=None):
    """The next message. `received` keeps what has come of it if a TimeoutError ends the wait.

    Raises:
      OSError: the other end is closed or too slow.
      ValueError: it is no message.
    """
    received = bytearray() if received is None else received
    while not received.endswith(b"\n"):
        part = connection.recv(1 << 16)
        if not part:
            raise ConnectionError("closed")
        received += part
        if len(received) > _LONGEST:
            raise ValueError("too long")
    value = json.loads(received)
    if not isinstance(value, dict):
        raise ValueError("no message")
    return value


def _is_closed(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(_REPLY_SECONDS)


def _named(members, workers):
    names = [f"{worker} ({members.addresses[worker]})" for worker in workers]
    return f"worker{'s' if len(names) > 1 else ''} {', '.join(names)}"

"""Workers meet before TensorFlow starts, and whoever is missing is named."""

import concurrent.futures
import logging
import socket
import time

import pytest

from tests.distribution.processes import free_addresses
from tfapp.distribution import fingerprint, rendezvous
from tfapp.distribution.members import Members
from tfapp.errors import PeerLost, UsageError

LONG = 100  # seconds; only a hang reaches it


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(rendezvous, "_POLL_SECONDS", 0.02)
    monkeypatch.setattr(rendezvous, "_LINE_SECONDS", 0.05)


def start(pool, members, worker, *, timeout=LONG, facts=None):
    own = Members(members, worker, "--workers=...")
    facts = {"seed": worker} if facts is None else facts
    return pool.submit(rendezvous.meet, own, facts, timeout=timeout)


def test_all_learn_what_each_is_about_to_do():
    members = tuple(free_addresses(3))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        found = [start(pool, members, worker) for worker in (2, 1, 0)]
        for one in found:
            assert one.result(LONG) == [{"seed": 0}, {"seed": 1}, {"seed": 2}]


def test_a_worker_that_starts_again_takes_its_place_again():
    members = tuple(free_addresses(3))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        chief = start(pool, members, 0)
        with socket.create_connection(_address(members[0], chief)) as first:
            hello = {"protocol": 1, "worker": 1, "addresses": list(members), "facts": {}}
            rendezvous._send(first, hello)
        found = [start(pool, members, worker) for worker in (1, 2)]
        assert [one.result(LONG) for one in found] == [chief.result(LONG)] * 2


def test_a_worker_that_ends_before_the_last_one_comes_is_waited_for(monkeypatch):
    """Worker 0 does not look for closed connections while it waits for one to be made."""
    monkeypatch.setattr(rendezvous, "_POLL_SECONDS", 5.0)
    members = tuple(free_addresses(3))
    hello = {"protocol": 1, "addresses": list(members), "facts": {}}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        chief = start(pool, members, 0)
        address = _address(members[0], chief)
        with socket.create_connection(address) as first:
            rendezvous._send(first, {**hello, "worker": 1})
            time.sleep(0.3)  # it is taken
        with socket.create_connection(address) as second:
            rendezvous._send(second, {**hello, "worker": 2})
            again = start(pool, members, 1)
            assert again.result(LONG) == chief.result(LONG) == [{"seed": 0}, {"seed": 1}, {}]


def _address(text, future):
    """Of worker 0, once it listens."""
    host, _, port = text.rpartition(":")
    while True:
        assert not future.done(), future.exception()
        try:
            socket.create_connection((host, int(port))).close()
        except OSError:
            time.sleep(0.01)
            continue
        return host, int(port)


def test_who_is_not_there_is_named_while_the_others_wait_and_at_the_end(caplog):
    members = tuple(free_addresses(3))
    caplog.set_level(logging.INFO, "tfapp")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        chief = start(pool, members, 0, timeout=2)
        other = start(pool, members, 2, timeout=1)
        with pytest.raises(PeerLost, match="not there after 1 s"):
            other.result(LONG)
        with pytest.raises(PeerLost, match=rf"worker.* 1 \({members[1]}\).*: not there after 2 s"):
            chief.result(LONG)
    assert f"waiting for worker 1 ({members[1]}), 2 s left" in caplog.text
    assert "waiting for the other workers (worker 0 is there)" in caplog.text


def test_what_else_connects_to_worker_0_does_not_disturb():
    members = tuple(free_addresses(2))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        chief = start(pool, members, 0)
        address = _address(members[0], chief)
        for noise in (b"GET / HTTP/1.1\r\n\r\n", b"{}\n", b"[1]\n", b'{"worker": "x"}\n', b""):
            with socket.create_connection(address) as stranger:
                stranger.sendall(noise)
        assert len(start(pool, members, 1).result(LONG)) == 2


def test_two_workers_of_one_index_are_refused():
    members = tuple(free_addresses(3))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        found = [start(pool, members, worker) for worker in (0, 1, 1)]
        messages = [str(one.exception(LONG)) for one in found]
    assert any("worker 1 was started twice" in message for message in messages[1:])
    assert "worker 1 was started twice" in messages[0]


def test_workers_of_other_members_are_refused():
    first, second, third = free_addresses(3)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        chief = start(pool, (first, second), 0)
        other = start(pool, (first, third), 1)
        for one in (chief, other):
            assert "give all of them the same" in str(one.exception(LONG))


def test_a_port_that_is_taken_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        members = Members((f"127.0.0.1:{port}", "127.0.0.1:1"), 0, "TF_CONFIG")
        with pytest.raises(UsageError, match=f"port {port} of worker 0 cannot be used: Address"):
            rendezvous.meet(members, {}, timeout=1)


@pytest.mark.parametrize(
    "facts, message",
    [
        ([{"a": 1}, {"a": 1}, {"a": 2}], "worker 2 differs from worker 0 in a: 2, not 1"),
        ([{"d": {"x": 1, "y": 2}}, {"d": {"x": 1, "y": 3}}], "worker 0 in d, y: 3, not 2"),
        ([{}, {"a": "new"}], "worker 1 differs from worker 0 in a: new, not nothing"),
        ([{"a": [1]}, {}], "in a: nothing, not [1]"),
    ],
)
def test_the_first_difference_is_named(facts, message):
    with pytest.raises(UsageError) as error:
        fingerprint.check(facts)
    assert message in str(error.value)


def test_workers_that_are_alike_pass():
    fingerprint.check([{"a": 1, "b": {"c": [1, 2]}}] * 3)
    assert fingerprint.of_code() == fingerprint.of_code()

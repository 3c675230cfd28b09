"""Pieces that come in any order, late, twice or not at all: each has its place, none is held up."""

import itertools
import random
import threading

import pytest

from tests.conftest import HANG_SECONDS
from tfapp.data.pipeline import in_order
from tfapp.data.pipeline.in_order import InOrder, PiecesLost

COUNT = 60
OPTIONS = {"most_waiting": 1000, "patience": HANG_SECONDS, "give_up": HANG_SECONDS}


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch):
    monkeypatch.setattr(in_order, "_PAUSE_SECONDS", 0)


class Asked:
    """Feeds of pieces up to COUNT, in disorder. The first feed loses some, and then goes on."""

    def __init__(self, lost=(), then=tuple):
        self.lost, self.then, self.firsts = lost, then, []

    def __call__(self, first):
        self.firsts.append(first)
        is_first = len(self.firsts) == 1
        for number in sorted(range(first, COUNT), key=self._place):
            if number not in self.lost or not is_first:
                yield number, f"piece {number}"
        if is_first:
            yield from self.then()

    def _place(self, number):
        """At most some places from its own, other ones in each feed."""
        return number + random.Random(f"{number} {len(self.firsts)}").uniform(0, 7)


def pieces(ask, first=0, **changes):
    return list(InOrder(ask, first, COUNT, **{**OPTIONS, **changes}))


def expected(lost=()):
    return [None if n in lost else f"piece {n}" for n in range(COUNT)]


def waits():
    threading.Event().wait(HANG_SECONDS)
    yield None


def fails():
    raise RuntimeError("{{function_node f}} no\nsuch client [Op:Next] name: ")
    yield


@pytest.mark.parametrize("first", [0, 1, COUNT - 1, COUNT])
def test_any_order(first):
    ask = Asked()
    assert pieces(ask, first) == expected()[first:]
    assert ask.firsts == [first]


def test_a_stream_without_end():
    found = iter(InOrder(lambda n: ((i, i) for i in itertools.count(n)), 5, 2**63 - 1, **OPTIONS))
    assert list(itertools.islice(found, 100)) == list(range(5, 105))
    found.close()


def test_what_is_missing_at_the_end_is_lost(caplog):
    lost = (3, 4, 20, COUNT - 2, COUNT - 1)
    ask = Asked(lost)
    assert pieces(ask) == expected(lost)
    assert ask.firsts == [0]
    assert "3 pieces from number 3 on did not come in time and will be read here" in caplog.text


def test_what_does_not_come_in_time_is_lost():
    lost = (3, 20)
    assert pieces(Asked(lost, then=waits), patience=0.05) == expected(lost)


def test_no_more_than_so_many_wait():
    """One is lost and the others keep coming: what is held in memory stays bounded."""
    endless = ((n, None) for n in itertools.count(COUNT))
    assert pieces(Asked((5,), then=lambda: endless), most_waiting=100) == expected((5,))


def test_a_piece_may_come_twice_and_too_late():
    early = ((n, f"piece {n}") for n in (2, 0, 1, 0, 2, 3))
    found = iter(InOrder(lambda _: early, 0, 4, **OPTIONS))
    assert list(found) == expected()[:4]


def test_a_feed_that_fails_is_asked_again(caplog):
    ask = Asked(lost=range(10, COUNT), then=fails)
    assert pieces(ask) == expected()
    assert ask.firsts == [0, 10]
    assert "data: the data service failed and is asked again (no such client)" in caplog.text


def test_giving_up_names_the_reason():
    with pytest.raises(PiecesLost, match=r"^no such client$"):
        pieces(lambda _: fails(), give_up=0.2)
    with pytest.raises(PiecesLost, match=r"^nothing has come for 0 s$"):
        pieces(lambda _: waits(), give_up=0.2)


def test_a_reader_that_stops_early_ends_the_thread():
    before = set(threading.enumerate())
    found = iter(InOrder(lambda n: ((i, i) for i in itertools.count(n)), 0, 10**9, **OPTIONS))
    assert next(found) == 0
    (thread,) = set(threading.enumerate()) - before
    found.close()
    thread.join(HANG_SECONDS)
    assert not thread.is_alive()

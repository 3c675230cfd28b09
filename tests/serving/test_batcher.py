"""Requests are joined under load, never wait alone, and never spoil one another."""

import asyncio
import threading
import time

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import HANG_SECONDS
from tfapp.serving.batcher import Batcher, padded_size
from tfapp.serving.errors import RequestError
from tfapp.serving.signature import Input, Signature


class Doubling:
    """A function that doubles numbers, notes the sizes of its batches, and can be held."""

    def __init__(self):
        self.sizes = []
        self.open = threading.Event()
        self.open.set()

    def __call__(self, x):
        assert self.open.wait(HANG_SECONDS)
        self.sizes.append(int(x.shape[0]))
        if np.any(x.numpy() < 0):
            raise tf.errors.InvalidArgumentError(None, None, "/root/secret: negative")
        return {"y": x * 2}


@pytest.fixture
def doubling():
    return Doubling()


@pytest.fixture
def signature(doubling):
    taken = Input("x", "x", tf.float32, ())
    return Signature("doubles", {"x": taken}, {"y": tf.TensorSpec([None], tf.float32)}, doubling)


@pytest.fixture
def make_batcher():
    made = []

    def make(largest=8, wait_seconds=0.0, **about):
        made.append(Batcher(largest=largest, wait_seconds=wait_seconds, **about))
        return made[-1]

    yield make
    for batcher in made:
        batcher.close()


def submit(batcher, signature, *values, seconds=HANG_SECONDS):
    arrays = {"x": np.array(values, "f4")}
    return batcher.submit(signature, arrays, len(values), time.monotonic() + seconds)


class SteppingClock:
    """A clock that goes on by so many seconds whenever it is read."""

    def __init__(self, seconds):
        self.now, self.seconds = 0.0, seconds

    def __call__(self):
        self.now += self.seconds
        return self.now


ONE, TWO = {"x": np.array([3], "f4")}, {"x": np.array([3, 4], "f4")}


@pytest.mark.parametrize("seconds, at_once", [(1e-5, True), (0.01, False)])
def test_a_client_that_is_alone_is_answered_without_the_thread_by_a_quick_model(
    make_batcher, signature, seconds, at_once
):
    batcher = make_batcher(clock=SteppingClock(seconds))
    assert batcher.answer_at_once(signature, ONE, 1) is None  # how quick it is is not known yet

    async def run():
        await batcher.submit(signature, ONE, 1, 1e9)
        answers = batcher.answer_at_once(signature, ONE, 1)
        assert batcher.answer_at_once(signature, TWO, 2) is None
        joined = batcher.submit(signature, ONE, 1, 1e9)
        return answers, (await joined)["y"].tolist()

    answers, joined = asyncio.run(run())
    assert joined == [6]
    assert answers == ({"y": [6]} if at_once else None)


def test_a_client_that_is_alone_waits_behind_others(make_batcher, doubling, signature):
    batcher = make_batcher(clock=SteppingClock(1e-5))

    async def run():
        await batcher.submit(signature, ONE, 1, 1e9)
        doubling.open.clear()
        others = [batcher.submit(signature, ONE, 1, 1e9)]
        while batcher._waiting:  # taken by the thread, which the function holds
            await asyncio.sleep(0)
        others.append(batcher.submit(signature, ONE, 1, 1e9))
        assert batcher.answer_at_once(signature, ONE, 1) is None
        doubling.open.set()
        await asyncio.gather(*others)

    asyncio.run(run())


def test_a_mistake_of_a_client_that_is_alone_is_its_own(make_batcher, signature):
    batcher = make_batcher(clock=SteppingClock(1e-5))

    async def run():
        await batcher.submit(signature, ONE, 1, 1e9)

    asyncio.run(run())
    with pytest.raises(RequestError, match="cannot work on these values"):
        batcher.answer_at_once(signature, {"x": np.array([-3], "f4")}, 1)
    assert batcher.answer_at_once(signature, ONE, 1) == {"y": [6]}


def test_what_comes_while_the_model_answers_is_joined(make_batcher, doubling, signature):
    seen = []
    batcher = make_batcher(observe=lambda examples, requests: seen.append((examples, requests)))

    async def run():
        doubling.open.clear()
        first = submit(batcher, signature, 1)
        while batcher._waiting:  # taken by the thread, which the function holds
            await asyncio.sleep(0)
        others = [submit(batcher, signature, value, value + 0.5) for value in (2, 3, 4)]
        doubling.open.set()
        return await asyncio.gather(first, *others)

    answers = asyncio.run(run())
    assert [a["y"].tolist() for a in answers] == [[2], [4, 5], [6, 7], [8, 9]]
    assert doubling.sizes == [1, 8]  # six, filled up to eight
    assert seen == [(1, 1), (6, 3)]


def test_a_batch_is_never_too_large(make_batcher, doubling, signature):
    batcher = make_batcher(largest=8)

    async def run():
        doubling.open.clear()
        first = submit(batcher, signature, 0)
        while batcher._waiting:
            await asyncio.sleep(0)
        others = [submit(batcher, signature, value, value, value) for value in range(5)]
        doubling.open.set()
        return await asyncio.gather(first, *others)

    assert [a["y"].tolist() for a in asyncio.run(run())[1:]] == [[2 * v] * 3 for v in range(5)]
    assert doubling.sizes == [1, 8, 8, 4]


def test_a_request_alone_never_waits(make_batcher, signature):
    batcher = make_batcher(wait_seconds=HANG_SECONDS)

    async def run():
        for value in range(3):
            answer = await submit(batcher, signature, value)
            assert answer["y"].tolist() == [2 * value]

    asyncio.run(run())


def test_under_load_a_request_waits_no_longer_than_the_bound(make_batcher, doubling, signature):
    batcher = make_batcher(wait_seconds=0.01)

    async def run():
        doubling.open.clear()
        futures = [submit(batcher, signature, value) for value in range(6)]
        doubling.open.set()
        await asyncio.gather(*futures)
        return await submit(batcher, signature, 7)  # the others of the last batch never come

    assert asyncio.run(run())["y"].tolist() == [14]


def test_a_large_request_is_answered_in_pieces(make_batcher, doubling, signature):
    batcher = make_batcher(largest=4)
    answer = asyncio.run(_answer(batcher, signature, range(11)))
    assert answer["y"].tolist() == [2 * value for value in range(11)]
    assert doubling.sizes == [4, 4, 4]


async def _answer(batcher, signature, values):
    return await submit(batcher, signature, *values)


def test_one_bad_request_spoils_no_other(make_batcher, doubling, signature):
    batcher = make_batcher()

    async def run():
        doubling.open.clear()
        futures = [submit(batcher, signature, value) for value in (1, 2, -1, 3)]
        doubling.open.set()
        return await asyncio.gather(*futures, return_exceptions=True)

    *answers, error = sorted(asyncio.run(run()), key=lambda a: isinstance(a, RequestError))
    assert sorted(a["y"].tolist() for a in answers) == [[2], [4], [6]]
    assert error.status == 400
    assert "secret" not in error.message


def test_what_nobody_waits_for_is_not_computed(make_batcher, doubling, signature):
    batcher = make_batcher()

    async def run():
        doubling.open.clear()
        first = submit(batcher, signature, 1)
        while batcher._waiting:
            await asyncio.sleep(0)
        late = submit(batcher, signature, 2, seconds=-1)
        cancelled = submit(batcher, signature, 3)
        cancelled.cancel()
        last = submit(batcher, signature, 4)
        doubling.open.set()
        await asyncio.gather(first, last)
        assert not late.done()

    asyncio.run(run())
    assert doubling.sizes == [1, 1]


def test_closing_answers_what_waits(make_batcher, doubling, signature):
    batcher = make_batcher()

    async def run():
        doubling.open.clear()
        futures = [submit(batcher, signature, value) for value in (1, 2)]
        closing = asyncio.create_task(asyncio.to_thread(batcher.close))
        doubling.open.set()
        answers = await asyncio.gather(*futures)
        await closing
        return answers

    assert [a["y"].tolist() for a in asyncio.run(run())] == [[2], [4]]


@pytest.mark.parametrize(
    "count, largest, size", [(1, 64, 1), (2, 64, 2), (3, 64, 4), (33, 64, 64), (33, 48, 48)]
)
def test_sizes_are_powers_of_two(count, largest, size):
    assert padded_size(count, largest) == size

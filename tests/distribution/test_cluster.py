"""The contract of `Cluster`, with one process and with several workers."""

import pytest

from tests.distribution.threads import run_workers
from tfapp.distribution.cluster import SingleProcess


def with_one(work):
    return [work(SingleProcess())]


def with_three(work):
    return run_workers(work, work, work)


@pytest.fixture(params=[with_one, with_three])
def on_all(request):
    """on_all(work): the results of work(cluster), one per worker."""
    return request.param


def test_worker_0_is_chief(on_all):
    found = on_all(lambda cluster: (cluster.worker, cluster.num_workers, cluster.is_chief))
    assert found == [(i, len(found), i == 0) for i in range(len(found))]


def test_all_agree_on_the_chiefs_value(on_all):
    def work(cluster):
        return cluster.agree({"seconds": 0.1 + cluster.worker, "name": None})

    assert all(value == {"seconds": 0.1, "name": None} for value in on_all(work))


def test_any_is_true_on_all_if_it_is_on_one(on_all):
    def work(cluster):
        last = cluster.worker == cluster.num_workers - 1
        return cluster.any(last), cluster.any(False)

    assert all(found == (True, False) for found in on_all(work))


def test_a_barrier_waits_for_all(on_all):
    arrived = []

    def work(cluster):
        arrived.append(cluster.worker)
        cluster.barrier("start")
        return len(arrived), cluster.num_workers

    assert all(have == wanted for have, wanted in on_all(work))

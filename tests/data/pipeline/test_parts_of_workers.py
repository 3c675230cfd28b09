"""The parts of a step that workers read make up the whole step, in its order."""

import pytest

from tfapp.data.pipeline.stream import Part


@pytest.mark.parametrize("workers, pieces", [(1, 6), (2, 6), (3, 6), (3, 3)])
def test_the_parts_of_all_workers_are_the_whole(workers, pieces):
    whole = list(Part().numbers(4, 7, pieces).as_numpy_iterator())
    assert whole == list(range(4 * pieces, 7 * pieces))
    own = pieces // workers
    parts = [
        list(Part(worker, workers).numbers(4, 7, pieces).as_numpy_iterator())
        for worker in range(workers)
    ]
    steps = [part[i : i + own] for i in range(0, 3 * own, own) for part in parts]
    assert [number for step in steps for number in step] == whole

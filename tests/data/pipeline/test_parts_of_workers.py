"""The parts of a step that workers read make up the whole step, in its order."""

import pytest

from tfapp.data.pipeline.stream import Part


@pytest.mark.parametrize("workers, pieces", [(1, 6), (2, 6), (3, 6), (3, 3)])
def test_the_parts_of_all_workers_are_the_whole(workers, pieces):
    whole = []
    for step in range(4, 7):
        for worker in range(workers):
            own, number_of = Part(worker, workers).of(pieces)
            assert own == pieces // workers
            whole += [number_of(i) for i in range(step * own, (step + 1) * own)]
    assert whole == list(range(4 * pieces, 7 * pieces))

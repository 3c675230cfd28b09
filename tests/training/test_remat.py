"""--remat changes the memory that a step takes, not what it computes."""

import numpy as np
import pytest

from tests.training.losses import losses
from tfapp.errors import UsageError

RECIPE = {"model": "tests.models_for_tests:Blocks", "batch_size": 64}


@pytest.mark.slow
@pytest.mark.parametrize("hardware", [{"xla": "off"}, {"xla": "loop"}, {"logical_devices": 2}])
def test_computes_the_same(make_experiment, hardware):
    """Also dropout masks and running statistics inside the blocks."""
    recipe = {**RECIPE, **hardware}
    expected, weights = losses(make_experiment(**recipe), 10)
    built = make_experiment(**recipe, remat=True)
    measured, learnt = losses(built, 10)
    assert measured == pytest.approx(expected, rel=1e-5)
    for mine, theirs in zip(learnt, weights, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-4)
    moving = [v for v in built.model.non_trainable_variables if "moving_mean" in v.path]
    assert any(np.abs(v.numpy()).max() > 0.01 for v in moving)


@pytest.mark.slow
def test_blocks_are_computed_twice(make_experiment):
    counts = []
    for remat in (False, True):
        built = make_experiment(**RECIPE, xla="off", remat=remat)
        functions = built.step_functions(built.state, "float32")
        values, rows = built.state.read(), built.source.splits["train"].arrays()
        import tensorflow as tf

        graph = (
            tf.function(lambda v, b, f=functions: f.gradients(*v[:2], (), b, 0).grads)
            .get_concrete_function(values, {k: tf.constant(a[:64]) for k, a in rows.items()})
            .graph
        )
        counts.append(sum(op.type == "MatMul" for op in graph.get_operations()))
    assert counts[1] == counts[0] + 4  # two blocks of two products each


def test_a_model_without_blocks_is_refused(make_experiment):
    with pytest.raises(UsageError, match="--remat: --model=mlp has no blocks"):
        make_experiment(remat=True)

"""Optimizer state in shares: the same losses, less of it on each device, the same checkpoints."""

import numpy as np
import pytest

from tests.training.losses import losses

STEPS = 50
PLAIN = {"batch_size": 66, "xla": "off"}


def sharded(make_experiment, replicas, **recipe):
    built = make_experiment(**PLAIN, **recipe, logical_devices=replicas, shard_optimizer=True)
    assert built.batches.num_replicas == replicas
    assert built.state.shards is not None
    return built


RECIPES = [{"optimizer": "adam", "clip_norm": 0.5, "ema": 0.9}]


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_losses_are_those_without_shards(make_experiment, recipe):
    recipe = {"steps": STEPS, **recipe}
    plain = make_experiment(**PLAIN, **recipe, logical_devices=2)
    expected, weights = losses(plain, STEPS)
    a = plain.evaluate("test").metrics["loss"]
    built = sharded(make_experiment, 2, **recipe)
    measured, learnt = losses(built, STEPS)
    print([v.shape for v in built.state.groups["optimizer"]])
    print(np.max(np.abs(np.array(measured) / expected - 1)))
    assert measured == pytest.approx(expected, rel=1e-6)
    b = built.evaluate("test").metrics["loss"]
    print(a, b)

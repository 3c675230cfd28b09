"""Runs an experiment's own loop step by step, for tests that compare losses and weights."""

import numpy as np


def losses(experiment, steps):
    """The training loss of each step, and the weights after the last."""
    experiment.engine.restart(0)
    run = experiment.make_loop()
    values = []
    for step in range(steps):
        sums = run(step, 1).sums
        assert sums["count"] == experiment.config.batch_size
        values.append(sums["loss"] / sums["count"])
    return values, [np.asarray(v) for v in experiment.state.read().trainable]

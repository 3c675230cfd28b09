"""Law 2 for each task: replicas, micro-batches and members compute what one of each computes."""

import numpy as np
import pytest

from tests.training.losses import losses

STEPS = 12


def dataset(folder, label):
    """512 rows of 6 numbers, and a label of the given kind, in an .npz."""
    random = np.random.default_rng(0)
    x = random.normal(size=(512, 6)).astype("f4")
    y = {
        "sets": (x[:, :4] > [0, 0.5, -0.5, 1]).astype("i4"),
        "values": (x[:, :2] * [1, 100] + x[:, 2:4]).astype("f4"),
        "value": (x[:, 0] * 10 + random.normal(size=512)).astype("f4"),
    }[label]
    np.savez(folder / f"{label}.npz", x=x, y=y)
    return f"npz:{folder}/{label}.npz"


@pytest.mark.parametrize(
    "label, changes",
    [
        ("sets", {"label_smoothing": 0.1}),
        pytest.param("values", {}, marks=pytest.mark.slow),
        pytest.param(
            "value",
            {"task": "quantile_regression", "quantiles": ("0.1", "0.9")},
            marks=pytest.mark.slow,
        ),
    ],
)
def test_losses_agree(make_experiment, tmp_path, label, changes):
    changes = {
        "dataset": dataset(tmp_path, label), "model": "mlp", "batch_size": 64, "xla": "off",
        "precision": "float32", **changes,
    }  # fmt: skip
    expected, weights = losses(make_experiment(**changes), STEPS)
    assert expected[-1] < 0.9 * expected[0]  # it learns, so agreement says something
    built = make_experiment(**changes, logical_devices=2, accumulate=2)
    assert (built.batches.num_replicas, built.batches.accumulate) == (2, 2)
    measured, learnt = losses(built, STEPS)
    assert measured == pytest.approx(expected, rel=1e-5)
    for mine, theirs in zip(learnt, weights, strict=True):
        assert mine == pytest.approx(theirs, abs=1e-4)

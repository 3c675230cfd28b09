"""How metrics are written for people."""

import pytest

from tfapp.callbacks.metric_text import metric_text, number


@pytest.mark.parametrize(
    "value, text",
    [
        (0.31251, "0.3125"),
        (999.99994, "999.9999"),
        (-34423.64, "-34,423.6"),
        (2687478657.24, "2,687,478,657.2"),
        (0.0, "0.0000"),
        (0.00051234, "0.000512"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_decimals_go_with_the_size(value, text):
    assert number(value) == text


def test_one_line_for_all():
    assert metric_text({"loss": 0.5, "mean_squared_error": 1e6}) == (
        "loss 0.5000  mean_squared_error 1,000,000.0"
    )


def test_the_loss_what_decides_and_three_others_are_shown():
    metrics = dict.fromkeys(("accuracy", "loss", "f1", "auc", "log_loss", "calibration"), 0.5)
    assert metric_text(metrics).split()[::2] == ["loss", "accuracy", "f1", "auc"]
    assert metric_text(metrics, monitor="calibration").split()[::2] == [
        "loss", "calibration", "accuracy", "f1", "auc"
    ]  # fmt: skip


def test_what_the_examples_do_not_define_is_left_out():
    metrics = {"loss": 0.5, "accuracy": 1.0, "roc_auc": float("nan"), "pr_auc": None, "r2": 0.25}
    assert metric_text(metrics) == "loss 0.5000  accuracy 1.0000  r2 0.2500"


def test_a_loss_that_is_not_finite_is_shown():
    assert metric_text({"loss": None}) == "loss nan"

"""--strategy: names, devices, and what does not divide."""

import pytest

from tfapp.config import FLAGS
from tfapp.distribution.cluster import SingleProcess
from tfapp.distribution.devices import DeviceOptions
from tfapp.distribution.strategy import STRATEGIES, Wanted, build_distribution
from tfapp.errors import UsageError


def build(strategy, logical_devices=0, batch_size=32):
    return build_distribution(
        strategy=strategy,
        wanted=Wanted(DeviceOptions(logical_devices=logical_devices)),
        batch_size=batch_size,
        deterministic=False,
    )


def test_the_choices_are_the_registered_names():
    assert sorted(FLAGS["strategy"].choices) == STRATEGIES.names()


@pytest.mark.parametrize(
    "strategy, devices, replicas, reason",
    [
        ("auto", 0, 1, "one CPU"),
        ("auto", 2, 2, "2 CPUs"),
        ("one", 2, 1, "one CPU"),
        ("mirrored", 2, 2, "2 CPUs"),
    ],
)
def test_replicas_of_a_strategy(strategy, devices, replicas, reason):
    built = build(strategy, devices)
    assert built.strategy.num_replicas_in_sync == replicas
    assert built.reason == reason
    assert isinstance(built.cluster, SingleProcess)


def test_a_single_device_is_not_mirrored():
    with pytest.raises(UsageError, match="--strategy=mirrored: there is one device, the CPU"):
        build("mirrored")


def test_a_batch_that_does_not_divide_is_refused():
    with pytest.raises(UsageError, match="--batch_size=33: does not divide among 2 replicas"):
        build("auto", 2, batch_size=33)

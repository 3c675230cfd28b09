"""A training on the CPU says why it is there, where a GPU could be; --require_gpu ends it."""

import logging

import pytest

from tests.diagnosis.machines import NO_DRIVER, without_gpus
from tfapp.distribution import strategy
from tfapp.errors import DeviceError

NOTHING = {"pci_gpus": 0, "gpu_files": 0, "driver": ""}


@pytest.fixture
def facts_are(monkeypatch):
    """facts_are(**changes): this machine is the one thought up."""

    def put(**changes):
        facts = without_gpus(**changes)
        monkeypatch.setattr(strategy, "gather", lambda report: facts)

    return put


def test_a_container_without_gpu_says_how_to_give_one(make_config, facts_are, caplog):
    facts_are(host={**NOTHING, "container": "docker"}, driver_library=NO_DRIVER)
    with caplog.at_level(logging.WARNING, "tfapp"):
        strategy.build_strategy(make_config())
    assert "no GPU was given to this container" in caplog.text
    assert "--gpus all" in caplog.text


def test_a_machine_without_gpu_says_nothing(make_config, facts_are, caplog):
    facts_are(host=NOTHING, driver_library=NO_DRIVER)
    with caplog.at_level(logging.WARNING, "tfapp"):
        strategy.build_strategy(make_config())
    assert caplog.text == ""


def test_a_required_gpu_ends_with_the_reason(make_config, facts_are):
    facts_are(host=NOTHING, driver_library=NO_DRIVER)
    with pytest.raises(DeviceError, match="sees no GPU: no NVIDIA GPU on this machine"):
        strategy.build_strategy(make_config(require_gpu=True))

"""Training on the CPU logs why a GPU cannot be used; --require_gpu makes it an error."""

import logging

import pytest

from tests.diagnosis.machines import NO_DRIVER, without_gpus
from tfapp.distribution import devices
from tfapp.distribution.strategy import Wanted, build_distribution
from tfapp.errors import DeviceError

NOTHING = {"pci_gpus": 0, "gpu_files": 0, "driver": ""}


@pytest.fixture
def facts_are(monkeypatch):
    """facts_are(**changes): the strategy sees a made-up machine without GPUs."""

    def put(**changes):
        facts = without_gpus(**changes)
        monkeypatch.setattr(devices, "gather", lambda report: facts)

    return put


@pytest.fixture
def build():
    """build(**changes): the strategy of a default run."""

    def build_default(**changes):
        wanted = Wanted(devices.DeviceOptions(**changes))
        return build_distribution(
            strategy="auto", wanted=wanted, batch_size=32, deterministic=False
        )

    return build_default


def test_in_a_container_without_gpu_the_log_says_how_to_give_it_one(build, facts_are, caplog):
    facts_are(host={**NOTHING, "container": "docker"}, driver_library=NO_DRIVER)
    with caplog.at_level(logging.WARNING, "tfapp"):
        build()
    assert caplog.text.count("no GPU was given to this container") == 1
    assert "--gpus all" in caplog.text


def test_a_machine_without_gpu_logs_nothing(build, facts_are, caplog):
    facts_are(host=NOTHING, driver_library=NO_DRIVER)
    with caplog.at_level(logging.WARNING, "tfapp"):
        build()
    assert caplog.text == ""


def test_a_required_gpu_ends_with_the_reason(build, facts_are):
    facts_are(host=NOTHING, driver_library=NO_DRIVER)
    with pytest.raises(DeviceError, match="sees no GPU: no NVIDIA GPU on this machine"):
        build(require_gpu=True)

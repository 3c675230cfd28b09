"""Which input engine is chosen, and the reason that is given."""

import dataclasses

import pytest
import tensorflow as tf

from tfapp.data.pipeline import choose as engine
from tfapp.errors import UsageError


@dataclasses.dataclass
class Split:
    """As much of a split as the choice looks at."""

    nbytes: int


@pytest.fixture
def choose(monkeypatch):
    """choose(forced, nbytes): on a device with 1,000 kB free."""
    monkeypatch.setattr(engine, "free_bytes", lambda device_type: 1_000_000)
    strategy = tf.distribute.get_strategy()

    def choose(forced, nbytes):
        return engine.choose(forced, Split(nbytes), strategy=strategy, device_type="CPU")

    return choose


def test_what_fits_is_resident(choose):
    choice = choose("auto", 300_000)
    assert choice.name == "resident"
    assert "fits on the device: 300 kB of data" in choice.reason


def test_what_does_not_fit_is_streamed(choose):
    choice = choose("auto", 900_000)
    assert choice.name == "stream"
    assert "too large for the device: 900 kB of data" in choice.reason


def test_what_training_leaves_of_the_share(choose):
    """The other splits stay within it: 400 kB for all of them together."""
    assert choose("auto", 300_000).left == 100_000
    assert choose("resident", 300_000).left == 100_000
    assert choose("stream", 300_000).left == choose("auto", 900_000).left == 400_000


def test_force_wins_where_it_can(choose):
    assert choose("stream", 1).name == "stream"
    with pytest.raises(UsageError, match="--engine=resident: does not fit"):
        choose("resident", 900_000)


def test_free_memory_that_several_hosts_agreed_on(monkeypatch):
    """Each host would measure another number; with a given one, none measures."""

    def measured(device_type):
        raise AssertionError(f"measured {device_type}")

    monkeypatch.setattr(engine, "free_bytes", measured)
    options = {"strategy": tf.distribute.get_strategy(), "device_type": "CPU"}
    assert engine.choose("auto", Split(300), free=1000, **options).name == "resident"
    assert engine.choose("auto", Split(500), free=1000, **options).name == "stream"

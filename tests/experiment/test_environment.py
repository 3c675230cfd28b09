"""environment.json: the versions that a run really used."""

import importlib.metadata
import json

import tensorflow as tf

import tfapp
from tfapp.experiment import environment


def test_the_version_of_tfapp_is_that_of_the_code(monkeypatch):
    """The metadata of an editable installation may be older than the code."""
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.0.1")
    packages = environment.describe()["packages"]
    assert packages["tfapp"] == tfapp.__version__
    assert packages["tensorflow"] == "0.0.1"


def test_it_can_be_written_as_json():
    found = json.loads(json.dumps(environment.describe()))
    assert found["packages"]["tensorflow"] == tf.__version__
    assert found["devices"]

"""A server of the digits, and of a small table, in this process."""

import functools
import json
import pathlib

import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.export.conftest import make_table_servable  # noqa: F401 - a fixture
from tfapp.export.savedmodel import SavedModelExporter
from tfapp.export.served_model import ServedModel
from tfapp.serving.app import App, Limits
from tfapp.serving.batcher import Batcher
from tfapp.serving.metrics import Metrics
from tfapp.serving.version import load
from tfapp.serving.versions import Versions

LARGEST = 8  # examples in a batch
BODY_BYTES = 200_000


class Served:
    """A server without a socket."""

    def __init__(self, export, name, *, versions=None, seconds=30.0, pending=64):
        self.name, self.metrics = name, Metrics()
        self.versions = versions or Versions(
            export,
            load=functools.partial(load, largest=LARGEST),
            on_swap=lambda version: self.metrics.version(version.number),
        )
        self.batcher = Batcher(largest=LARGEST, wait_seconds=0.0, observe=self.metrics.batch)
        self.app = App(
            name=name,
            versions=self.versions,
            batcher=self.batcher,
            metrics=self.metrics,
            limits=Limits(BODY_BYTES, pending, seconds),
        )
        self.client = TestClient(self.app, raise_server_exceptions=True)

    def get(self, path):
        return self.client.get(path)

    def post(self, path, body, **headers):
        """Posts JSON, or bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(path, content=content, headers=headers)

    def predict(self, body):
        return self.post(f"/v1/models/{self.name}:predict", body)

    def infer(self, body, **headers):
        return self.post(f"/v2/models/{self.name}/infer", body, **headers)

    def refusal(self, response, status):
        """The message of an answer that must have this status."""
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/json"
        (message,) = response.json().values()
        return message


@pytest.fixture(scope="session")
def digits(trained_run):
    """The `Served` of the digits' run."""
    served = Served(pathlib.Path(trained_run.export_dir).parent, "digits")
    yield served
    served.batcher.close()


@pytest.fixture(scope="session")
def direct(trained_run):
    """The SavedModel of the digits, called without a server."""
    return ServedModel(trained_run.export_dir)


@pytest.fixture(scope="session")
def images():
    """uint8 [5, 8, 8, 1]"""
    return np.random.default_rng(0).integers(0, 17, (5, 8, 8, 1)).astype(np.uint8)


@pytest.fixture
def serve():
    """serve(export, name, **about): a `Served`, closed at the end."""
    started = []

    def start(export, name="model", **about):
        started.append(Served(export, name, **about))
        return started[-1]

    yield start
    for served in started:
        served.batcher.close()


def write_table(servable, folder):
    """Exports a servable as version 1 below `folder`, without a card. Returns `folder`."""
    version = folder / "1"
    version.mkdir(parents=True)
    SavedModelExporter().write(servable, version)
    return folder


@pytest.fixture
def table(serve, make_table_servable, tmp_path):  # noqa: F811
    """table(**about): a `Served` of the number "the size" and the text "town"."""

    def make(**about):
        servable = make_table_servable("the size", "town", **about)
        served = serve(write_table(servable, tmp_path / "export"), "table")
        served.servable = servable
        return served

    return make


@pytest.fixture(scope="session")
def kept():
    """Servers that several tests share, by name."""
    found = {}
    yield found
    for served in found.values():
        served.batcher.close()


@pytest.fixture
def shared_table(kept, make_table_servable, tmp_path_factory):  # noqa: F811
    """As `table()`, for tests that change nothing."""
    if "table" not in kept:
        folder = tmp_path_factory.mktemp("table") / "export"
        kept["table"] = Served(
            write_table(make_table_servable("the size", "town"), folder), "table"
        )
    return kept["table"]

"""A higher version takes the place of the one that is served, and a damaged one does not."""

import asyncio
import gc
import logging
import shutil
import weakref

import pytest

from tfapp.errors import DataError
from tfapp.serving.versions import Versions


@pytest.fixture
def export(trained_run, tmp_path):
    """A folder with version 1 of the digits."""
    shutil.copytree(trained_run.export_dir, tmp_path / "export" / "1")
    return tmp_path / "export"


def test_a_higher_version_is_swapped_in(serve, export, images):
    served = serve(export, "digits")
    old = weakref.ref(served.versions.current)
    asyncio.run(served.versions.look())
    assert served.versions.current is old()
    shutil.copytree(export / "1", export / "3")
    asyncio.run(served.versions.look())
    assert served.versions.current.number == 3
    gc.collect()
    assert old() is None  # its memory is free
    shutil.rmtree(export / "3")  # --export_keep does so; what is loaded stays
    asyncio.run(served.versions.look())
    body = {"instances": images[:1].tolist()}
    assert served.post("/v1/models/digits/versions/3:predict", body).status_code == 200
    response = served.post("/v1/models/digits/versions/1:predict", body)
    assert "version 3 is served" in served.refusal(response, 404)
    assert "tfapp_model_version 3.0" in served.get("/metrics").text


def test_a_request_keeps_the_version_it_began_with(serve, export, images):
    served = serve(export, "digits")
    before = served.versions.get()
    shutil.copytree(export / "1", export / "2")
    asyncio.run(served.versions.look())
    answers = before.default({"image": images})
    assert answers["class_id"].shape == (len(images),)


def test_a_damaged_version_is_left_out_once(serve, export, caplog):
    served = serve(export, "digits")
    (export / "2").mkdir()
    with caplog.at_level(logging.WARNING, "tfapp"):
        for _ in range(2):
            asyncio.run(served.versions.look())
    assert caplog.text.count("version 2 is not served: ") == 1
    assert served.versions.current.number == 1
    shutil.rmtree(export / "2")
    shutil.copytree(export / "1", export / "2")
    asyncio.run(served.versions.look())
    assert served.versions.current.number == 2


def test_a_damaged_version_at_the_start(export):
    (export / "2").mkdir()
    with pytest.raises(DataError, match="2: cannot be read as a SavedModel"):
        Versions(export, largest=1)


def test_a_damaged_card(export):
    (export / "1" / "model_card.json").write_text('{"example": 3}')
    with pytest.raises(DataError, match=r"model_card.json: its value, 'example'"):
        Versions(export, largest=1)

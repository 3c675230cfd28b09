"""A higher version takes the place of the one that is served, and a damaged one does not."""

import asyncio
import gc
import logging
import shutil
import weakref

import pytest

from tests.serving.conftest import write_table
from tfapp.errors import DataError
from tfapp.serving.errors import RequestError
from tfapp.serving.version import load
from tfapp.serving.versions import Versions

ROW = {"instances": [{"size": 1, "town": "Zug"}]}


class Stub:
    """A version that is its number."""

    def __init__(self, path):
        if (path / "damaged").exists():
            raise DataError(f"{path}: is damaged")
        self.number = int(path.name)


@pytest.fixture
def versions(tmp_path):
    """`Versions` of stubs below the working directory, which serve version 1."""
    (tmp_path / "1").mkdir()
    return Versions(tmp_path, load=Stub)


def test_a_higher_version_is_swapped_in(versions, tmp_path):
    old = weakref.ref(versions.current)
    asyncio.run(versions.look())
    assert versions.current is old()
    (tmp_path / "3").mkdir()
    asyncio.run(versions.look())
    assert versions.get("3").number == versions.get().number == 3
    assert old() is None
    with pytest.raises(RequestError, match="version 1 is not loaded; version 3 is served"):
        versions.get("1")
    (tmp_path / "3").rmdir()  # --export_keep does so; what is loaded stays
    asyncio.run(versions.look())
    assert versions.current.number == 3


def test_it_looks_again_and_again(versions, tmp_path):
    async def run():
        watching = asyncio.create_task(versions.watch(0.001))
        for number in (2, 3):
            (tmp_path / str(number)).mkdir()
            while versions.current.number != number:
                await asyncio.sleep(0.001)
        watching.cancel()

    asyncio.run(run())


def test_a_damaged_version_is_left_out_once(versions, tmp_path, caplog):
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "damaged").touch()
    with caplog.at_level(logging.WARNING, "tfapp"):
        for _ in range(2):
            asyncio.run(versions.look())
    assert caplog.text.count("version 2 is not served: ") == 1
    assert versions.current.number == 1
    (tmp_path / "2" / "damaged").unlink()  # written again
    asyncio.run(versions.look())
    assert versions.current.number == 2


def test_a_real_version_takes_over_and_the_old_one_is_freed(serve, make_table_servable, tmp_path):
    export = write_table(make_table_servable(), tmp_path)
    served = serve(export, "table")
    old = weakref.ref(served.versions.current)
    begun = served.versions.get().default
    shutil.copytree(export / "1", export / "2")
    asyncio.run(served.versions.look())
    assert begun({"size": [1.0], "town": [b"Zug"]})["class_id"].shape == (1,)
    del begun
    gc.collect()
    assert old() is None
    path = "/v1/models/table/versions/{}:predict"
    assert served.post(path.format(2), ROW).status_code == 200
    assert "version 2 is served" in served.refusal(served.post(path.format(1), ROW), 404)
    assert "tfapp_model_version 2.0" in served.get("/metrics").text


def test_a_folder_that_is_no_saved_model(tmp_path):
    with pytest.raises(DataError, match="1: cannot be read as a SavedModel"):
        load(tmp_path / "1", largest=1)


def test_a_damaged_card(make_table_servable, tmp_path):
    export = write_table(make_table_servable(), tmp_path)
    (export / "1" / "model_card.json").write_text('{"example": 3}')
    with pytest.raises(DataError, match=r"model_card.json: its value, 'example'"):
        load(export / "1", largest=1)

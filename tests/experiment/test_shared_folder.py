"""Worker 0 has the run's folder; the others have a copy of its small files."""

import logging

import pytest

from tests.distribution.threads import run_workers
from tfapp.distribution.cluster import SingleProcess
from tfapp.experiment import shared_folder
from tfapp.run_folder import CHOICES, RunFolder
from tfapp.runtime import output


@pytest.fixture(autouse=True)
def still_speaking(monkeypatch):
    monkeypatch.setattr(output, "leave_answers_to_others", lambda: None)


def test_one_process_opens_the_folder_itself(tmp_path):
    folder = RunFolder(tmp_path, None, is_new=True)
    assert shared_folder.share(SingleProcess(), lambda: folder) is folder


def test_the_others_read_what_worker_0_has_and_write_elsewhere(tmp_path, caplog):
    caplog.set_level(logging.INFO, "tfapp")
    (tmp_path / CHOICES).write_text('{"precision": "float32"}')
    (tmp_path / "metrics.jsonl").write_text("{}\n")

    def work(cluster):
        folder = shared_folder.share(cluster, lambda: RunFolder(tmp_path, None, is_new=False))
        found = folder.read_json(CHOICES, {"precision": str})
        cluster.barrier("read")
        if not cluster.is_chief:
            folder.write_json(CHOICES, {"precision": "bfloat16"})
        names = sorted(path.name for path in folder.path.iterdir())
        path, shown = folder.path, folder.shown
        if not cluster.is_chief:
            folder.close()
            assert not path.exists()
        return found, names, shown

    (mine, _, shown), (theirs, names, where) = run_workers(work, work)
    assert mine == theirs == {"precision": "float32"}
    assert names == [CHOICES]  # not what only worker 0 goes on with
    assert (shown, where) == (str(tmp_path), f"{tmp_path} of worker 0")
    assert (tmp_path / CHOICES).read_text() == '{"precision": "float32"}'
    assert f"run: {tmp_path} of worker 0" in caplog.text

"""Standard streams of a process: closed pipes, full disks, missing descriptors."""

import os
import subprocess
import sys

import pytest

from tests.conftest import HANG_SECONDS, ROOT

PROTECTED = """
import logging, os, sys
from tfapp.runtime import output
output.protect()
logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.INFO)
for number in range(2000):
    print("answer", number, "ü", flush=True)
    logging.info("line %d", number)
    sys.stderr.write("progress\\n")
os.write(1, b"from C\\n")
open(sys.argv[1], "w").write("saved")
"""


def start(code, path, **streams):
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        **streams,
    )


@pytest.fixture
def saved(tmp_path):
    return tmp_path / "saved.txt"


@pytest.mark.parametrize("where", ["stdout", "stderr", "both"])
def test_a_reader_that_goes_away_ends_nothing(saved, where):
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    if where != "both":
        other = {"stdout": "stderr", "stderr": "stdout"}[where]
        streams = {where: subprocess.PIPE, other: subprocess.DEVNULL}
    process = start(PROTECTED, saved, **streams)
    with process.stderr or process.stdout as pipe:
        assert pipe.readline().split()[0] in (b"answer", b"line")
    assert process.wait(HANG_SECONDS) == 0
    assert saved.read_text() == "saved"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_ends_nothing_and_is_reported_where_it_can_be(saved):
    with open("/dev/full", "w") as full:
        process = start(PROTECTED, saved, stdout=full, stderr=subprocess.PIPE)
        _, err = process.communicate(timeout=HANG_SECONDS)
        assert (process.returncode, saved.read_text()) == (0, "saved")
        assert err.count(b"tfapp: stdout: No space left on device") == 1
        assert err.count(b"line ") == 2000
        saved.unlink()
        process = start(PROTECTED, saved, stdout=full, stderr=full)
        assert process.wait(HANG_SECONDS) == 0
    assert saved.read_text() == "saved"


def test_streams_that_were_never_open(saved):
    """As by `>&- 2>&-`: no file that is opened later becomes the output."""
    closing = f"import os, sys; [os.close(fd) for fd in (0, 1, 2)]; os.execv(sys.executable, " \
        f"[sys.executable, '-c', {PROTECTED!r}, sys.argv[1]])"  # fmt: skip
    assert start(closing, saved).wait(HANG_SECONDS) == 0
    assert saved.read_text() == "saved"


def test_a_pipe_that_does_not_block_loses_nothing(saved):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    process = start(PROTECTED, saved, stdout=writer, stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        lines = pipe.read().decode().splitlines()
    assert process.wait(HANG_SECONDS) == 0
    assert lines == [*(f"answer {number} ü" for number in range(2000)), "from C"]


def test_a_character_that_the_encoding_lacks_is_written_as_its_code(saved):
    code = PROTECTED.replace("2000", "1") + 'print("\\udcff \\u4e00")'
    process = start(code, saved, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out, _ = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 0
    assert out.decode().splitlines()[-1] == "\\udcff \u4e00"

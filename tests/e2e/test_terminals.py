"""Training on terminals as they are: narrow ones, and ones without most characters."""

import os
import pathlib
import pty
import subprocess
import sys
import termios
import threading

import pytest

from tests.conftest import HANG_SECONDS, ROOT

TABLE = ("--dataset=csv:daten.csv", "--label=urteil")
HOSTILE = "\x1b[31mrot\x1b[0m"


def write_table():
    """A table whose columns, values and classes are words that ASCII lacks, or hostile ones."""
    rows = [
        f"{i % 7},{('süß', 'sauer', '日本')[i % 3]},{('schön', HOSTILE)[i % 2]}" for i in range(120)
    ]
    path = pathlib.Path("daten.csv")
    path.write_text("\n".join([f"größe,{HOSTILE},urteil", *rows]) + "\n", encoding="utf-8")


def start(*flags, environment=(), **streams):
    kept = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    command = [sys.executable, str(ROOT / "main.py"), *TABLE, *flags]
    environment = {**kept, "TERM": "xterm", **dict(environment)}
    return subprocess.Popen(command, env=environment, **streams)


@pytest.mark.slow
@pytest.mark.parametrize("columns", [20, 40])
def test_a_narrow_terminal(columns):
    write_table()
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    process = start("--epochs=60", "--export=none",
                    stdout=subprocess.DEVNULL, stderr=slave)  # fmt: skip
    os.close(slave)
    data = bytearray()

    def read():
        try:
            while part := os.read(master, 4096):
                data.extend(part)
        except OSError:  # the terminal's last process has ended
            pass

    reader = threading.Thread(target=read)
    reader.start()
    assert process.wait(HANG_SECONDS) == 0
    reader.join()
    os.close(master)
    text = data.decode()
    assert "\x1b" not in text
    assert "\\x1b[31mrot" in text
    live = [part for part in text.replace("\n", "\r").split("\r") if part.startswith("step ")]
    live = [part for part in live if "validation" not in part]
    assert live
    assert max(map(len, live)) < columns


@pytest.mark.slow
def test_an_ascii_terminal():
    write_table()
    ascii_only = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "LANG": "C", "NO_COLOR": "1"}
    for mode in ("train", "inspect"):
        process = start(f"--mode={mode}", "--steps=5", environment=ascii_only,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
        out, err = process.communicate(timeout=HANG_SECONDS)
        assert process.returncode == 0, err
        assert (out + err).isascii()
        assert b"\x1b" not in out + err
    assert b"sch\\xf6n" in out

"""Rows done and rows a second: plain lines now and then, a live line on a terminal."""

import io

import pytest

from tfapp.modes.predict.progress import RowsProgress


class Terminal(io.StringIO):
    """A terminal of 40 columns."""

    def isatty(self):
        return True


@pytest.fixture
def shown(monkeypatch):
    """shown(stream, **more): all that a prediction of 4 times 500 rows shows, a second each."""

    def show(stream, **more):
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "41")
        now = [100.0]
        progress = RowsProgress(stream=stream, clock=lambda: now[0], **more)
        for _ in range(4):
            now[0] += 2.0
            progress.add(500)
        progress.end()
        progress.leave()
        return stream.getvalue()

    return show


def test_plain_lines(shown):
    assert shown(io.StringIO(), done=1000, total=3000) == (
        "rows 2,500/3,000  250 examples/s  6.0 s\nrows 3,000/3,000  250 examples/s  8.0 s\n"
    )


def test_the_live_line(shown):
    parts = shown(Terminal(), done=0, total=None).split("\r")
    assert parts[1].rstrip() == "rows 500  250 examples/s  2.0 s"
    assert len(parts) == 6
    assert parts[-1] == "rows 2,000  250 examples/s  8.0 s\n"
    assert all(len(part) <= 40 for part in parts)


def test_an_error_after_a_live_line_has_a_line_of_its_own():
    stream, now = Terminal(), [0.0]
    progress = RowsProgress(done=0, total=None, stream=stream, clock=lambda: now[0])
    now[0] = 1.0
    progress.add(5)
    progress.leave()
    assert stream.getvalue().endswith("s\n")

"""metrics.jsonl, and what a crash may leave of it."""

import json

import pytest

from tfapp.callbacks.writers.jsonl import JsonlWriter


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.jsonl"


def steps(path):
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


def write(path, resume_step, *records):
    writer = JsonlWriter(path.parent)
    writer.rewind(resume_step)
    for step in records:
        writer.scalars(step, "train", {"loss": 0.5})
    writer.close()


def test_a_record_is_a_line(path):
    writer = JsonlWriter(path.parent, wall_clock=lambda: 1234.56789)
    writer.rewind(0)
    writer.scalars(7, "train", {"loss": 0.5, "learning_rate": 0.25, "skipped": 3})
    writer.scalars(7, "validation", {"loss": float("nan")})
    writer.close()
    assert path.read_text() == (
        '{"step": 7, "split": "train", "time": 1234.568, "loss": 0.5, "learning_rate": 0.25, '
        '"skipped": 3}\n'
        '{"step": 7, "split": "validation", "time": 1234.568, "loss": null}\n'
    )


def test_no_step_twice_after_a_resume(path):
    write(path, 0, 100, 200, 300)
    write(path, 200, 300, 400)
    assert steps(path) == [100, 200, 300, 400]


@pytest.mark.parametrize("half", ['{"step": 300, "lo', '{"step": 30', "{", '{"step": 250}'[:-1]])
def test_a_line_cut_short_is_dropped(path, half):
    write(path, 0, 100, 200)
    with open(path, "a") as file:
        file.write(half)
    write(path, 300, 301)
    assert steps(path) == [100, 200, 301]


@pytest.mark.parametrize("line", [b"17\n", b'"step"\n', b"{}\n", b"\xff\xfe\n", b"\x00" * 50])
def test_what_a_crash_leaves_does_not_stop_a_resume(path, line):
    write(path, 0, 100)
    path.write_bytes(path.read_bytes() + line)
    write(path, 100, 200)
    assert steps(path) == [100, 200]


def test_records_are_there_before_close(path):
    writer = JsonlWriter(path.parent)
    writer.rewind(0)
    writer.scalars(1, "train", {})
    assert steps(path) == [1]
    writer.close()


def test_damaged_lines_are_counted_and_the_file_is_kept(path, caplog):
    write(path, 0, 100, 200, 300, 400)
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = [lines[0], b'{"step": \x00\x00\n', b'{"step": "300"}\n', b"\n", lines[3]]
    for number in (1, 2):
        path.write_bytes(b"".join(damaged))
        write(path, 400, 500)
        assert steps(path) == [100, 400, 500]
        assert path.with_name(f"metrics.jsonl.damaged-{number}").read_bytes() == b"".join(damaged)
        assert f"2 damaged lines were dropped; the file as it was is kept as {path.name}.damaged-" \
            f"{number}" in caplog.text  # fmt: skip


@pytest.mark.parametrize("end", [b"", b'{"step": 30', b"\x00" * 40, b'{"step": 300}'])
def test_a_last_line_that_a_kill_cut_short_is_no_damage(path, caplog, end):
    write(path, 0, 100)
    path.write_bytes(path.read_bytes() + end)
    write(path, 100, 200)
    assert [p.name for p in path.parent.iterdir()] == ["metrics.jsonl"]
    assert not caplog.records

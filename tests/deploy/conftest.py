"""Stubs for the programs that the scripts of deploy/ start."""

import os

import pytest

_PYTHON = """#!/bin/bash
# Ends with the next of the codes; `wait` stands for one that ends with 143 on its first SIGTERM.
echo "$0 $*" >>"$CALLS"
read -ra codes <<<"$CODES"
code=${codes[$(($(wc -l <"$CALLS") - 1))]}
if [ "$code" = wait ]; then
    trap 'echo told >>"$CALLS.signals"' TERM INT USR1
    touch "$CALLS.ready"
    while [ ! -e "$CALLS.signals" ]; do sleep 0.01; done
    sleep 0.2
    exit 143
fi
exit "$code"
"""


@pytest.fixture
def stub(tmp_path, monkeypatch):
    """stub(name, codes): a program of this name, found first, that notes its calls.

    Returns:
      the file with a line for each call, the program's path and its arguments.
    """

    def make(name, codes):
        folder, calls = tmp_path / "bin", tmp_path / f"{name}.calls"
        folder.mkdir(exist_ok=True)
        program = folder / name
        program.write_text(_PYTHON.replace("$CALLS", str(calls)).replace("$CODES", codes))
        program.chmod(0o755)
        if str(folder) not in os.environ["PATH"]:
            monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return calls

    return make

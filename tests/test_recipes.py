"""Every recipe can be parsed, and begins with its command and its result."""

import pytest

from tests.conftest import ROOT
from tfapp import flags

RECIPES = sorted((ROOT / "recipes").glob("*.flags"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_parses_and_has_its_command_and_result(path):
    flags.parse(["main.py", f"--flagfile={path}"])
    head = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert any(f"python main.py --flagfile=recipes/{path.name}" in line for line in head)
    assert any("Result:" in line for line in head)

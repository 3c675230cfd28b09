"""docs/models.md has every preset and every recipe, and what a run of its script left stays."""

import runpy
import sys

import pytest

from tests.conftest import ROOT
from tfapp.models.presets import PRESETS


@pytest.fixture
def script(monkeypatch):
    """The names of benchmarks/models_page.py."""
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    return runpy.run_path(str(ROOT / "benchmarks" / "models_page.py"))


def test_the_page_has_every_preset_with_its_parameters_and_source(script):
    rows = script["rows_of"]((ROOT / "docs" / "models.md").read_text())
    assert list(rows) == list(PRESETS), "run python benchmarks/models_page.py --only=THE_NEW_ONES"
    for name, preset in PRESETS.items():
        assert f"| {preset.parameters:,} |" in rows[name]
        assert preset.source in rows[name]


def test_the_page_has_every_recipe_with_its_command_and_result(script):
    text = (ROOT / "docs" / "models.md").read_text()
    for path in (ROOT / "recipes").glob("*.flags"):
        assert script["recipe"](path) in text


def test_rows_that_are_not_measured_stay_as_they_are(script):
    rows = script["rows_of"](script["page"]({"mlp": "| `mlp` | measured before |"}, "Machine."))
    assert rows == {"mlp": "| `mlp` | measured before |"}
    assert list(script["rows_of"](script["page"]({**rows, "gone": "| `gone` |"}, ""))) == ["mlp"]

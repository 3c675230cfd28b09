"""--mode=export: a finished run's formats, and the table of what each costs."""

import json
import shutil

import pytest

from tfapp import flags
from tfapp.errors import UsageError
from tfapp.export import speed
from tfapp.modes.variants_table import table

MACHINE = {"processor": "A processor", "cores": 2, "packages": {}}
SPEED = {"median_ms": 0.5, "p99_ms": 1.25, "examples_per_second_at_32": 12345.6}
GOOD = {
    "format": "litert", "runtime": "LiteRT", "version": "run/export/litert/1", "reason": "",
    "bytes": 41524, "gzip_bytes": 30000, "metrics": {"accuracy": 0.9638},
    "worst_difference": 9.5e-7, "lost": 0.0, **SPEED,
}  # fmt: skip
BAD = {**GOOD, "format": "litert_int8", "version": None, "reason": "loses 0.02 of accuracy"}
FAILED = {
    "format": "onnx", "runtime": "ONNX Runtime", "version": None, "reason": "no such operation",
    "metrics": None, "worst_difference": None, "lost": None,
}  # fmt: skip


def test_the_table_has_a_line_a_format_and_says_why_one_is_not_published():
    found = {
        "step": 320, "split": "test", "examples": 359, "metric": "accuracy", "machine": MACHINE,
        "trained": {"metrics": {"accuracy": 0.9638}, **SPEED}, "variants": [GOOD, BAD, FAILED],
    }  # fmt: skip
    head, trained, good, bad, failed, _, *notes = table(found).split("\n")
    assert head.split()[:5] == ["format", "runtime", "size", "gzipped", "accuracy"]
    assert trained.split() == ["trained", "model", "Keras", "predict", "0.9638", "0.500", "1.250",
                               "12,346"]  # fmt: skip
    assert good.split()[2:] == ["41.5", "kB", "30.0", "kB", "0.9638", "9.5e-07", "0.500", "1.250",
                                "12,346"]  # fmt: skip
    assert bad.startswith("litert_int8 (not published)")
    assert failed.split() == ["onnx", "(not", "published)", "ONNX", "Runtime"]
    assert notes == [
        "test: 359 examples; step 320; A processor, 2 cores",
        "litert: run/export/litert/1",
        "litert_int8: not published: loses 0.02 of accuracy",
        "onnx: not published: no such operation",
    ]


def test_a_run_must_be_named_and_there():
    with pytest.raises(UsageError, match="--mode=export needs --model_dir"):
        flags.parse(["", "--mode=export"])
    with pytest.raises(UsageError, match=r"is not a run's folder \(no flags"):
        flags.parse(["", "--mode=export", "--model_dir=nowhere"])


@pytest.fixture
def own_run(trained_run, tmp_path, monkeypatch):
    """The folder of a finished run that a test may write to; speed is measured briefly."""
    monkeypatch.setattr(speed, "_SECONDS", 0.05)
    shutil.copytree(trained_run.model_dir, tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.slow
def test_a_finished_run_is_exported_again(trained_run, own_run, run_cli):
    done = run_cli(
        "--mode=export", f"--model_dir={own_run}", "--export=savedmodel,litert,litert_int8,onnx"
    )
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 12
    found = json.loads((own_run / "export" / "variants.json").read_text())
    accuracy = trained_run.metrics["test"]["accuracy"]
    assert found["trained"]["metrics"]["accuracy"] == pytest.approx(accuracy, abs=1e-6)
    by_format = {entry["format"]: entry for entry in found["variants"]}
    for name in ("savedmodel", "litert", "onnx"):
        assert by_format[name]["metrics"]["accuracy"] == pytest.approx(accuracy, abs=1e-6)
        assert by_format[name]["worst_difference"] <= 1e-5
    assert by_format["litert_int8"]["metrics"]["accuracy"] > accuracy - 0.03
    assert by_format["savedmodel"]["version"] == str(own_run / "export" / "2")
    assert (own_run / "export" / "onnx" / "1" / "encoder.py").exists()


@pytest.mark.slow
def test_a_savedmodel_in_half_precision_is_smaller(own_run, run_cli):
    done = run_cli(
        "--mode=export", f"--model_dir={own_run}", "--export=savedmodel,litert", "--json",
        "--export_precision=bfloat16",
    )  # fmt: skip
    assert done.code == 0, done.err
    saved, lite = json.loads(done.out)["variants"]
    assert 1e-5 < saved["worst_difference"] < 0.05
    assert lite["worst_difference"] <= 1e-5
    weights = "variables/variables.data-00000-of-00001"
    full, half = ((own_run / "export" / version / weights).stat().st_size for version in "12")
    assert half < 0.6 * full

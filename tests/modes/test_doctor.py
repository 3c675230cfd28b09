"""--mode=doctor from the command line."""

import json

import pytest


@pytest.mark.slow
def test_json_holds_findings_and_facts(run_cli, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    done = run_cli("--mode=doctor", "--json")
    assert done.code == 0
    value = json.loads(done.out)
    assert "CUDA_VISIBLE_DEVICES='' hides every GPU" in [f["what"] for f in value["findings"]]
    assert value["facts"]["tensorflow"]["xla_seconds"] > 0


@pytest.mark.slow
def test_the_page_when_a_required_gpu_is_missing(run_cli):
    done = run_cli("--mode=doctor", "--require_gpu")
    for name in ("tensorflow", "device", "XLA", "precision", "memory", "TFDS"):
        assert f"\n{name} " in done.out
    assert len(done.out.splitlines()) < 60
    assert done.code == 5
    assert done.err.splitlines()[-1].startswith(
        "tfapp: --require_gpu: TensorFlow sees no GPU: CUDA_VISIBLE_DEVICES='-1' hides every GPU"
    )


@pytest.mark.parametrize("flags", [[], ["--require_gpu"]])
def test_works_without_tensorflow(run_main, tmp_path, monkeypatch, flags):
    (tmp_path / "tensorflow.py").write_text("raise ImportError('no such thing')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run_main("--mode=doctor", *flags)
    assert done.code == (5 if flags else 0)
    assert "TensorFlow cannot be imported: ImportError: no such thing" in done.out
    assert "Traceback" not in done.err

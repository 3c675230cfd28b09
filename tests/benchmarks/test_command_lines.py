"""The benchmarks' scripts: one line for a mistake, for a missing library, and for missing units."""

import json
import pathlib
import re
import runpy
import subprocess
import sys
import types

import pytest

from tests.conftest import ROOT

SCRIPTS = ["ablate_tables", "compare", "generation", "loop_overhead", "memory", "million_files",
           "models_page", "read_images", "read_tables", "replicas", "serving", "time_to_accuracy",
           "peers/jax_scan", "peers/keras_fit", "peers/pytorch",
           "peers/pytorch_gpu"]  # fmt: skip
PEER = "--workload=mlp-32 --arrays=arrays.npz"


@pytest.fixture
def run_script(monkeypatch, capsys):
    """run_script(name, *arguments): (exit code, what it wrote to stderr); in this process."""
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")  # which a script may set for good
    pathlib.Path("arrays.npz").write_text("")
    pathlib.Path("table.csv").write_text("x,y\n1,2\n")

    def run(name, *arguments):
        path = ROOT / "benchmarks" / f"{name}.py"
        monkeypatch.setattr(sys, "argv", [str(path), *arguments])
        monkeypatch.syspath_prepend(str(path.parent))
        monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
        with pytest.raises(SystemExit) as caught:
            runpy.run_path(str(path), run_name="__main__")
        code = caught.value.code
        written = capsys.readouterr()
        return (1, f"{code}\n") if isinstance(code, str) else (code or 0, written.err)

    return run


@pytest.fixture
def processor(monkeypatch, tmp_path):
    """processor(*flags): a processor with these features."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import workloads

    def put(*flags):
        (tmp_path / "cpuinfo").write_text(f"model name\t: some\nflags\t\t: {' '.join(flags)}\n")
        monkeypatch.setattr(workloads, "_CPUINFO", tmp_path / "cpuinfo")
        return workloads

    return put


def test_texts_and_tables_are_the_same_for_tfapp_and_its_peers(processor, tmp_path):
    workloads = processor()
    arrays = workloads.write_arrays("gpt-64", None, tmp_path)
    x, y = workloads.read_arrays(arrays, 2)
    text = arrays.with_suffix(".txt").read_text()
    assert [chr(0x21 + i) for i in x[0]] == list(text[:64])
    assert [chr(0x21 + i) for i in y[0]] == list(text[1:65])
    assert f"--dataset=text:{arrays.with_suffix('.txt')}" in workloads.dataset("gpt-64", arrays)
    arrays = workloads.write_arrays("tabm-256", None, tmp_path)
    x, y = workloads.read_arrays(arrays, 1)
    header, row = arrays.with_suffix(".csv").read_text().splitlines()[:2]
    assert header.split(",")[-2:] == ["c19", "y"]
    assert [float(v) for v in row.split(",")[:-1]] == pytest.approx(x[0].tolist(), abs=1e-5)
    assert row.split(",")[-1] == f"class{y[0]}"


@pytest.mark.parametrize("name", SCRIPTS)
def test_help(run_script, name):
    assert run_script(name, "--help") == (0, "")


TABLE = "--tables=table.csv:y"
BAD = [
    ("ablate_tables", "the following arguments are required: --tables"),
    ("ablate_tables --tables=none.csv:y", "--tables: none.csv: is not a file"),
    ("ablate_tables --tables=table.csv:z", "--tables: table.csv:z: has no column 'z'"),
    (f"ablate_tables {TABLE} --holdouts=0", "--holdouts: 0: a whole number above 0 is needed"),
    (f"ablate_tables {TABLE} --against=worst", "--against: invalid choice: 'worst'"),
    ("compare --only=mlp", "--only: mlp: unknown; did you mean mlp-32? (one of mlp-32, mlp-1024,"),
    ("compare --only=mlp-32,nothing", "--only: nothing: unknown (one of "),
    ("compare --rounds=0", "--rounds: 0: a whole number above 0 is needed"),
    ("compare --rounds=many", "--rounds: many: a whole number above 0 is needed"),
    ("compare --precision=float8", "--precision: invalid choice: 'float8'"),
    ("compare --data=nowhere", "--data: nowhere: is not a folder"),
    ("compare --against=nowhere", "--against: nowhere: is not a checkout of tfapp"),
    ("compare --output=nowhere/results.json", "--output: nowhere/results.json: is a folder, or"),
    ("compare --onyl=mlp-32", "unrecognized arguments: --onyl=mlp-32"),
    ("generation", "the following arguments are required: --model_dir"),
    ("generation --model_dir=. --rows=1,0", "--rows: 0: a whole number above 0 is needed"),
    ("loop_overhead --placements=loop,none", "--placements: none: unknown (one of loop, step,"),
    ("loop_overhead --batch_size=-3", "--batch_size: -3: a whole number above 0 is needed"),
    ("loop_overhead --precision=half", "--precision: invalid choice"),
    ("memory --hidden=12000,none", "--hidden: none: a whole number above 0 is needed"),
    ("memory --only=keras", "--only: keras: unknown"),
    ("memory --against=nowhere", "--against: nowhere: is not a checkout of tfapp"),
    ("million_files --files=few", "--files: few: a whole number above 0 is needed"),
    ("read_images --seconds=nan", "--seconds: nan: a number above 0 is needed"),
    ("read_images --repeats=0", "--repeats: 0: a whole number above 0 is needed"),
    ("read_tables --rows=0", "--rows: 0: a whole number above 0 is needed"),
    ("replicas --replicas=0", "--replicas: 0: a whole number above 0 is needed"),
    ("replicas --variants=half", "--variants: half: unknown (one of whole, shards, bfloat16, "),
    ("serving --connections=1,0", "--connections: 0: a whole number above 0 is needed"),
    ("serving --only=flask", "--only: flask: unknown"),
    ("time_to_accuracy", "the following arguments are required: --data"),
    ("time_to_accuracy --data=nowhere", "--data: nowhere: is not a folder"),
    ("peers/jax_scan --variant=scan --workload=cnn-128", "--workload: invalid choice: 'cnn-128'"),
    (f"peers/keras_fit {PEER} --variant=other", "--variant: invalid choice: 'other'"),
    ("peers/pytorch", "the following arguments are required: --workload, --variant, --arrays"),
    ("peers/pytorch --workload=mlp-32 --variant=eager --arrays=none", "--arrays: none: is not a f"),
    ("peers/pytorch_gpu --workload=vgg", "--workload: invalid choice: 'vgg'"),
]


@pytest.mark.parametrize("line, message", BAD, ids=[line for line, _ in BAD])
def test_a_mistake_is_one_line(run_script, line, message):
    name, *arguments = line.split()
    code, err = run_script(name, *arguments)
    assert code == 2
    assert err.count("\n") == 1
    assert err.startswith(f"{pathlib.Path(name).name}.py: {message}")


@pytest.mark.parametrize(
    "line, library",
    [
        (f"peers/pytorch {PEER} --variant=eager", "torch"),
        (f"peers/jax_scan {PEER} --variant=scan", "jax"),
        ("peers/pytorch_gpu --workload=resnet50", "torch"),
        ("read_images --reader=pytorch", "torch"),
        ("read_tables --pandas", "pandas"),
        ("serving", "fastapi"),
        (f"ablate_tables {TABLE} --against=best", "pandas"),
    ],
)
def test_a_missing_library_is_one_line(run_script, monkeypatch, line, library):
    for name in (library, f"{library}.numpy"):
        monkeypatch.setitem(sys.modules, name, None)
    name, *arguments = line.split()
    assert run_script(name, *arguments) == (77, f"skipped: needs pip install {library}\n")


def test_data_that_lacks_a_file(run_script):
    pathlib.Path("data").mkdir()
    code, err = run_script("compare", "--only=mlp-32", "--data=data")
    assert (code, err) == (1, "--data=data: lacks train-images-idx3-ubyte.gz\n")


def test_a_processor_without_units_is_no_place_for_the_type(processor):
    workloads = processor("avx2", "fma")
    assert workloads.lacking("bfloat16").startswith("no units for bfloat16 here (amx_bf16, ")
    assert workloads.lacking("float32") == ""
    for units in ("amx_bf16", "avx512_bf16", "bf16"):
        assert processor("avx2", units).lacking("bfloat16") == ""


def test_a_peer_skips_what_the_processor_has_no_units_for(run_script, processor):
    processor("avx2")
    arguments = f"{PEER} --variant=eager --precision=bfloat16".split()
    code, err = run_script("peers/pytorch", *arguments)
    assert code == 77
    assert err.startswith("skipped: no units for bfloat16 here")


@pytest.fixture
def compare(processor, monkeypatch):
    """The module of compare.py, on a processor with AVX2, without GPUs; scripts are not run."""
    processor("avx2")
    monkeypatch.setattr("sys.argv", ["compare.py", "--rounds=2", "--output=results.json"])
    import compare

    monkeypatch.setattr(compare.workloads, "has_gpu", lambda: False)
    monkeypatch.setattr(compare.workloads, "write_arrays", lambda *arguments: "arrays.npz")
    return compare


def test_rows_are_skipped_with_a_reason_and_peers_that_are_missing_too(
    compare, monkeypatch, capsys
):
    started = []

    def run(command, **options):
        started.append(" ".join(map(str, command)))
        if "pytorch.py" in started[-1]:
            return types.SimpleNamespace(
                returncode=77, stdout="", stderr="skipped: needs pip install torch\n"
            )
        return types.SimpleNamespace(
            returncode=0, stdout=json.dumps({"examples_per_second": 1000.0}), stderr=""
        )

    monkeypatch.setattr(subprocess, "run", run)
    compare.main()
    written = capsys.readouterr()
    for name in ("cnn-128", "resnet20-128"):
        assert f"{name} bfloat16: skipped: no units for bfloat16 here" in written.err
    assert not any("--precision=bfloat16" in line for line in started)
    skipped = re.findall(r"pytorch.py eager +skipped: needs pip install torch\n", written.err)
    assert len(skipped) == len(compare.workloads.WORKLOADS)  # once, not in each round
    rows = json.loads(pathlib.Path("results.json").read_text())["rows"]
    assert list(rows) == [f"{name} float32" for name in compare.workloads.WORKLOADS]
    assert "pytorch eager" not in rows["mlp-32 float32"]
    assert rows["mlp-32 float32"]["jax scan"] == [1000.0, 1000.0]
    assert len(written.out.splitlines()) == 1 + len(rows)

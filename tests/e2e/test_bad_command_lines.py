"""Every mistake on a command line ends with its exit code and one line that names it.

Most run in this process, for speed; a few in a process of their own, as a user starts them.
"""

import json
import os
import pathlib

import numpy as np
import pytest

X, Y = np.linspace(0, 1, 120, dtype=np.float32).reshape(60, 2), np.arange(60) % 3
MODELS = "tests.models_for_tests"


@pytest.fixture
def files():
    """The files and folders that the table below refers to, in the working directory."""

    def save(name, **arrays):
        np.savez(name, **{"x": X, "y": Y, **arrays})

    with_nan = X.copy()
    with_nan[17, 1] = np.nan
    save("sound.npz")
    save("objects.npz", x=np.array([{}] * 60, object))
    save("nan.npz", x=with_nan)
    save("negative.npz", y=Y - 1)
    save("real.npz", y=Y + 0.5)
    save("words.npz", x=np.array(["a"] * 60))
    for name, x, y in (
        ("range", X, Y + 1),
        ("shapes", X[:, :1], Y),
        ("empty", X[:0], Y[:0]),
    ):
        np.savez(f"{name}.npz", x_train=X, y_train=Y, x_test=x, y_test=y)
    pathlib.Path("cut.npz").write_bytes(pathlib.Path("sound.npz").read_bytes()[:200])
    pathlib.Path("a_file").write_text("")
    for folder in ("thesis", "other", "manual"):
        os.mkdir(folder)
    pathlib.Path("thesis/chapter1.txt").write_text("years of work")
    pathlib.Path("other/flags.txt").write_text("--learning_rate=0.5\n")
    pathlib.Path("other/identity.json").write_text(json.dumps({"learning_rate": 0.5}))
    pathlib.Path("manual/t10k-images-idx3-ubyte.gz").write_text("")


USAGE = [
    ("--bathc_size=3", "--bathc_size: unknown flag; did you mean 'batch_size'?"),
    ("--batch_size=some", "batch_size"),
    ("digits", "'digits': not a flag"),
    ("--flagfile=none.flags", "none.flags"),
    ("--dataset=digist", "--dataset=digist: unknown; did you mean 'digits'?"),
    ("--dataset=nzp:a.npz", "--dataset=nzp:a.npz: unknown kind 'nzp'; did you mean 'npz'?"),
    ("--dataset=npz:sound.npz --features=x", "--features: --dataset=npz:sound.npz has no columns"),
    ("--group_column=person", "--group_column: --dataset=digits has no columns; csv, parquet"),
    ("--model=mpl", "--model=mpl: unknown; did you mean 'mlp'?"),
    ("--optimizer=adm", "--optimizer=adm: unknown; did you mean 'adam'?"),
    ("--task=clasification", "--task=clasification: unknown; did you mean 'classification'?"),
    ("--loss=mean_square_error", "did you mean 'mean_squared_error'?"),
    ("--mode=trian", "--mode=trian: unknown; did you mean 'train'?"),
    ("--monitor=accurracy", "--monitor=accurracy: unknown"),
    ("--checkpoint_every=often", "--checkpoint_every=often: write it as"),
    ("--dataset=npz:sound.npz --batch_size=1000", "--batch_size=1000: is larger than the 49 tr"),
    ("--logical_devices=2 --batch_size=33", "--batch_size=33: does not divide among 2 replicas"),
    ("--engine=stream --xla=loop", "--engine=stream contradicts --xla=loop"),
    ("--strategy=one --logical_devices=2", "--strategy=one contradicts --logical_devices=2"),
    ("--logical_devices=2 --xla=loop", "--xla=loop: 2 replicas cannot share one XLA program"),
    ("--stop_signal=KILL", "--stop_signal=KILL: must be one of USR1, USR2, HUP, INT, QUIT, TERM"),
    ("--stop_signal=SIGUSR3", "XCPU; did you mean 'USR2'?"),
    ("--max_time=3", "--max_time=3: write it as 60s (seconds)"),
    ("--max_time=0s", "--max_time=0s: must be above 0"),
    ("--strategy=mirrored", "--strategy=mirrored: there is one device"),
    ("--export=none,savedmodel", "--export=none,savedmodel: none excludes"),
    ("--model_dir=other", "--model_dir=other: belongs to a run with --"),
    ("--model_dir=thesis", "--model_dir=thesis: is not empty and not a run's folder"),
    ("--model_dir=new --resume=must", "--resume=must: new holds no checkpoints"),
    ("--model_arg=hiden=3", "--model_arg=hiden: mlp takes hidden, outputs, activation"),
    ("--model_arg=hidden=-3", "--model=mlp: "),
    (f"--model={MODELS}:Refusing --model_arg=depth=0", "depth=0: must be 1 or more"),
    (f"--model={MODELS}:WrongWidth", "gives shape [2, 7] for a batch of 2; [2, 10] is needed"),
    (f"--model={MODELS}:Failing", "TypeError"),
    (f"--model={MODELS}:NoWeights", "has no weights to train"),
    (f"--model={MODELS}:not_a_model", "gives a str, not a keras.Model"),
    ("--mode=eval --model_dir=nowhere", "--model_dir=nowhere: is not a run's folder"),
    ("--mode=eval --model_dir=other", "--model_dir=other: holds no checkpoints"),
    ("--mode=predict --model_dir=nowhere --input=sound.npz --output=o.csv", "holds no export"),
]
DATA = [
    ("--dataset=npz:none.npz", "none.npz does not exist"),
    ("--dataset=npz:cut.npz", "cut.npz is unreadable as .npz"),
    ("--dataset=npz:objects.npz", "objects.npz holds Python objects"),
    ("--dataset=npz:range.npz", "split test: y 3 in example 2 is not among the 3 classes 0 to 2"),
    ("--dataset=npz:negative.npz", "label -1 in example 0"),
    ("--dataset=npz:nan.npz", "x is NaN or infinite in example 17"),
    ("--dataset=npz:empty.npz", "split test: is empty"),
    ("--dataset=npz:shapes.npz", "split test: x has shape (1,) an example, train (2,)"),
    ("--dataset=npz:words.npz", "x has dtype <U1; numbers are needed"),
    ("--dataset=npz:real.npz --task=classification", "cannot be used with --task=classification"),
    ("--dataset=npz:sound.npz --label=z", "no array called 'z'"),
    ("--dataset=npz:sound.npz --validation_split=0.001", "too few to hold out --validation_split"),
    ("--dataset=fashion_mnist --offline", "would fetch http"),
    ("--dataset=fashion_mnist --offline --manual_dir=manual", "--manual_dir=manual: lacks t10k-la"),
]
STORAGE = [
    ("--model_dir=a_file", "--model_dir=a_file: "),
    ("--model_dir=a_file/run", "--model_dir=a_file/run: "),
    ("--data_dir=a_file", "--data_dir=a_file: cannot be written"),
]
TABLE = [
    *((flags, 2, message) for flags, message in USAGE),
    *((flags, 3, message) for flags, message in DATA),
    *((flags, 6, message) for flags, message in STORAGE),
    ("--require_gpu", 5, "--require_gpu: TensorFlow sees no GPU"),
]


def assert_refused(done, code, message):
    lines = done.err.splitlines()
    assert done.code == code, done.err
    assert [line for line in lines if line.startswith("tfapp: ")] == lines[-1:]
    assert message in lines[-1]
    assert "Traceback" not in done.err
    assert done.out == ""


@pytest.mark.parametrize("flags, code, message", TABLE, ids=[flags for flags, *_ in TABLE])
def test_refused_before_training(files, run_cli, flags, code, message):
    before = {*pathlib.Path().rglob("*")}
    assert_refused(run_cli(*flags.split()), code, message)
    left = {*pathlib.Path().rglob("*")} - before - {pathlib.Path("other/.lock")}
    assert not left


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_writable(run_cli):
    os.mkdir("locked", 0o500)
    assert_refused(run_cli("--model_dir=locked/run"), 6, "--model_dir=locked/run: Permission")


@pytest.mark.parametrize("steps", [1, 2, 200])
def test_a_diverging_run_keeps_its_last_good_state(run_cli, steps):
    done = run_cli(
        "--learning_rate=1e30", "--optimizer=sgd", f"--steps={steps}", "--model_dir=run",
        "--evaluate_every=200",
    )  # fmt: skip
    assert_refused(done, 4, "lower --learning_rate")
    assert json.loads(pathlib.Path("run/summary.json").read_text())["status"] == "diverged"
    assert not pathlib.Path("run/export").exists()


@pytest.mark.parametrize(
    "flags, code, message",
    [
        ("--bathc_size=3", 2, "did you mean 'batch_size'?"),
        pytest.param(
            "--dataset=npz:none.npz", 3, "none.npz does not exist", marks=pytest.mark.slow
        ),
        pytest.param(
            f"--model={MODELS}:Missing",
            2,
            "--model=tests.models_for_tests:Missing: ",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_refused_as_a_user_sees_it(run_main, flags, code, message):
    done = run_main(flags)
    assert_refused(done, code, message)

"""A typo on the command line fails before the data set is opened, in one line that corrects it."""

import pytest

from tfapp.data import DATASETS


@pytest.fixture
def unopened(monkeypatch):
    """The name of a data set that no test may open, as one that would have to be fetched."""

    def fetch():
        pytest.fail("the data set was opened")  # no Exception: nothing turns it into an exit code

    monkeypatch.setattr(DATASETS, "_entries", {**DATASETS._entries, "unopened": fetch})
    return "unopened"


TYPOS = [  # flags, the beginning of the message, the name it suggests
    ("--model=tabulr", "--model=tabulr: unknown", "tabular"),
    ("--model=mlp --model_arg=hiden=3", "--model_arg=hiden: mlp takes", "hidden"),
    ("--task=regresion", "--task=regresion: unknown", "regression"),
    ("--loss=mean_square_error", "--loss=mean_square_error: unknown", "mean_squared_error"),
    ("--task=regression --loss=mean", "--loss=mean: unknown for regression", ""),
    ("--optimizer=adamm", "--optimizer=adamm: unknown", "adam"),
    ("--schedule=cosine --schedule_arg=ende=1", "--schedule_arg=ende: cosine takes", "end"),
    ("--augment=flip,cutot:0.5", "--augment=cutot:0.5: unknown", "cutout"),
    ("--export=saved_model", "--export=saved_model: unknown", "savedmodel"),
    ("--writers=jsonl,tensorbord", "--writers=tensorbord: unknown", "tensorboard"),
]


def assert_refused(done, beginning, suggestion):
    assert (done.code, done.out) == (2, ""), done.err
    assert done.err.startswith(f"tfapp: {beginning}")
    assert not suggestion or f"; did you mean '{suggestion}'?" in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("flags, beginning, suggestion", TYPOS, ids=[typo[0] for typo in TYPOS])
def test_a_typo_fails_before_the_data_set_is_fetched(
    run_cli, unopened, tmp_path, flags, beginning, suggestion
):
    assert_refused(run_cli(f"--dataset={unopened}", *flags.split()), beginning, suggestion)
    assert not list(tmp_path.iterdir())


def test_a_typo_fails_before_a_missing_file_does(run_cli):
    done = run_cli("--dataset=csv:missing.csv", "--optimizer=adamm")
    assert_refused(done, "--optimizer=adamm: unknown", "adam")


@pytest.mark.parametrize(
    "mode, typo, suggestion",
    [
        ("benchmark", "--optimizer=adamm", "adam"),
        ("benchmark", "--export=saved_model", "savedmodel"),
        ("inspect", "--augment=cutot", "cutout"),
    ],
)
def test_a_typo_fails_in_other_modes_too(run_cli, unopened, mode, typo, suggestion):
    done = run_cli(f"--mode={mode}", f"--dataset={unopened}", typo)
    assert_refused(done, f"{typo}: unknown", suggestion)


@pytest.fixture
def run_without_writer(tmp_path):
    """A run's folder whose writer and exporter cannot be imported here."""
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / "flags.txt").write_text("--writers=gone:Writer\n--export=gone:Exporter\n")
    return tmp_path / "run"


def test_a_typo_fails_in_eval(run_cli, unopened, run_without_writer):
    flags = ("--mode=eval", f"--model_dir={run_without_writer}", f"--dataset={unopened}")
    assert_refused(run_cli(*flags, "--optimizer=adamm"), "--optimizer=adamm: unknown", "adam")


def test_eval_does_not_need_the_runs_writers_and_exporters(run_cli, run_without_writer):
    flags = ("--mode=eval", f"--model_dir={run_without_writer}", "--dataset=npz:missing.npz")
    done = run_cli(*flags)
    assert done.code == 3, done.err
    assert "missing.npz does not exist" in done.err

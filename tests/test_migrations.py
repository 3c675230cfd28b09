"""Folders of older and newer versions: renamed, changed and unknown fields."""

import json
import pathlib

import pytest

import tfapp
from tfapp import flags, migrations
from tfapp.config import Config
from tfapp.errors import DataError, UsageError
from tfapp.run_folder import open_run_folder


@pytest.fixture
def renamed(monkeypatch):
    """tfapp as if two of its versions had renamed --rate to --step_size to --learning_rate.

    The first wrote it in thousandths, and --passes for --epochs.
    """
    table = (
        migrations.Migration(
            "0.1.5",
            renamed={"rate": "step_size", "passes": "epochs"},
            changed={"step_size": lambda value: value / 1000},
        ),
        migrations.Migration("0.2.0", renamed={"step_size": "learning_rate"}),
        *migrations.MIGRATIONS,
    )
    monkeypatch.setattr(migrations, "MIGRATIONS", table)


@pytest.fixture
def old_run():
    """old_run(text, **identity): an interrupted runs/digits-mlp-1 with this flags.txt."""

    def make(text, **identity):
        folder = pathlib.Path("runs/digits-mlp-1")
        folder.mkdir(parents=True)
        (folder / "flags.txt").write_text(text)
        (folder / "identity.json").write_text(json.dumps(identity))
        (folder / ".lock").write_text("")
        return folder

    return make


def open_folder(**changes):
    config = Config(**changes)
    folder = open_run_folder(**flags.folder_arguments(config))
    folder.write_flags(flags.to_lines(config))
    folder.close()
    return folder


def test_flags_txt_begins_with_the_version_that_wrote_it():
    assert flags.to_lines(Config())[0] == f"# tfapp {tfapp.__version__}"
    assert migrations.version_of("\n".join(flags.to_lines(Config()))) == tfapp.__version__
    assert migrations.version_of("--seed=1\n") == "0.1.0"
    assert migrations.version_of("") == "0.1.0"


@pytest.mark.parametrize(
    "text, rate",
    [
        ("--rate=50\n", 0.05),
        ("# tfapp 0.1.0\n--rate=50\n", 0.05),
        ("# tfapp 0.1.5\n--step_size=0.05\n", 0.05),
        ("# tfapp 0.1.10\n--step_size=0.05\n", 0.05),
        ("# tfapp 0.2.0\n--learning_rate=0.05\n", 0.05),
    ],
)
def test_flags_of_an_older_version_are_converted(renamed, text, rate):
    pathlib.Path("flags.txt").write_text(text)
    for form in (["--flagfile=flags.txt"], ["--flagfile", "flags.txt"], ["-flagfile=flags.txt"]):
        assert flags.parse(["main.py", *form]).learning_rate == pytest.approx(rate)
    parsed = flags.parse(["main.py", "--mode=eval", "--model_dir=.", "--seed=3"])
    assert (parsed.learning_rate, parsed.seed) == (pytest.approx(rate), 3)


def test_an_old_name_is_known_only_in_old_folders(renamed):
    pathlib.Path("flags.txt").write_text("# tfapp 0.2.0\n--rate=50\n")
    pathlib.Path("mine.flags").write_text("--rate=50\n")
    for argument in ("--rate=50", "--flagfile=mine.flags", "--flagfile=flags.txt"):
        with pytest.raises(UsageError, match="--rate: unknown flag"):
            flags.parse(["main.py", argument])


def test_an_interrupted_run_of_an_older_version_is_found_by_its_command(renamed, old_run):
    run = old_run("--rate=50\n--passes=3\n--noremat\n", rate=50.0, model="mlp")
    assert open_folder(learning_rate=0.05, epochs=4).path != run
    assert open_folder(learning_rate=0.05, epochs=3).path == run


def test_a_folder_of_an_older_version_is_bound_to_its_configuration(renamed, old_run):
    run = old_run("--rate=50\n", rate=50.0, model="mlp", model_arg=["hidden=4"])
    open_folder(model_dir=str(run), learning_rate=0.05, model_arg=("hidden=4",))
    with pytest.raises(UsageError, match=r"a run with --learning_rate=0.05, not 0.5;"):
        open_folder(model_dir=str(run), learning_rate=0.5, model_arg=("hidden=4",))
    with pytest.raises(UsageError, match=r"a run with --model_arg=hidden=4, not ;"):
        open_folder(model_dir=str(run), learning_rate=0.05)


def test_a_field_unknown_to_an_older_version_has_its_default(old_run):
    run = old_run("--seed=1\n", seed=1, model="mlp")
    open_folder(model_dir=str(run), seed=1)
    with pytest.raises(UsageError, match=r"a run with --weight_decay=0.0, not 0.5;"):
        open_folder(model_dir=str(run), seed=1, weight_decay=0.5)


def test_identity_json_keeps_the_version_that_wrote_it(renamed):
    folder = open_folder(learning_rate=0.05)
    kept = json.loads((folder.path / "identity.json").read_text())
    assert kept["tfapp"] == tfapp.__version__
    open_folder(model_dir=str(folder.path), learning_rate=0.05)  # of this version: not converted


def test_a_flag_of_a_newer_version_is_refused_in_one_line(old_run):
    run = old_run("# tfapp 99.1.0\n--seed=1\n--hover=3\n")
    for arguments in (
        [f"--flagfile={run}/flags.txt"],
        ["--mode=eval", f"--model_dir={run}"],
    ):
        with pytest.raises(UsageError) as caught:
            flags.parse(["main.py", *arguments])
        assert f"{run}/flags.txt: was written by tfapp 99.1.0" in str(caught.value)
        assert "--hover" in str(caught.value)
    assert open_folder(seed=1).path != run


def test_a_folder_of_a_newer_version_with_only_known_flags_is_read(old_run):
    run = old_run("# tfapp 99.1.0\n--seed=1\n")
    assert flags.parse(["main.py", f"--flagfile={run}/flags.txt"]).seed == 1


def test_an_identity_that_is_not_an_object(old_run):
    run = old_run("--seed=1\n")
    (run / "identity.json").write_text("[]")
    with pytest.raises(DataError, match=r"identity.json: cannot be read"):
        open_folder(model_dir=str(run))


def test_a_run_goes_on_with_the_defaults_that_it_began_with(old_run):
    run = old_run("# tfapp 0.2.0\n--batch_size=32\n--monitor=auto\n", tfapp="0.2.0", batch_size=32)
    begun = migrations.as_begun_by("0.2.0", Config(dataset="csv:a.csv", epochs=7))
    assert (begun.epochs, begun.batch_size, begun.schedule) == (7, 32, "constant")
    assert (begun.monitor, begun.export_weights) == ("task", "early_stopping")
    today = Config(dataset="csv:a.csv", epochs=7)
    assert migrations.as_begun_by(tfapp.__version__, today) == today
    parsed = flags.parse(["main.py", f"--flagfile={run}/flags.txt"])
    assert (parsed.epochs, parsed.monitor, parsed.export_weights) == (50, "task", "early_stopping")


def test_muon_of_an_older_version_takes_the_weights_that_it_took(old_run):
    run = old_run("# tfapp 0.2.0\n--optimizer=muon\n", tfapp="0.2.0", optimizer="muon")
    parsed = flags.parse(["main.py", f"--flagfile={run}/flags.txt"])
    assert parsed.optimizer == "keras.optimizers:Muon"


def test_a_table_of_an_older_version_is_found_by_its_plain_command(old_run):
    run = old_run("# tfapp 0.2.0\n--seed=1\n", tfapp="0.2.0", seed=1, model="mlp")
    assert open_folder(seed=1).path == run

"""Flags are the fields of Config; flags.txt repeats a run; --help and docs/flags.md are current."""

import re

import pytest

from tests.conftest import ROOT
from tfapp import cli, flag_help, flags
from tfapp.callbacks.writers import WRITERS
from tfapp.config import FLAGS, Config
from tfapp.data.augmentation import KINDS, MIXES
from tfapp.data.splits.split_names import SPLITS
from tfapp.errors import UsageError
from tfapp.export import EXPORTERS
from tfapp.models import MODELS
from tfapp.tasks import TASKS
from tfapp.training.placement import PLACEMENTS
from tfapp.training.schedules import SCHEDULES


def test_no_flag_gives_the_defaults():
    assert flags.parse(["main.py"]) == Config()


def test_every_field_is_a_flag():
    for name, flag in FLAGS.items():
        if isinstance(flag.default, bool):
            argument = f"--no{name}"
        else:
            argument = f"--{name}={flag_help._default(flag)}"
        assert flags._given([argument]).keys() == {name}


def test_help_shows_every_flag_with_its_default():
    text = flag_help.help_text()
    for name in FLAGS:
        assert text.count(f"  --{name}=") + text.count(f"  --[no]{name}=") == 1
    assert "--batch_size=auto" in text
    assert "--seed=0" in text
    assert max(len(line) for line in text.splitlines()) <= 100


REGISTERED = {
    "model": MODELS.names(),
    "task": TASKS.names(),
    "loss": sorted({loss for task in TASKS.names() for loss in TASKS.get(task).loss_names}),
    "augment": [*KINDS, *MIXES],
    "export": EXPORTERS.names(),
    "writers": WRITERS.names(),
}


@pytest.mark.parametrize("name", REGISTERED)
def test_help_names_all_that_is_registered(name):
    words = re.findall(r"\w+", flag_help.meaning(name))
    assert REGISTERED[name]
    for entry in REGISTERED[name]:
        assert entry in words


def test_choices_are_those_of_the_parts_that_have_them():
    assert FLAGS["schedule"].choices == ("auto", *SCHEDULES)
    assert FLAGS["xla"].choices == ("auto", *PLACEMENTS)
    assert FLAGS["mode"].choices == tuple(cli._MODES)
    assert FLAGS["split"].choices == SPLITS


def test_the_page_of_flags_is_current():
    page = (ROOT / "docs" / "flags.md").read_text()
    assert page == flag_help.markdown(), "run: python -m tfapp.flags > docs/flags.md"


def test_the_page_has_a_row_for_every_flag():
    rows = [line.split(" | ")[0] for line in flag_help.markdown().splitlines()]
    for name in FLAGS:
        assert rows.count(f"| `--{name}`") == 1


UNUSUAL = Config(
    dataset="npz:/data/a b,c.npz", label="kind of thing", validation_split=0.3, seed=3,
    offline=True, model="my.module:Net", model_arg=("hidden=[1, 2]", "name=a=b"), epochs=7,
    learning_rate=1 / 3, optimizer="sgd", early_stopping=2, logical_devices=2, engine="stream",
    log_every="5%", checkpoint_every="60s", export=("none",), batch_size=64,
    features=("age", 'income, in "real" terms'), eval_batch_size=7, writers=("csv",),
)  # fmt: skip


@pytest.mark.parametrize("config", [Config(), UNUSUAL, Config(export=())], ids=range(3))
def test_flags_txt_reads_back_the_same_run(tmp_path, config):
    (tmp_path / "flags.txt").write_text("\n".join(flags.to_lines(config)) + "\n")
    assert flags.parse(["main.py", f"--flagfile={tmp_path / 'flags.txt'}"]) == config


def test_later_flags_override_a_flagfile(tmp_path):
    recipe = "# a comment\n--epochs=3\n--seed=5\n--model_arg=depth=3\n--model_arg=width=8\n"
    (tmp_path / "a.flags").write_text(recipe)
    given = ["main.py", f"--flagfile={tmp_path / 'a.flags'}", "--epochs=4"]
    parsed = flags.parse([*given, "--model_arg=depth=6"])
    assert (parsed.epochs, parsed.seed) == (4, 5)
    assert parsed.model_arg == ("depth=6", "width=8")
    assert flags.parse([*given, "--model_arg="]).model_arg == ()


@pytest.mark.parametrize("form", [("--flagfile=run/flags.txt",), ("--flagfile", "run/flags.txt")])
def test_a_runs_flags_override_earlier_ones_and_are_overridden_by_later_ones(tmp_path, form):
    (tmp_path / "run").mkdir()
    lines = flags.to_lines(Config(seed=5, epochs=3, model_arg=("depth=3", "width=8")))
    (tmp_path / "run" / "flags.txt").write_text("\n".join(lines) + "\n")
    parsed = flags.parse(
        ["main.py", "--seed=4", "--model_dir=x", *form, "--epochs=6", "--model_arg=depth=6"]
    )
    assert (parsed.seed, parsed.epochs, parsed.model_dir) == (5, 6, "x")
    assert parsed.model_arg == ("depth=6", "width=8")


def test_flags_txt_holds_what_is_computed_and_not_where():
    lines = flags.to_lines(Config(mode="train", model_dir="here", dry_run=True))
    for name in ("mode", "model_dir", "dry_run", "resume", "input", "output"):
        assert not any(line.lstrip("-").startswith(f"{name}=") for line in lines)


def test_predict_reads_as_the_run_did_but_for_the_flags_given(tmp_path):
    (tmp_path / "export" / "1").mkdir(parents=True)
    (tmp_path / "flags.txt").write_text("--csv_delimiter=pipe\n--csv_decimal=comma\n")
    argv = ["main.py", "--mode=predict", f"--model_dir={tmp_path}", "--input=a.csv",
            "--output=b.csv"]  # fmt: skip
    parsed = flags.parse([*argv, "--csv_delimiter=tab"])
    assert (parsed.csv_delimiter, parsed.csv_decimal) == ("tab", "comma")
    (tmp_path / "flags.txt").unlink()  # an export is all that is needed
    assert flags.parse(argv).csv_delimiter == "auto"


def test_eval_starts_from_the_runs_own_flags(tmp_path):
    (tmp_path / "flags.txt").write_text("--dataset=synthetic:4\n--seed=9\n--batch_size=8\n")
    parsed = flags.parse(["main.py", "--mode=eval", f"--model_dir={tmp_path}", "--batch_size=16"])
    assert (parsed.dataset, parsed.seed, parsed.batch_size) == ("synthetic:4", 9, 16)


@pytest.mark.parametrize(
    "argument, message",
    [
        ("--bathc_size=3", "--bathc_size: unknown flag; did you mean 'batch_size'?"),
        ("--batch_size=many", "batch_size"),
        ("--batch_size", "batch_size"),
        ("digits", "'digits': not a flag"),
        ("--flagfile=none.flags", "none.flags"),
        ("--flagfile", "flagfile"),
        ("--offline=maybe", "offline"),
    ],
)
def test_refused(argument, message):
    with pytest.raises(UsageError) as caught:
        flags.parse(["main.py", argument])
    assert message in str(caught.value)

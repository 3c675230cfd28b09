"""Flags and Config fields are the same names; flags.txt repeats a run."""

import dataclasses

import pytest

from tfapp import flags
from tfapp.config import Config
from tfapp.errors import UsageError


def test_every_field_has_a_flag_and_every_flag_a_field():
    named = [name for group in flags.GROUPS.values() for name in group]
    assert len(named) == len(set(named))
    assert set(named) == {field.name for field in dataclasses.fields(Config)}


def test_no_flag_gives_the_defaults():
    assert flags.parse(["main.py"]) == Config()


def test_help_shows_every_flag_with_its_default():
    text = flags.help_text()
    for field in dataclasses.fields(Config):
        assert f"--{field.name}=" in text or f"--[no]{field.name}=" in text
    assert "--batch_size=32" in text
    assert "--optimizer=adam" in text
    assert max(len(line) for line in text.splitlines()) <= 100


UNUSUAL = Config(
    dataset="npz:/data/a b,c.npz", label="kind of thing", validation_split=0.3, seed=3,
    offline=True, model="my.module:Net", model_arg=("hidden=[1, 2]", "name=a=b"), epochs=7,
    learning_rate=1 / 3, optimizer="sgd", early_stopping=2, logical_devices=2, engine="stream",
    log_every="5%", checkpoint_every="60s", export=("none",), batch_size=64,
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


def test_flags_txt_holds_what_is_computed_and_not_where():
    lines = flags.to_lines(Config(mode="train", model_dir="here", dry_run=True))
    for name in ("mode", "model_dir", "dry_run", "resume", "input", "output"):
        assert not any(line.lstrip("-").startswith(f"{name}=") for line in lines)


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
        ("--offline=maybe", "offline"),
    ],
)
def test_refused(argument, message):
    with pytest.raises(UsageError) as caught:
        flags.parse(["main.py", argument])
    assert message in str(caught.value)

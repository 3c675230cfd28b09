"""Command lines as people write them: what is understood, and one message for each mistake."""

import os
import pathlib

import pytest

from tfapp import flag_help, flag_parsing, flags
from tfapp.config import FLAGS, Config
from tfapp.errors import UsageError

UNDERSTOOD = [
    ("--epochs=7", {"epochs": 7}),
    ("--epochs 7", {"epochs": 7}),
    ("-epochs=7", {"epochs": 7}),
    ("-epochs 7", {"epochs": 7}),
    ("--epochs=1_000", {"epochs": 1000}),
    ("--epochs=0x10", {"epochs": 16}),
    ("--epochs=3 --epochs=4", {"epochs": 4}),
    ("--epochs=3 --", {"epochs": 3}),
    ("--learning_rate=1", {"learning_rate": 1.0}),
    ("--learning_rate=1e-4", {"learning_rate": 1e-4}),
    ("--learning_rate .5", {"learning_rate": 0.5}),
    ("--offline", {"offline": True}),
    ("--offline=TRUE", {"offline": True}),
    ("--offline=1 --nooffline", {"offline": False}),
    ("--offline=f", {"offline": False}),
    ("-nooffline", {"offline": False}),
    ("--label=a=b", {"label": "a=b"}),
    ("--label=", {"label": ""}),
    ("--label=--x", {"label": "--x"}),
    ("--features=a,b", {"features": ("a", "b")}),
    ("--features=", {"features": ()}),
    ('--features=a,"b,c"', {"features": ("a", "b,c")}),
    ("--model_arg=a=1 --model_arg b=2", {"model_arg": ("a=1", "b=2")}),
]

REFUSED = {
    # a value of another type
    "--epochs=ten": "--epochs=ten: not a whole number; write it as --epochs=10, or auto",
    "--epochs=": "--epochs=: not a whole number; write it as --epochs=10, or auto",
    "--epochs=3.0": "--epochs=3.0: not a whole number; write --epochs=3",
    "--epochs=1e3": "--epochs=1e3: not a whole number; write --epochs=1000",
    "--epochs=2.5": "--epochs=2.5: not a whole number; write it as --epochs=10, or auto",
    "--epochs=inf": "--epochs=inf: not a whole number; write it as --epochs=10, or auto",
    "--epochs=1,000": "--epochs=1,000: not a whole number; write it as --epochs=10, or auto",
    "--epochs=²": "--epochs=²: not a whole number; use the digits 0 to 9",
    "--epochs=\u0663": "--epochs=\u0663: not a whole number; use the digits 0 to 9",
    "--seed=99999999999999999999": "--seed=99999999999999999999: not a whole number of 64 bits; ",
    f"--seed={'9' * 9999}": f"--seed={'9' * 100}...: not a whole number of 64 bits; ",
    "--epochs 10 epochs": "'epochs': not a flag; flags are written --name=value (see --help)",
    "--learning_rate=fast": (
        "--learning_rate=fast: not a number; write it as --learning_rate=0.1, or auto, or find"
    ),
    "--learning_rate=0,1": "--learning_rate=0,1: not a number; write a point for the comma",
    "--learning_rate=\u0661": "--learning_rate=\u0661: not a number; use the digits 0 to 9",
    "--learning_rate=nan": "--learning_rate=nan: must be above 0",
    "--weight_decay=inf": "--weight_decay=inf: must be finite",
    "--offline=maybe": "--offline=maybe: neither true nor false; write --offline or --nooffline",
    "--offline=": "--offline=: neither true nor false; write --offline or --nooffline",
    "--xla=maybe": "--xla=maybe: unknown (one of auto, loop, step, gradients, update, off)",
    '--features=a,"b': "--features=a,\"b: not a list (unexpected end of data); write --name=a,b",
    # no value, or one too many
    "--epochs": "--epochs: has no value; write it as --epochs=10, or auto",
    "--dataset": "--dataset: has no value; write it as --dataset=digits",
    "--label": "--label: has no value; write it as --label=VALUE",
    "--model_arg": "--model_arg: has no value; write it as --model_arg=VALUE",
    "--writers": "--writers: has no value; write it as --writers=jsonl,tensorboard",
    "--epochs --steps=3": "--epochs: has no value; write it as --epochs=10, or auto",
    "--label --epochs 3": "--label: has no value; write it as --label=VALUE",
    "--label -epochs=3": "--label: has no value; write it as --label=VALUE",
    "--label -nooffline": "--label: has no value; write it as --label=VALUE",
    "--nooffline=true": "--nooffline=true: takes no value; write --offline or --nooffline",
    "--offline true": "--offline true: write --offline=true",
    # names
    "--epoch=3": "--epoch: unknown flag; did you mean 'epochs'? (see --help)",
    "-epoch=3": "--epoch: unknown flag; did you mean 'epochs'? (see --help)",
    "--batch-size=3": "--batch-size: unknown flag; did you mean 'batch_size'? (see --help)",
    "--no_offline": "--no_offline: unknown flag; did you mean 'nooffline'? (see --help)",
    "--noepochs": "--noepochs: only a switch can be turned off; write it as --epochs=10, or auto",
    "--nothing": "--nothing: unknown flag",
    "--undefok=x": "--undefok: unknown flag",
    "--undefok offline": "--undefok: unknown flag",
    f"--{'x' * 9999}": f"--{'x' * 100}...: unknown flag (see --help)",
    "--=3": "--: unknown flag (see --help)",
    "--Epochs=3": "--Epochs: unknown flag; did you mean 'epochs'? (see --help)",
    # words that are no flags
    "train": "'train': not a flag; write --mode=train",
    "benchmark --epochs=3": "'benchmark': not a flag; write --mode=benchmark",
    "epochs=3": "'epochs=3': not a flag; write --epochs=3",
    "a_file": "'a_file': not a flag; write --dataset=a_file",
    "--epochs=3 -- train": "'--': not a flag",
    "-": "'-': not a flag; flags are written --name=value (see --help)",
    "\u2013epochs=3": (
        "'\u2013epochs=3': not a flag; it begins with a dash that is no hyphen; write --epochs"
    ),
    # files of flags
    "--flagfile": "--flagfile: names no file; write --flagfile=FILE",
    "--flagfile=": "--flagfile: names no file; write --flagfile=FILE",
    "--flagfile=none.flags": "--flagfile=none.flags: No such file or directory",
    "--flagfile none.flags": "--flagfile=none.flags: No such file or directory",
    "--flagfile=.": "--flagfile=.: Is a directory",
    "--flagfile=latin1": "--flagfile=latin1: is not UTF-8 text (byte 10); save it as UTF-8",
    "--flagfile=itself": "--flagfile=itself: includes itself; leave out one of these lines",
    "--flagfile=one": "--flagfile=./one: includes itself; leave out one of these lines",
    "--flagfile=prose": "--flagfile=prose: line 2: 'epochs=3' is not a flag; write --name=value",
    "--flagfile=spaced": "--flagfile=spaced: line 1: '--epochs 3' is not a flag; write --name=",
    "--flagfile=outer": "--flagfile=inner: No such file or directory",
    "--flagfile=wrong": "--epochs=ten: not a whole number; write it as --epochs=10, or auto",
}  # fmt: skip

FILES = {
    "a_file": "",
    "latin1": "--label=gr\xf6\xdfe\n".encode("latin-1"),
    "itself": "--epochs=3\n--flagfile=itself\n",
    "one": "--flagfile=two\n",
    "two": "--flagfile=./one\n",
    "prose": "# settings\nepochs=3\n",
    "spaced": "--epochs 3\n",
    "outer": "--flagfile=inner\n",
    "wrong": "--epochs=ten\n",
}


@pytest.fixture
def files():
    """The files that the command lines name, in the working directory."""
    for name, content in FILES.items():
        data = content if isinstance(content, bytes) else content.encode()
        pathlib.Path(name).write_bytes(data)


@pytest.mark.parametrize("line, values", UNDERSTOOD, ids=[line for line, _ in UNDERSTOOD])
def test_understood(line, values):
    assert flags._given(line.split()) == values


@pytest.mark.parametrize("line", REFUSED, ids=lambda line: line[:40])
def test_refused_in_one_line(files, run_cli, line):
    done = run_cli(*line.split(" "))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"tfapp: {REFUSED[line]}")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("name", FLAGS)
def test_every_flag_has_its_words_for_what_it_cannot_read(name):
    default = FLAGS[name].default
    wrong = f"--{name}=\x00"
    if isinstance(default, (bool, int, float)):
        wrong = f"--{name}=wrong"
    with pytest.raises(UsageError, match=f"^--{name}=.*(;|: must|: unknown|: write)"):
        flags.parse(["main.py", wrong])
    if not isinstance(default, bool):
        with pytest.raises(UsageError, match=f"^--{name}: has no value; write it as --{name}="):
            flags.parse(["main.py", f"--{name}"])


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "\udcff"], ids=ascii)
def test_what_a_line_of_flags_txt_cannot_hold_is_refused(value):
    for changes in ({"label": value}, {"features": ("a", value)}, {"dataset": f"npz:{value}"}):
        with pytest.raises(UsageError, match=r"holds a line break|is not UTF-8"):
            Config(**changes)


@pytest.mark.parametrize("name", ["a ", " b", "c\x85d", "e\u2028f", "g\x0bh", "#i", "--j=k"])
def test_any_other_name_is_read_back_from_flags_txt(name):
    config = Config(label=name, mode="train")
    os.mkdir("run")
    pathlib.Path("run/flags.txt").write_text("\n".join(flags.to_lines(config)), encoding="utf-8")
    assert flags.parse(["main.py", "--flagfile=run/flags.txt"]).label == name


LISTS = [
    ("a , b", ("a", "b")),
    ('"a ", " b" ,c', None),
    ('"a ", " b",c ', ("a ", " b", "c")),
    ('"say ""x"" ",12" , 14"', ('say "x" ', '12"', '14"')),
    ('""', ("",)),
]


@pytest.mark.parametrize("text, items", LISTS, ids=[text for text, _ in LISTS])
def test_blanks_are_part_of_an_item_of_a_list_only_in_quotes(text, items):
    if items is None:
        with pytest.raises(UsageError, match="not a list"):
            flags._given([f"--features={text}"])
        return
    assert flags._given([f"--features={text}"]) == {"features": items}
    written = flag_parsing.to_arguments({"features": items}, FLAGS)
    assert flags._given(written) == {"features": items}


def test_a_runs_flags_that_include_themselves_are_refused():
    pathlib.Path("flags.txt").write_text("--epochs=3\n--flagfile=flags.txt\n")
    with pytest.raises(UsageError, match=r"--flagfile=flags\.txt: includes itself"):
        flags.parse(["main.py", "--flagfile=flags.txt"])


def test_files_include_files_twice_and_may_have_a_byte_order_mark():
    pathlib.Path("common").write_text("\ufeff--epochs=3\n  --label\n  income\n", encoding="utf-8")
    pathlib.Path("mine").write_text("--flagfile=common\n// later ones override\n--epochs=4\n")
    parsed = flags.parse(["main.py", "--flagfile=common", "--flagfile=mine", "--steps=9"])
    assert (parsed.epochs, parsed.label, parsed.steps) == (4, "income", 9)


@pytest.mark.parametrize("line", ["--help", "-h", "-help", "--helpfull", "--helpshort --epochs=x"])
def test_help(run_cli, line):
    done = run_cli(*line.split())
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{flag_help.help_text()}\n"


@pytest.mark.parametrize("line", ["--version", "-version", "--version --epochs=ten"])
def test_version(run_cli, line):
    done = run_cli(*line.split())
    assert (done.code, done.err) == (0, "")
    names, versions = zip(*(row.split() for row in done.out.splitlines()), strict=True)
    assert names == ("tfapp", "TensorFlow", "Keras", "Python")
    assert all(version[0].isdigit() for version in versions)


def test_a_missing_package_has_no_version(monkeypatch):
    def missing(name):
        raise flag_help.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(flag_help.importlib.metadata, "version", missing)
    assert "TensorFlow not installed" in flag_help.version_text()


def test_help_as_a_value_is_no_request(run_cli):
    assert "not a flag" in run_cli("--epochs=3", "--", "--help").err

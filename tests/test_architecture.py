"""Rules for the package: imports point one way, files are short, --help loads no TensorFlow."""

import ast
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "tfapp"

# Lowest first. A module imports from layers below its own, and from its own room; SIDEWAYS lists
# what rooms of a layer may import from one another in addition.
_CONFIGURATION = {
    "config", "config_fields", "config_groups", "config_checks", "flag_values", "flag_files",
    "flag_parsing", "migrations", "seed_recipe",
}  # fmt: skip
LAYERS = (
    {*_CONFIGURATION, "spec", "errors", "registry", "given", "users_code", "runtime", "metrics"},
    {"run_folder", "run_export", "diagnosis"},
    {"data", "models", "tasks", "distribution"},
    {"training", "export", "report", "callbacks", "compression"},
    {"experiment", "serving"},
    {"modes", "flags", "flag_help"},
    {"api", "cli"},
    {"launch", "__main__"},
)
# modes import flags, because a run's folder keeps its resolved flags. export calls a model as
# training does (training.forward), so that the served model is the one that was measured.
SIDEWAYS = {
    ("modes", "flags"), ("flags", "flag_help"), ("export", "training"),
    ("run_export", "run_folder"), ("compression", "training"),
}  # fmt: skip
# flags answers --help, so it imports nothing that needs TensorFlow.
FLAGS_SEE = LAYERS[0] - {"metrics"} | {"flag_help", "run_folder", "run_export"}
_PATH = re.compile(r"tfapp(\.\w+)+(:\w+)?")


def modules():
    """(path, room) of every module except tfapp/__init__.py, the public face."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts != ("__init__",):
            yield path, parts[0]


def imported_rooms(path):
    """Rooms of tfapp that a module imports, also inside functions and as strings.

    Tables hold strings such as "tfapp.models.mlp:Net" and "tfapp.modes.train".
    """
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value.partition(":")[0]] if _PATH.fullmatch(node.value) else []
        for name in names:
            parts = name.split(".")
            if parts[0] == "tfapp" and len(parts) > 1:
                yield parts[1]


def layer(room):
    found = [i for i, rooms in enumerate(LAYERS) if room in rooms]
    assert found, f"tfapp/{room}: has no layer; give it one here and in docs/architecture.md"
    return found[0]


@pytest.mark.parametrize("path, room", [pytest.param(*m, id=str(m[0].name)) for m in modules()])
def test_imports_point_one_way(path, room):
    for other in set(imported_rooms(path)) - {room}:
        allowed = layer(other) < layer(room) or (room, other) in SIDEWAYS
        # Files of the lowest layer may import one another.
        allowed = allowed or (layer(room) == 0 and layer(other) == 0)
        assert allowed, f"{path.relative_to(ROOT)} imports tfapp.{other}"
        if room == "flags":
            assert other in FLAGS_SEE


@pytest.mark.parametrize(
    "text, rooms",
    [
        ("import tfapp.data.files", ["data"]),
        ("def f():\n    from tfapp.models import mlp", ["models"]),
        ('MODELS = {"mlp": "tfapp.models.mlp:Net"}', ["models"]),
        ('MODES = ("tfapp.modes.train",)', ["modes"]),
        ('logging.getLogger("tfapp")', []),
        ('"""Reads tfapp.data.files: prose is no import."""', []),
    ],
)
def test_imports_are_found_in_every_form(tmp_path, text, rooms):
    (tmp_path / "module.py").write_text(text)
    assert list(imported_rooms(tmp_path / "module.py")) == rooms


BELOW_CONFIG = (
    "data",
    "models",
    "tasks",
    "training",
    "distribution",
    "callbacks",
    "export",
    "serving",
    "compression",
)


@pytest.mark.parametrize("path, room", [pytest.param(*m, id=str(m[0].name)) for m in modules()])
def test_config_stops_at_the_door(path, room):
    """Below experiment and modes a part is handed the values it needs, by name."""
    if room not in BELOW_CONFIG:
        return
    assert "config" not in set(imported_rooms(path)), path
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.arguments):
            names = {a.arg for a in (*node.posonlyargs, *node.args, *node.kwonlyargs)}
            assert "config" not in names, path


def test_contracts_are_declared_not_probed():
    """A part that may be missing is a default of its contract; nothing is looked for by name."""
    system = {"registry.py", "libraries.py", "host.py", "private_api.py"}  # modules and C symbols
    for path, room in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            probe = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if probe and node.func.id in ("hasattr", "getattr") and path.name not in system:
                by_name = isinstance(node.args[1], ast.Constant)
                assert not by_name and room in ("config", "flags"), f"{path}:{node.lineno}"
            annotation = isinstance(node, (ast.AnnAssign, ast.arg)) and node.annotation
            if isinstance(annotation, ast.Name):
                assert annotation.id != "object", f"{path}:{node.lineno}"


def test_training_does_not_import_callbacks():
    for path, room in modules():
        if room in ("training", "data", "models", "tasks", "distribution"):
            assert "callbacks" not in set(imported_rooms(path)), path


def test_every_module_has_a_docstring():
    for path in sorted(PACKAGE.rglob("*.py")):
        assert ast.get_docstring(ast.parse(path.read_text())), path


def test_no_assert_in_the_package():
    for path in sorted(PACKAGE.rglob("*.py")):
        asserts = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Assert)]
        assert not asserts, f"{path}:{asserts[0].lineno}"


def test_no_module_is_called_utils():
    names = {path.stem for path in PACKAGE.rglob("*.py")}
    assert not names & {"utils", "util", "helpers", "helper", "common", "misc"}


def test_files_and_functions_are_short():
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text()
        assert len(text.splitlines()) <= 300, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                length = node.end_lineno - node.lineno + 1
                allowed = 80 if ast.get_docstring(node) else 45
                assert length <= allowed, f"{path}: {node.name} has {length} lines"


def test_tests_share_helpers_in_modules_of_their_own():
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                parts = [*node.module.split("."), *(alias.name for alias in node.names)]
                found = [part for part in parts if part.startswith("test_")]
                assert parts[0] != "tests" or not found, f"{path} imports from {found}"


def test_absl_parses_the_command_line_and_is_imported_there_alone():
    users = {room for path, room in modules() if "absl" in _imported_packages(path)}
    assert users == {"flag_files", "flag_parsing"}


def _imported_packages(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.partition(".")[0]


@pytest.mark.parametrize(
    "statement",
    [
        "cli.main(['main.py', '--help'])",
        "cli.main(['main.py', '--version'])",
        "__import__('tfapp')",
    ],
)
def test_help_and_import_do_not_load_tensorflow(statement):
    code = (
        f"import sys; from tfapp import cli; {statement}; "
        "heavy = {'tensorflow', 'keras', 'tensorflow_datasets', 'numpy', 'absl'}; "
        "heavy &= set(sys.modules); "
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# The rooms of tfapp/data, lowest first; "" is data/__init__.py. Rooms of one layer do not import
# one another.
DATA_LAYERS = (
    {"dates", "splits"},
    {"images", "pipeline", "preprocessing", "tables"},
    {"augmentation", "records"},
    {"sources"},
    {""},
)


def data_room(module):
    """The room of a dotted name below tfapp.data; "" for data/__init__.py and names in it."""
    name = module.split(".")[2:3]
    return name[0] if name and (PACKAGE / "data" / name[0]).is_dir() else ""


def data_modules_named(path):
    """Dotted names below tfapp.data that a module imports, or names as "a.b:Name"."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value.split(":")[0]] if ":" in node.value else []
        yield from (name for name in names if re.match(r"tfapp\.data(\.|$)", name))


DATA_FILES = sorted((PACKAGE / "data").rglob("*.py"))


@pytest.mark.parametrize("path", DATA_FILES, ids=lambda p: "-".join(p.parts[-2:]))
def test_imports_inside_data_point_one_way(path):
    room = data_room(".".join(path.relative_to(ROOT).with_suffix("").parts))
    level = {name: i for i, rooms in enumerate(DATA_LAYERS) for name in rooms}
    for module in data_modules_named(path):
        other = data_room(module)
        allowed = other == room or level[other] < level[room]
        assert allowed, f"{path.relative_to(ROOT)} names {module}"


def test_all_output_goes_through_one_module():
    """There, control characters in names and messages are made visible."""
    for path, _ in modules():
        if path == PACKAGE / "runtime" / "output.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            printed = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            assert not (printed and node.func.id == "print"), f"{path}:{node.lineno}: print"

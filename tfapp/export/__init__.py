"""From a trained model to what serves it: one exporter a format, by name.

A registry of `package.module:Name` strings: listing and checking names imports nothing.
"""

import importlib.util
import inspect

from tfapp.errors import UsageError
from tfapp.registry import Registry, is_object_path

EXPORTERS = Registry(
    "export",
    {
        "savedmodel": "tfapp.export.savedmodel:SavedModelExporter",
        "litert": "tfapp.export.litert:LiteRTExporter",
        "litert_float16": "tfapp.export.litert:Float16LiteRTExporter",
        "litert_dynamic": "tfapp.export.litert:DynamicLiteRTExporter",
        "litert_int8": "tfapp.export.litert:Int8LiteRTExporter",
        "onnx": "tfapp.export.onnx:ONNXExporter",
    },
)
NONE = "none"  # in place of the names: no export
# Packages that a format needs, of the extras `litert` and `onnx`.
_LITERT = ("ai_edge_litert",)
PACKAGES = {
    **dict.fromkeys(("litert", "litert_float16", "litert_dynamic", "litert_int8"), _LITERT),
    "onnx": ("tf2onnx", "onnxruntime"),
}


def check_names(names):
    """Checks --export before any data is opened; imports only a user's own exporters.

    Args:
      names: of exporters, or only "none".

    Raises:
      UsageError: an unknown name, a class that cannot be imported or is no exporter, a format
        whose packages are not installed, or "none" along with other names.
    """
    if NONE in names and len(names) > 1:
        raise UsageError(f"--export={','.join(names)}: none excludes every other format")
    for name in names:
        if name == NONE:
            continue
        EXPORTERS.check(name)
        if is_object_path(name):
            _exporter_class(name)
        missing = [p for p in PACKAGES.get(name, ()) if importlib.util.find_spec(p) is None]
        if missing:
            packages = " ".join(missing).replace("_", "-")
            raise UsageError(
                f"--export={','.join(names)}: {name} needs packages that are not here: pip install "
                f"{packages}"
            )


def formats(names):
    """The formats that are asked for, a tuple: `names` without "none"."""
    return tuple(name for name in names if name != NONE)


def make_exporters(names):
    """Makes the exporters of --export.

    Returns:
      name -> `tfapp.export.exporter.Exporter`, in the order of `names`; empty for "none".

    Raises:
      UsageError: as `check_names`.
    """
    return {name: _exporter_class(name)() for name in formats(names)}


def _exporter_class(name):
    from tfapp.export.exporter import Exporter

    found = EXPORTERS.get(name)
    if not (isinstance(found, type) and issubclass(found, Exporter)):
        raise UsageError(f"--export={name}: is no subclass of tfapp.export.exporter.Exporter")
    if inspect.isabstract(found):
        lacks = ", ".join(sorted(found.__abstractmethods__))
        raise UsageError(f"--export={name}: {found.__name__} lacks {lacks}")
    return found

"""Tables from names to objects: what ships with tfapp, and what users add.

A table's values are `package.module:Name` strings, so that listing names imports nothing. A name
that has this form itself is imported: that is how a user's own class is chosen. FILE.py:Name
does the same for a Python file in any folder.
"""

import difflib
import importlib
import importlib.util
import os
import pathlib
import re
import sys

from tfapp.errors import UsageError
from tfapp.given import Given, check_kept
from tfapp.users_code import users_code

_OBJECT_PATH = re.compile(r"([A-Za-z_][\w.]*|[^:*?]+\.py):[A-Za-z_]\w*")


def suggest(name, known):
    """Returns "; did you mean 'x'?" with the nearest of `known`, or an empty string."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def is_object_path(name):
    """True for `package.module:Name` and `FILE.py:Name`."""
    return _OBJECT_PATH.fullmatch(name) is not None


def load_object(path, flag):
    """Imports `package.module:Name`, looking in the working directory as well, or `FILE.py:Name`.

    Raises:
      UsageError: the module cannot be imported or lacks the name.
    """
    module_name, _, attribute = path.rpartition(":")
    is_file = module_name.endswith(".py") and os.path.lexists(module_name)
    with users_code(f"--{flag}={path}: importing {module_name!r} failed"):
        module = _import_file(module_name) if is_file else _import_module(module_name)
    if not hasattr(module, attribute):
        public = [n for n in vars(module) if not n.startswith("_")]
        raise UsageError(
            f"--{flag}={path}: module {module_name!r} has no {attribute!r}"
            + suggest(attribute, public)
        )
    return getattr(module, attribute)


def _import_module(name):
    _look_in(os.getcwd())
    return importlib.import_module(name)


def _import_file(file):
    """The module in a Python file, executed once a process."""
    path = pathlib.Path(file).resolve()
    _look_in(str(path.parent))  # for what it imports itself
    for name in (path.stem, str(path)):  # the stem may be the name of another module
        known = sys.modules.get(name)
        if known is not None and getattr(known, "__file__", None) == str(path):
            return known
        if known is None:
            break
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _look_in(folder):
    if folder not in sys.path:
        sys.path.insert(0, folder)


class Registry:
    """One table of names; `flag` is the command-line flag its error messages mention."""

    def __init__(self, flag, entries):
        self._flag = flag
        self._entries = dict(entries)

    def names(self):
        return sorted(self._entries)

    def register(self, name, target):
        """Adds `target` (an object or its `package.module:Name`) under `name`.

        Raises:
          UsageError: the name is taken by something else.
        """
        if self._entries.get(name, target) is not target:
            raise UsageError(f"--{self._flag}: {name!r} is registered already")
        self._entries[name] = target
        return target

    def check(self, name):
        """Raises UsageError, with the nearest known name, unless `name` can be looked up."""
        if isinstance(name, Given):
            return
        check_kept(name, self._flag)
        if name not in self._entries and not is_object_path(name):
            raise UsageError(
                f"--{self._flag}={name}: unknown{suggest(name, self._entries)} "
                f"(known: {', '.join(self.names())}, or your own as package.module:Name)"
            )

    def get(self, name):
        """Returns the object called `name`.

        Raises:
          UsageError: unknown name, or a user's module that cannot be imported.
        """
        if isinstance(name, Given):
            return name.value
        self.check(name)
        target = self._entries.get(name, name)
        return load_object(target, self._flag) if isinstance(target, str) else target

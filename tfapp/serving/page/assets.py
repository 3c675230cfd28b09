"""The parts of the page that are the same for every model, and the hashes that allow them."""

import base64
import hashlib
import pathlib

_FOLDER = pathlib.Path(__file__).parent
_SCRIPTS = ("fields.js", "picture.js", "csv.js", "answers.js", "main.js")


def _read(name):
    return (_FOLDER / name).read_text(encoding="utf-8")


def source_of(text):
    """The source expression of a Content-Security-Policy for an inline script or style."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


DOCUMENT = _read("page.html")
STYLE = _read("page.css")
# One function around all files, so that none of their names is the window's.
SCRIPT = "(() => {\n'use strict';\n" + "\n".join(map(_read, _SCRIPTS)) + "})();\n"

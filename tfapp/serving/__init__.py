"""Serves a run's export over HTTP, by the interfaces of TensorFlow Serving and of KServe/Triton.

Only the SavedModel and the files in its folder are used, nothing of the code or data that made it.
Requests go through these files: `app` finds what a path stands for, `bodies` reads, `rest` or
`open_inference` takes the JSON apart, `values` makes arrays, `batcher` joins requests and calls
TensorFlow, `versions` replaces the model by a higher version. `server` listens.
"""

import importlib.util

from tfapp.errors import UsageError

# Packages of the extra `serve`, as they are imported -> as they are installed.
PACKAGES = {
    "starlette": "starlette",
    "uvicorn": "uvicorn",
    "httptools": "httptools",
    "orjson": "orjson",
    "prometheus_client": "prometheus-client",
}


def check_packages():
    """Raises UsageError if a package of the extra `serve` is not installed."""
    missing = [name for p, name in PACKAGES.items() if importlib.util.find_spec(p) is None]
    if missing:
        raise UsageError(
            f"--mode=serve: needs packages that are not here: pip install {' '.join(missing)}"
        )

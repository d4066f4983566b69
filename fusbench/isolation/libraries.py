"""What is installed in a model's Python, and which of it is loaded.

Loaded by `guest.py`, as `witness.py` is; like it, it needs the standard library of Python 3.8 only.
"""

import hashlib
import os
import platform
import re
import sys
from importlib import metadata
from typing import Any

PLACES = ("/site-packages/", "/dist-packages/")
FRAMEWORKS = ("torch", "tensorflow", "keras", "jax", "mxnet", "paddle", "theano", "onnxruntime")
REPORTED = ("fusbench", "numpy", *FRAMEWORKS, "tensorflow-cpu", "tensorflow-gpu")
RECORD = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+)(-py[0-9.]+)?\.(dist|egg)-info")


def installed() -> Any:
    """Versions of what computes the densities, loaded or not."""
    found = {"python": platform.python_version()}
    for name in REPORTED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def versions() -> Any:
    """Versions of the libraries that are loaded, by the names of their modules.

    One that does not tell its own is known by the folder of its metadata beside it.
    """
    found = {}
    for name, module in sorted(sys.modules.items()):
        facts = getattr(module, "__dict__", {})
        file, version = facts.get("__file__"), facts.get("__version__")
        if "." not in name and isinstance(file, str) and any(part in file for part in PLACES):
            version = version if isinstance(version, str) else _recorded(file, name)
            found.update({name: version} if version else {})
    return found


def _recorded(file: str, name: str) -> str:
    place = os.path.dirname(file)
    while not (place + os.sep).endswith(PLACES):
        place = os.path.dirname(place)
    for entry in sorted(os.listdir(place)):
        told = RECORD.fullmatch(entry)
        if told and _plain(told["name"]) == _plain(name):
            return told["version"]
    return ""


def _plain(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def environment() -> str:
    """Hash of what is installed, by the names of its metadata, and of ``PYTHONPATH``."""
    found = [os.environ.get("PYTHONPATH", "")]
    for place in sorted(path for path in sys.path if os.path.isdir(path)):
        found += sorted(n for n in os.listdir(place) if n.endswith((".dist-info", ".egg-info")))
    return hashlib.sha256("\n".join(found).encode(errors="surrogateescape")).hexdigest()


def tops(distribution: str) -> Any:
    """Top-level modules and packages that a distribution has installed."""
    try:
        files = metadata.distribution(distribution).files or []
    except Exception:  # no such metadata, or a stranger's malformed one
        return []
    names = {file.parts[0].partition(".")[0] for file in files if file.suffix in (".py", ".so")}
    return sorted(n for n in names if n.isidentifier() and not n.startswith("__editable__"))

"""Virtual environments of a test's own, made in a moment and without a network."""

import os
import sys
import venv
from importlib import metadata
from pathlib import Path

TOOLS = {"pip": "pip", "fusbench": "fusbench", "pytest": "pytest"}


def sees_all(folder: Path) -> Path:
    """An environment that sees all packages of this one; what is installed into it stays in it.

    Returns
    -------
    Path
        Its folder of commands: python, pip, fusbench and pytest.
    """
    seen = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    commands, site = _made(folder)
    lines = [f"import site; site.addsitedir({path!r})" for path in seen]
    (site / "all.pth").write_text("\n".join(lines) + "\n")
    for command, module in TOOLS.items():
        script = commands / command
        script.write_text(f'#!/bin/sh\nexec "{commands}/python" -m {module} "$@"\n')
        script.chmod(0o755)
    return commands


def sees_numpy(folder: Path) -> Path:
    """An environment that has NumPy and nothing else, not even fusbench; its folder of commands."""
    commands, site = _made(folder)
    for file in metadata.files("numpy") or ():
        top = Path(file.parts[0])
        if top.suffix != ".py" and not (site / top).exists() and ".." not in file.parts:
            (site / top).symlink_to(file.locate().parents[len(file.parts) - 2])
    return commands


def _made(folder: Path) -> tuple[Path, Path]:
    venv.create(folder, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return folder / "bin", folder / "lib" / version / "site-packages"


def variables(commands: Path, **more: object) -> dict[str, str]:
    """Variables for a shell in the environment; pip builds there with what is installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return {
        **kept,
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        **{name: str(value) for name, value in more.items()},
    }

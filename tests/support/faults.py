"""Faults on demand, through `fault_server`: kills, refusals, small disks; and what they left."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FILES = ("stdout", "stderr", "changes", "outside")
SERVER = Path(__file__).with_name("fault_server.py")


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended (exit code, minus signal, or "hang"), and the changes that it made.

    `memory_mb` is the most memory of one of its processes, and `outside` the lines that tell of
    changes elsewhere than in its folder.
    """

    code: int | str
    stdout: str
    stderr: str
    changes: int
    memory_mb: int
    outside: tuple[str, ...]

    @property
    def is_one_line(self):
        """Whether it failed as it should: one line on stderr, no traceback."""
        lines = self.stderr.strip().splitlines()
        return len(lines) == 1 and len(lines[0]) < 1000 and "Traceback" not in self.stderr


class Faults:
    """A warm process whose forks run commands with a fault; a context manager.

    It finds the plug-ins of `plugins`, folders.
    """

    def __init__(self, place, plugins=()):
        self.place, self.plugins = Path(place), [str(folder) for folder in plugins]
        self.place.mkdir(exist_ok=True)

    def __enter__(self):
        self.server = subprocess.Popen(
            [sys.executable, "-P", str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "OMP_NUM_THREADS": "1",
                "PYTHONPATH": os.pathsep.join([*self.plugins, str(SERVER.parents[1])]),
            },
        )
        assert self.server.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *_):
        self.server.stdin.close()
        self.server.wait()

    def run(
        self, root, arguments, *, at=0, kind="KILL", kill_s=None, largest=0, timeout_s=20, env=None,
        edit=None,
    ):  # fmt: skip
        """Run a command with a fault at change number `at` below `root`; without one where 0.

        `kill_s` kills it after so many seconds instead; `largest` is the most bytes that a file may
        have, beyond which writing fails as on a full disk. With the kind "EDIT" somebody edits a
        file there: `edit` is (path, old, new, "in place" or "by rename").
        """
        files = {name: str(self.place / name) for name in FILES}
        request = {
            "arguments": [*map(str, arguments)], "root": str(root), "at": at, "kind": kind,
            "kill": kill_s, "largest": largest, "timeout": timeout_s, "cwd": str(self.place),
            "env": env or {}, "edit": edit, **files,
        }  # fmt: skip
        self.server.stdin.write(json.dumps(request) + "\n")
        self.server.stdin.flush()
        code, memory_mb = json.loads(self.server.stdout.readline())
        texts = [Path(files[name]).read_text(errors="replace") for name in FILES]
        return Done(
            code=code,
            stdout=texts[0],
            stderr=texts[1],
            changes=int(texts[2] or 0),
            memory_mb=memory_mb,
            outside=tuple(texts[3].splitlines()),
        )


def content(folder, but=()):
    """The bytes of every file below a folder, by its path, but files of these names."""
    files = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in files if path.name not in but
    }


def leftovers(*folders):
    """What no finished work leaves: locks, journals, and what bears the mark of unfinished work."""
    names = [path.name for folder in folders for path in Path(folder).rglob("*")]
    return [
        name for name in names
        if ".fusbench-" in name or name.endswith(".fusbench.lock") or name == "adding.json"
    ]  # fmt: skip

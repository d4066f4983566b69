"""What a model is made of: the files that it read, known by their content when it read them.

This file is loaded by `guest.py`, in whose process the model runs; like it, it needs the standard
library of Python 3.8 only. Python's audit hook sees what Python opens. What compiled libraries open
for themselves, such as weights in safetensors or ONNX, Linux tells of folders that are watched: the
model's own, the working folder, and those of the paths that it was given.
"""

import hashlib
import importlib.util
import os
import re
import sys
import sysconfig
import threading
from contextlib import contextmanager, suppress
from typing import Any

NOT_OF_MODELS = ("/proc/", "/sys/", "/dev/", "/etc/")
OF_PREFIX = ("lib", "lib64", "share", "bin", "etc")
FUSBENCH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")
ZOO = os.path.join(FUSBENCH, "zoo", "")
GUEST = tuple(os.path.join(FUSBENCH, "isolation", name + ".py") for name in ("guest", "introduced"))
IMPORTING = "<frozen importlib"
OF_RUNS = re.compile(  # what fusbench itself opens beside a model: pieces, and files of runs
    r"/\.([^/]+\.)?fusbench(-[A-Za-z0-9_]{8}(\.[^/]*)?|\.lock)$"  # unfinished yet, and locks
    r"|/scans/([^/]+\.npz|used-[0-9a-f]{16}\.json)$"
    r"|-[0-9a-f]{16}/((result|timing|used)\.json|(scores|landmarks)\.csv|frames\.png)$"
)
WRITES = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


class Witness:
    """Sees what is read, and tells it; one for the life of the process.

    Parameters
    ----------
    scratch : str
        Folder in which frames and densities cross: no part of the model.
    beside : callable
        Gives the modules that lie beside this file, by name.
    """

    def __init__(self, scratch: str, beside: Any) -> None:
        self.read: Any = {}  # absolute path: SHA-256 at that time
        self.listed: Any = {}  # folder: hash of the names in it when they were asked for
        self.of_data: Any = set()  # files of the data set that were opened
        self.model: Any = []  # the model's file, or the top-level modules that it comes from
        self.folder = ""
        self.packages: Any = []
        self.data = ""
        self.started = self.alone = False  # another program; with data that no other one reads
        self.passed = [os.path.join(scratch, ""), *_of_python()]
        self.busy = threading.local()
        self.watch = beside("watch").Watch()
        self.variables = beside("variables").Variables()
        self.libraries, self.contents = beside("libraries"), beside("contents")
        self.environment = ""  # what is installed, before the model changes where it looks

    def begin(self) -> None:
        """See everything from now on; a hook cannot be taken away again."""
        sys.dont_write_bytecode = True  # which would be old after an edit within the same second
        self.environment = self.libraries.environment()
        self.variables.begin()
        sys.addaudithook(self.see)

    def of_file(self, path: str) -> None:
        """Count a single file as the model's, and what it reads of its folder."""
        self.model, self.folder = [path], os.path.dirname(path)

    def own(self, tops: Any) -> None:
        """Count all files of these top-level modules or packages as the model's."""
        self.model += tops
        for top in tops:
            spec: Any = None if top == "fusbench" else importlib.util.find_spec(top)
            if spec is not None:
                found = spec.submodule_search_locations or [spec.origin]
                self.packages += [os.path.abspath(p) for p in found if p and os.path.exists(p)]

    def given(self, data: Any, paths: Any) -> None:
        """Take the folder of the data set for what it is, and look where these paths lie."""
        self.data = os.path.join(data, "") if data else ""
        near = [os.path.dirname(os.path.abspath(path)) for path in paths]
        self.watch.begin([*filter(None, [self.folder]), *near], os.getcwd(), self.counts)

    def leave_alone(self) -> None:
        """Blame the model for what compiled code opens of the data set: nobody else is near."""
        self.alone = True
        self.watch.begin([self.data], self.data, lambda _: True)

    def see(self, event: str, arguments: Any) -> None:
        """The audit hook: nothing that goes wrong here may stop the model."""
        if event in SEEN and not getattr(self.busy, "now", False):
            with suppress(Exception), self.looking():
                look = self._start if event in STARTS else self._see
                look(event, *arguments)

    @contextmanager
    def looking(self) -> Any:
        """While the block runs, what this thread opens is not the model's."""
        self.busy.now = True
        try:
            yield
        finally:
            self.busy.now = False

    def _see(self, event: str, path: Any, *flags: Any) -> None:
        if isinstance(path, int) or path is None or (event == "open" and flags[-1] & WRITES):
            return
        path = os.path.abspath(os.fsdecode(path))
        if path.endswith(".pyc") and "__pycache__" in path:
            path = importlib.util.source_from_cache(path)
        if event == "open" and self.is_data(path):
            self.of_data.add(os.path.basename(path))
        elif self.counts(path) and (path.endswith(".py") or _by_model(self.counts)):
            if event in LISTS:
                self.listed[path] = self.contents.names_in(path)
            else:
                self.keep(path)

    def _start(self, *told: Any) -> None:
        """What a program is told that the model starts is the model's, and its code beside it."""
        if _by_model(self.counts):
            self.started = True
            for path in self.watch.named(*told):
                if self.is_data(path):
                    self.of_data.add(os.path.basename(path))
                elif self.counts(path):
                    self.keep(path)

    def counts(self, path: str) -> bool:
        """Whether a file is a model's, rather than a library's, of the system, or of the data."""
        if any(path == root or path.startswith(root + os.sep) for root in self.packages):
            return True
        if path.startswith(FUSBENCH):
            return path.startswith(ZOO) and path.endswith(".py")
        if any(part in path for part in self.libraries.PLACES) or path.startswith(NOT_OF_MODELS):
            return False
        if self.data and path.startswith(self.data):
            inside = os.path.join(self.folder, "")
            return inside.startswith(self.data) and path.startswith(inside)
        return not path.startswith(tuple(self.passed))

    def is_data(self, path: str) -> bool:
        """Whether a file is of a data set, be it the one that is scored or another copy."""
        folder = os.path.dirname(path)
        if any(part in path for part in self.libraries.PLACES) or path.endswith(".py"):
            return False
        near = (folder, os.path.dirname(folder))
        return any(os.path.exists(os.path.join(place, "dataset.toml")) for place in near)

    def keep(self, path: str) -> None:
        """Remember a file by what it holds now; what cannot be read has no say."""
        with suppress(OSError):
            if os.path.isfile(path):
                self.read[path] = self.contents.digest_of(path)
                self.watch.near(path, self.counts)

    def before(self) -> None:
        """What other programs opened until now is not the model's."""
        self.watch.taken()

    def after(self) -> None:
        """Look at what compiled code opened; what is of data sets, another program may have."""
        with self.looking():
            for path in self.watch.taken():
                code = ".pyc" if self.started else (".py", ".pyc")  # ours is seen as it is opened
                seen = path in self.read or path.endswith(code) or OF_RUNS.search(path)
                if self.is_data(path):
                    self.of_data.update([os.path.basename(path)] * self.alone)
                elif not seen and self.counts(path):
                    self.keep(path)

    def used(self) -> Any:
        """What the densities follow from: a hash over the files, versions of libraries, a record.

        The record's absolute paths let a later process find out whether anything has changed.
        """
        with self.looking():
            for path in {*_modules(self.counts), *self._package_files()} - self.read.keys():
                self.keep(path)
            kept = {path: sha for path, sha in self.read.items() if os.path.exists(path)}
            asked = self.variables.told(self.counts, kept)
        total = hashlib.sha256()
        seen = {**kept, **self.listed}
        for name, sha in sorted({(self._name(path), sha) for path, sha in seen.items()}):
            total.update(f"{name}\0{sha}\n".encode(errors="surrogateescape"))
        for name, sha in asked.items():
            total.update(f"${name}\0{sha}\n".encode(errors="surrogateescape"))
        beside = {self.folder: self.contents.names_in(self.folder)} if self.folder else {}
        return {
            "source": total.hexdigest(),
            "versions": self.libraries.versions(),
            "data": sorted(self.of_data),
            "record": {
                "model": self.model,
                "files": kept,
                "packages": {root: self.contents.names_below(root) for root in self.packages},
                "folders": {**beside, **self.listed},
                "environment": self.environment,
                "variables": asked,
            },
        }

    def unchanged(self, record: Any, nearby: bool) -> bool:
        """Whether all files hold what a record says; `nearby`, no other could be taken either."""
        with self.looking(), suppress(OSError, KeyError, TypeError, AttributeError):
            files, asked = record["files"], record["variables"]
            here = not nearby or (record["model"] == self.model and self._same_places(record))
            same = (self.contents.digest_of(path) == sha for path, sha in files.items())
            return here and all(same) and self.variables.as_told(asked, files)
        return False  # a file is gone, or this is no record of ours

    def _same_places(self, record: Any) -> bool:
        inside, below = self.contents.names_in, self.contents.names_below
        return (
            record["environment"] == self.environment
            and all(inside(place) == names for place, names in record["folders"].items())
            and all(below(place) == names for place, names in record["packages"].items())
        )

    def _name(self, path: str) -> str:
        """A file's name wherever the model lies."""
        for root in filter(None, [self.folder, *map(os.path.dirname, self.packages)]):
            if path.startswith(os.path.join(root, "")):
                return os.path.relpath(path, root)
        return os.path.relpath(path, FUSBENCH) if path.startswith(ZOO) else os.path.basename(path)

    def _package_files(self) -> Any:
        return [path for root in self.packages for path in self.contents.files_below(root)]


def _modules(counts: Any) -> Any:
    files = (getattr(m, "__dict__", {}).get("__file__") for m in list(sys.modules.values()))
    return sorted({f for f in files if isinstance(f, str) and os.path.isabs(f) and counts(f)})


def _by_model(counts: Any) -> bool:
    """Whether a model's code asks for a file, rather than a library for itself while imported."""
    frame: Any = sys._getframe(3)
    while frame is not None:
        name = frame.f_code.co_filename
        ours = name.startswith(FUSBENCH) and name not in GUEST and not name.startswith(ZOO)
        if ours or name.startswith(IMPORTING):
            return False
        if name in GUEST or (os.path.isabs(name) and counts(name)):
            return True
        frame = frame.f_back
    return True


def _of_python() -> Any:
    roots = {sysconfig.get_paths()[kind] for kind in ("stdlib", "platstdlib")}
    for prefix in {sys.prefix, sys.base_prefix}:
        roots |= {os.path.join(prefix, part) for part in OF_PREFIX}
    return [os.path.join(root, "") for root in sorted(roots)]


LISTS = ("os.listdir", "os.scandir")
STARTS = {"subprocess.Popen", "os.posix_spawn", "os.exec", "os.system"}
SEEN = {"open", "sqlite3.connect", "ctypes.dlopen", *LISTS, *STARTS}

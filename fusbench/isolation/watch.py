"""Which files a process opens in some places, however it does: Linux tells (inotify).

Loaded by `guest.py`, as `witness.py` is. On another system nothing is seen this way. The places are
folders, with what lies below them, and what the model's code and its command lines name.
"""

import os
import re
import struct
import tempfile
from contextlib import suppress
from typing import Any

FOLDERS = 300  # that are watched, at most
OF_TOOLS = {".git", ".hg", ".svn", ".tox", ".nox", ".idea", ".vscode", ".ipynb_checkpoints"}
OF_CACHES = ("_cache", "__pycache__")
COMMON = {os.path.expanduser("~"), tempfile.gettempdir(), os.sep}  # where every program opens files
OF_SYSTEM = ("/usr/", "/bin/", "/sbin/", "/lib", "/etc/", "/proc/", "/sys/", "/dev/")
PLACE = re.compile(r"""["']([~/][^"'\n\\]*)["']""")
WORDS = re.compile(r"""[\s"'=;|&<>]+""")
OPENED, CHANGED, WRITTEN, IS_FOLDER = 0x20, 0x2, 0x8, 0x40000000
EVENTS = OPENED | CHANGED | WRITTEN
HEAD = struct.Struct("iIII")


class Watch:
    """Files that are opened below some folders, by this process or any other."""

    def __init__(self) -> None:
        self.folders: Any = {}
        self.handle = -1

    def begin(self, roots: Any, working: str, counts: Any) -> None:
        """Watch these folders and what lies below them, where ``counts(path)`` is true.

        So is the working folder; below one that all programs use, too much of theirs would be seen.
        """
        below = [] if working in COMMON else [working]
        self._add([*self._below([*roots, *below], counts), working])

    def near(self, path: str, counts: Any) -> None:
        """Watch the folder of a file that was read, too, and what it names if it is code."""
        around = {os.path.dirname(path), os.path.dirname(os.path.realpath(path))}
        self._add(p for p in sorted(around - COMMON) if counts(os.path.join(p, "")))
        if path.endswith(".py"):
            named = [p for p in places_in(path) if counts(p) and p not in self.folders.values()]
            self._add([*named, *self._below(filter(os.path.isdir, named), counts)])

    def named(self, event: str, *told: Any) -> Any:
        """Files that a command line names, as an audit event tells of it."""
        folder = [*_texts(told[2]), ""][0] if event == "subprocess.Popen" else ""
        lines = [text for part in told[:2] for text in _texts(part)]
        words = [word for line in lines for word in (line, *WORDS.split(line)) if word]
        found = {os.path.normpath(os.path.join(os.path.abspath(folder), word)) for word in words}
        return sorted(p for p in found if not _everybodys(p) and os.path.isfile(p))

    def _add(self, places: Any) -> None:
        try:
            import ctypes

            library = ctypes.CDLL(None, use_errno=True)
            if self.handle < 0:
                self.handle = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, AttributeError):
            return
        known = set(self.folders.values())
        for place in places if self.handle >= 0 else ():
            if place not in known and len(self.folders) < 2 * FOLDERS:
                number = library.inotify_add_watch(self.handle, os.fsencode(place), EVENTS)
                if number >= 0:
                    self.folders[number] = place

    def _below(self, roots: Any, counts: Any) -> Any:
        """Folders, the nearest first; those of tools and environments of Python are left out."""
        found = list(dict.fromkeys(roots))
        for folder in found:
            if len(found) >= FOLDERS:
                break
            try:
                entries = sorted(os.scandir(folder), key=lambda e: (e.name[0] == ".", e.name))
            except OSError:
                continue
            if any(entry.name == "pyvenv.cfg" for entry in entries):
                continue
            inside = [e for e in entries if e.is_dir(follow_symlinks=False)]
            shown = [e.path for e in inside if not _of_tools(e.name, folder)]
            found += [path for path in shown if path not in found and counts(path + os.sep)]
        return found[:FOLDERS]

    def taken(self) -> Any:
        """Files that were opened since the last call, and not written to."""
        if self.handle < 0:
            return []
        opened: Any = set()
        written: Any = set()
        while True:
            try:
                data = os.read(self.handle, 1 << 16)
            except OSError:
                break
            for mask, path in self._events(data):
                if not mask & IS_FOLDER:
                    (opened if mask & OPENED else written).add(path)
        return sorted(opened - written)

    def _events(self, data: bytes) -> Any:
        at = 0
        while at < len(data):
            number, mask, _, length = HEAD.unpack_from(data, at)
            at += HEAD.size
            name = data[at : at + length].rstrip(b"\0")
            at += length
            if number in self.folders:
                place = self.folders[number]
                yield mask, os.path.join(place, os.fsdecode(name)) if name else place


def _of_tools(name: str, folder: str) -> bool:
    hidden = name in OF_TOOLS or name.endswith(OF_CACHES)
    return hidden or (name.startswith(".") and folder in COMMON)


def places_in(path: str) -> Any:
    """Files and folders that a Python file names from the root or the home on."""
    text = ""
    with suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
        text = stream.read()
    found = sorted({os.path.normpath(os.path.expanduser(p)) for p in PLACE.findall(text)})
    return [p for p in found if not _everybodys(p) and os.path.exists(p)]


def _texts(told: Any) -> Any:
    """The texts of a command line: one, or a list of words."""
    kinds = (str, bytes, os.PathLike)
    words = [told] if isinstance(told, kinds) else told if isinstance(told, (list, tuple)) else ()
    return [os.fsdecode(word) for word in words if isinstance(word, kinds)]


def _everybodys(path: str) -> bool:
    return path in COMMON or path.startswith(OF_SYSTEM)

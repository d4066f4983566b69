"""Which files a process opens below some folders, however it does: Linux tells (inotify).

Loaded by `guest.py`, as `witness.py` is. On another system nothing is seen this way.
"""

import os
import struct
from typing import Any

FOLDERS = 300  # that are watched, at most
OPENED, CHANGED, WRITTEN, IS_FOLDER = 0x20, 0x2, 0x8, 0x40000000
EVENTS = OPENED | CHANGED | WRITTEN
HEAD = struct.Struct("iIII")


class Watch:
    """Files that are opened below some folders, by this process or any other."""

    def __init__(self) -> None:
        self.folders: Any = {}
        self.handle = -1

    def begin(self, roots: Any, counts: Any) -> None:
        """Watch these folders and what lies below them, where ``counts(path)`` is true."""
        try:
            import ctypes

            library = ctypes.CDLL(None, use_errno=True)
            if self.handle < 0:
                self.handle = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, AttributeError):
            return
        for folder in self._below(roots, counts) if self.handle >= 0 else ():
            number = library.inotify_add_watch(self.handle, os.fsencode(folder), EVENTS)
            if number >= 0:
                self.folders[number] = folder

    def _below(self, roots: Any, counts: Any) -> Any:
        """Folders, the nearest first; hidden ones and environments of Python are left out."""
        found = list(dict.fromkeys(roots))
        for folder in found:
            if len(found) >= FOLDERS:
                break
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError:
                continue
            if any(entry.name == "pyvenv.cfg" for entry in entries):
                continue
            inside = [e for e in entries if e.is_dir(follow_symlinks=False)]
            shown = [e.path for e in inside if not e.name.startswith((".", "__pycache__"))]
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
            if number in self.folders and name:
                yield mask, os.path.join(self.folders[number], os.fsdecode(name))

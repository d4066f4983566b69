"""Which environment variables a model asks for, and what they held before it could change them.

Loaded by `guest.py`, as `witness.py` is. Seen is what Python code asks `os.environ` for, whatever
of the standard library asks on its behalf; and what stands as a text in the model's own code or
settings, which may look it up in a copy, or let a library or a program ask.
"""

import collections
import collections.abc
import hashlib
import os
import re
import string
import sys
from contextlib import suppress
from functools import lru_cache
from typing import Any

OF_MACHINES = re.compile(  # who works where, in which job, and what fusbench itself sets
    r"HOME|USER|USERNAME|LOGNAME|PATH|PWD|OLDPWD|SHELL|SHLVL|_|TMPDIR|TEMP|TMP|LANG|LC_.*|XDG_.*"
    r"|TERM|TERM_.*|COLUMNS|LINES|WINDOWID|SSH_.*|DBUS_.*|INVOCATION_ID|JOURNAL_STREAM|VSCODE_.*"
    r"|DISPLAY|HOSTNAME|VIRTUAL_ENV|CUDA_VISIBLE_DEVICES|SLURM_.*|PBS_.*|LSB_.*|SGE_.*"
    r"|FUSBENCH_.*|MALLOC_.*|OMP_WAIT_POLICY|OPENCV_FOR_THREADS_NUM|\w+_NUM_(INTRAOP_)?THREADS"
)
IMPORTING = "<frozen importlib"
ALL = ""  # asked for by who goes through all names
IN_TEXT = re.compile(r"""(?:\$\{oc\.env:|["'$]\{?)([A-Za-z]\w*)""", re.ASCII)
WRITTEN = (".py", ".yaml", ".yml", ".toml", ".json", ".ini", ".cfg")  # code, and its settings
LARGEST = 1 << 20  # characters of a file that are looked at
ONLY_SET = re.compile(r"""environ\[["']\w+["']\]\s*=(?!=)""")
ASKERS: Any = (  # between who asks and the answer
    os.getenv, os.path.expandvars, collections.abc.Mapping.get, collections.ChainMap.get,
    string.Template.substitute,
)  # fmt: skip
PASSED = {__file__, *(asker.__code__.co_filename for asker in ASKERS)}


class Variables:
    """Sees who asks for which variable, and tells what it held when the process began."""

    def __init__(self) -> None:
        self.environ: Any = os.environ
        self.held = dict(os.environ)
        self.asked: Any = set()  # (file whose code asked, name)
        self.copying: Any = set()  # instructions that took the names of all: (code, place)

    def begin(self) -> None:
        """See everything from now on."""
        seen: Any = self
        kind: Any = type(os.environ)

        class Environ(kind):  # type: ignore[misc]
            """`os.environ` or `os.environb`, looked at."""

            def __getitem__(self, name: Any) -> Any:
                seen.see(name, sys._getframe(1))
                return kind.__getitem__(self, name)

            def __iter__(self) -> Any:
                seen.see(ALL, sys._getframe(1))
                return kind.__iter__(self)

            def keys(self) -> Any:
                frame = sys._getframe(1)
                seen.copying.add((frame.f_code, frame.f_lasti))
                return kind.keys(self)

        Environ.__name__ = kind.__name__
        for environ in (os.environ, getattr(os, "environb", None)):
            if type(environ) is kind:
                environ.__class__ = Environ

    def see(self, name: Any, frame: Any) -> None:
        """Remember what a frame, or the one that called it, asks for.

        An instruction that takes the names and the values is one that copies, as ``dict`` does: it
        asks for nothing.
        """
        with suppress(Exception):  # nothing that goes wrong here may stop the model
            while (frame.f_code, frame.f_lasti) not in self.copying:
                file = frame.f_code.co_filename
                if file not in PASSED and (file[:1] not in "<" or file.startswith(IMPORTING)):
                    self.asked.add((os.path.abspath(file), self.plain(name)))
                    break
                frame = frame.f_back

    def plain(self, name: Any) -> str:
        """A variable's name as the system knows it: Windows knows upper case only."""
        return str(self.environ.decodekey(self.environ.encodekey(os.fsdecode(name))))

    def told(self, counts: Any, files: Any) -> Any:
        """What code whose file ``counts`` asked for, or these name, with a hash of what it held."""
        names = {name for file, name in list(self.asked) if counts(file)} | self.named(files)
        return {name: self.digest(name) for name in _of_models(names)}

    def named(self, files: Any) -> Any:
        """Variables whose names stand as texts in these files, or their beginnings up to a `_`."""
        written = [(path, sha) for path, sha in files.items() if path.endswith(WRITTEN)]
        words = {self.plain(word) for path, sha in written for word in _words_in(path, sha)}
        begun = tuple(word for word in words if word.endswith("_"))
        return {name for name in _of_models(self.held) if name in words or name.startswith(begun)}

    def as_told(self, told: Any, files: Any) -> bool:
        """Whether variables hold what was told of them, and those that files name now."""
        asked = {**dict.fromkeys(self.named(files), ""), **told}
        return all(self.digest(name) == sha for name, sha in asked.items())

    def digest(self, name: str) -> str:
        """Hash of what a variable held, which may be a secret; "" where there was none."""
        value = "\n".join(_of_models(self.held)) if name == ALL else self.held.get(name)
        if value is None:
            return ""
        return hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()


def _of_models(names: Any) -> Any:
    return [name for name in sorted(names) if not OF_MACHINES.fullmatch(name)]


@lru_cache(1 << 14)
def _words_in(path: str, _sha: str) -> Any:
    """What the texts in a file begin with, but for names that it only sets."""
    text = ""
    with suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
        text = stream.read(LARGEST)
    return set(IN_TEXT.findall(ONLY_SET.sub("", text)))

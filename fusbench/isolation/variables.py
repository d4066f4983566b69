"""Which environment variables a model asks for, and what they held before it could change them.

Loaded by `guest.py`, as `witness.py` is. Seen is what Python code asks `os.environ` or `os.getenv`
for; not what compiled code asks of the system, nor a copy of the whole.
"""

import collections.abc
import hashlib
import os
import re
import sys
from typing import Any

OF_MACHINES = re.compile(  # who works where, in which job, and what fusbench itself sets
    r"HOME|USER|USERNAME|LOGNAME|PATH|PWD|OLDPWD|SHELL|TERM|TMPDIR|TEMP|TMP|LANG|LC_.*|XDG_.*"
    r"|DISPLAY|HOSTNAME|VIRTUAL_ENV|CUDA_VISIBLE_DEVICES|SLURM_.*|PBS_.*|LSB_.*|SGE_.*"
    r"|FUSBENCH_.*|MALLOC_.*|OMP_WAIT_POLICY|OPENCV_FOR_THREADS_NUM|\w+_NUM_(INTRAOP_)?THREADS"
)
PASSED = {  # between who asks and the answer
    __file__, os.getenv.__code__.co_filename, collections.abc.Mapping.get.__code__.co_filename,
}  # fmt: skip


class Variables:
    """Sees who asks for which variable, and tells what it held when the process began."""

    def __init__(self) -> None:
        self.held = dict(os.environ)
        self.asked: Any = set()  # (file whose code asked, name)

    def begin(self) -> None:
        """See everything from now on."""
        seen: Any = self
        kind: Any = type(os.environ)

        class Environ(kind):  # type: ignore[misc]
            """`os.environ`, looked at."""

            copied: Any = ()  # names still to come, where the whole is copied

            def __getitem__(self, name: Any) -> Any:
                if self.copied and self.copied[-1] == name:
                    self.copied.pop()
                else:
                    self.copied = []
                    seen.see(name, sys._getframe(1))
                return kind.__getitem__(self, name)

            def keys(self) -> Any:
                self.copied = list(self)[::-1]
                return kind.keys(self)

        Environ.__name__ = kind.__name__
        os.environ.__class__ = Environ

    def see(self, name: Any, frame: Any) -> None:
        """Remember what a frame, or the one that called it, asks for."""
        while frame is not None and frame.f_code.co_filename in PASSED:
            frame = frame.f_back
        if frame is not None and isinstance(name, str) and not OF_MACHINES.fullmatch(name):
            self.asked.add((frame.f_code.co_filename, name))

    def told(self, counts: Any) -> Any:
        """Names that code asked for whose file ``counts``, each with a hash of what it held."""
        names = {name for file, name in self.asked if os.path.isabs(file) and counts(file)}
        return {name: self.digest(name) for name in sorted(names)}

    def digest(self, name: str) -> str:
        """Hash of what a variable held, which may be a secret; "" where there was none."""
        value = self.held.get(name)
        if value is None:
            return ""
        return hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()

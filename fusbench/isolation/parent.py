"""Models in processes of their own, so that none can stop, silence or falsify the rest.

The parent never imports a stranger's code: it starts `guest.py`, asks it for the card, sends frames
and gets densities back. A crash, a hang, an exit, want of memory, an exception, or output where it
does not belong becomes one `PluginError`.
"""

from __future__ import annotations

import errno
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusbench.child import memory_can_be_limited
from fusbench.discovery import unknown_field
from fusbench.errors import (
    CheckpointError,
    ConfigError,
    FusbenchError,
    MemoryFull,
    PluginError,
    PredictionError,
)
from fusbench.isolation.scratch import scratch_folder
from fusbench.threads import environment

SCRIPT = Path(__file__).with_name("guest.py")
TAIL_LINES = 30
WANT_OF_MEMORY = r"MemoryError|bad_alloc|[Cc]annot allocate memory|out of memory"
MISSING = r"No module named '(\w+)"
PACKAGES = {  # what brings a module that models often miss
    "numpy": "numpy",
    "torch": "torch",
    "tensorflow": "tensorflow",
    "keras": "keras",
    "jax": "jax",
    "onnxruntime": "onnxruntime",
    "cv2": "opencv-python-headless",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
}
OF_MODELS: dict[str, type[FusbenchError]] = {
    kind.__name__: kind for kind in (PredictionError, CheckpointError, ConfigError)
}  # what a model may raise of `fusbench.errors`; all else of it is a fault of the plug-in
NOT_SHARED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a guest may use.

    Parameters
    ----------
    timeout_s : float
        Longest wait for one answer: reading the card, loading, or the densities of one clip or
        batch. 0 waits for ever.
    memory_gb : float or None
        Most address space, in gigabytes; None sets no limit. On Linux only.
    prints : bool
        Whether the model may write on standard output.
    threads : int or None
        Threads of its libraries; None lets them choose.

    Raises
    ------
    ConfigError
        If memory is to be limited where the system cannot.
    """

    timeout_s: float = 600.0
    memory_gb: float | None = None
    prints: bool = False
    threads: int | None = None

    def __post_init__(self) -> None:
        memory_can_be_limited(self.memory_gb, "--memory-limit")


class Guest:
    """A process that holds one model; a context manager, at whose end it is gone.

    Parameters
    ----------
    where : str
        What the process holds, for messages.
    python : Path or None
        The interpreter of another environment; None takes this one, with its import path.
    limits : Limits
    """

    def __init__(
        self, where: str, python: Path | None = None, limits: Limits | None = None
    ) -> None:
        self.where = where
        self.python = python
        self.limits = limits or Limits()
        self._scratch = scratch_folder()
        self.process: subprocess.Popen[bytes] | None = None
        self._pending = b""
        self._heard = False

    def __enter__(self) -> Guest:
        self.folder = self._scratch.__enter__()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._stop()
        if isinstance(error, FusbenchError):
            error.last_words = self.last_words()
        self._scratch.__exit__(None, None, None)

    def ask(self, do: str, **facts: Any) -> dict[str, Any]:
        """The guest's answer to a request.

        Raises
        ------
        PluginError
            If the guest crashes, hangs, exits, prints, or answers with an error of its own. An
            error about predictions, checkpoints or options that the model raises keeps its class.
        """
        process = self.process or self._start()
        request = {"do": do, **{key: value for key, value in facts.items() if value is not None}}
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._line(process))
            self._heard = True
        except (BrokenPipeError, EOFError):
            raise self._gone(process) from None
        except ValueError:
            self._stop()
            fix = (
                "Something there writes to standard output when Python starts: find and silence it."
            )
            raise PluginError("its Python gave no proper answer", self.where, fix) from None
        if not self.limits.prints:
            self._refuse_prints()
        if "error" in answer:
            raise self._error(answer["error"])
        return answer

    def last_words(self) -> str:
        """The last lines that the guest wrote to its standard error."""
        path = self.folder / "stderr.txt"
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        return "\n".join(text.splitlines()[-TAIL_LINES:])

    def printed(self) -> str:
        """What the guest wrote to its standard output."""
        path = self.folder / "stdout.txt"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _start(self) -> subprocess.Popen[bytes]:
        settings = environment(self.limits.threads)
        if self.python is not None:
            for name in NOT_SHARED:
                settings.pop(name, None)
        command = [str(self.python or sys.executable), str(SCRIPT), str(self.folder)]
        try:
            with (self.folder / "stderr.txt").open("wb") as stderr:
                self.process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    env=settings,
                    start_new_session=True,
                )
        except OSError as error:
            fix = "Name an environment's interpreter, such as old/bin/python, with --python."
            raise PluginError(
                f"cannot be started: {error.strerror}", str(self.python), fix
            ) from None
        return self.process

    def _line(self, process: subprocess.Popen[bytes]) -> bytes:
        assert process.stdout is not None
        end = time.monotonic() + self.limits.timeout_s if self.limits.timeout_s else None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._pending:
                left = None if end is None else end - time.monotonic()
                if (left is not None and left <= 0) or not selector.select(left):
                    self._stop()
                    raise silence(self.limits.timeout_s, self.where)
                data = os.read(process.stdout.fileno(), 1 << 16)
                if not data:
                    raise EOFError
                self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _stop(self, patience_s: float = 0) -> None:
        """End the process and what it started; one that is ending has some time to do so itself."""
        process, self.process, self._pending = self.process, None, b""
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            with suppress(OSError):
                stream.close()
        end = time.monotonic() + patience_s
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _gone(self, process: subprocess.Popen[bytes]) -> PluginError:
        """Why the process ended without an answer."""
        self._stop(5)
        code = process.wait()
        if re.search(WANT_OF_MEMORY, self.last_words()):
            return self._want_of_memory()
        if code == 1 and self.python and not self._heard:
            fix = f"{self.python} must be Python 3.8 or newer."
            return PluginError("its Python stopped before it read the model", self.where, fix)
        return ending(code, self.where)

    def _want_of_memory(self) -> PluginError:
        limit = self.limits.memory_gb
        within = f" within --memory-limit {limit:g}" if limit else ""
        fix = "Allow it more, or make it need less."
        return PluginError(f"ran out of memory{within}", self.where, fix)

    def _refuse_prints(self) -> None:
        printed = self.printed()
        if not printed:
            return
        first = printed.strip().splitlines()[0][:60] if printed.strip() else ""
        self._stop()
        what = f"wrote to standard output, which is for results: '{first}'"
        fix = "Write to sys.stderr, or allow it with --allow-prints."
        raise PluginError(what, self.where, fix)

    def _error(self, told: dict[str, str]) -> FusbenchError:
        """The error that the guest told of."""
        name, line = told["type"], " ".join(told["text"].split())
        if "what" in told:
            kind = OF_MODELS.get(name, PluginError)
            return kind(told["what"], told["where"] or self.where, told["fix"])
        if name == "MemoryError" or re.search(WANT_OF_MEMORY, line):
            return self._want_of_memory()
        if name == "OSError" and f"[Errno {errno.ENOSPC}]" in line:
            return MemoryFull(str(self.folder.parent))
        if name in ("ModuleNotFoundError", "ImportError"):
            return PluginError(
                f"cannot be imported: {name}: {line}", self.where, self._remedy(line)
            )
        if name == "SystemExit":
            fix = "A model must not end the process: raise an exception instead."
            return PluginError(f"tried to end its process: exit({line})", self.where, fix)
        return unknown_field(line, self.where) or PluginError(
            f"raised {name}: {line}".rstrip(": ."), self.where, "See its traceback."
        )

    def _remedy(self, line: str) -> str:
        missing = re.search(MISSING, line)
        package = missing and PACKAGES.get(missing[1])
        if not package:
            return "Install what it needs, or correct the name of the module."
        return f"Install it with: {self.python or 'python'} -m pip install {package}."


def silence(timeout_s: float, where: str) -> PluginError:
    """The error of a process that does not answer."""
    what = f"gave no answer within {timeout_s:g} s and was stopped"
    fix = "If it is slow rather than stuck, allow more with --timeout SECONDS."
    return PluginError(what, where, fix)


def ending(code: int, where: str) -> PluginError:
    """The error of a process that ended by itself, with this exit code or minus this signal."""
    if code == -signal.SIGKILL:
        what = "was killed, as the system does when memory runs out"
        return PluginError(what, where, "Give it less work or more memory.")
    if code < 0:
        name = signal.Signals(-code).name
        what, fix = f"crashed with {name}", "Look for a fault in its compiled code."
        return PluginError(f"{what} ({signal.strsignal(-code)})", where, fix)
    fix = "A model must not end the process: raise an exception instead."
    return PluginError(f"ended its process with exit code {code}", where, fix)

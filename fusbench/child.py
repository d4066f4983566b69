"""The command line in a process of its own: frameworks never share one, and its memory goes back.

Each child's work can be repeated by hand with the same command.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from types import ModuleType
from typing import Any

from fusbench.errors import ConfigError, FusbenchError
from fusbench.threads import environment

INTERRUPTED = 130
GRACE_S = 60.0
WATCH = "FUSBENCH_WATCH"
SAFE_PATH = {"PYTHONSAFEPATH": "1"}  # a stranger's click.py in the working folder is not imported

_running: set[subprocess.Popen[str]] = set()
_lock = threading.Lock()


class ChildError(FusbenchError):
    """A command failed in a process of its own; the message is that command's own line."""

    def __str__(self) -> str:
        return self.what


def memory_can_be_limited(asked: object, option: str) -> None:
    """Refuse a limit of memory that the system would not keep, rather than pass over it.

    Raises
    ------
    ConfigError
        If one is asked for, and this is not Linux: macOS holds no process to any.
    """
    if asked and not sys.platform.startswith("linux"):
        what = "this system holds no process to a limit of memory"
        raise ConfigError(what, option, "Leave it out; a limit of time is kept all the same.")


def command(
    arguments: Sequence[object], *, threads: int | None = None, quiet: bool = True
) -> list[Any]:
    """Run ``fusbench ARGUMENTS --json`` and return what it printed.

    Parameters
    ----------
    arguments : sequence
        Of the command line; each is turned into text.
    threads : int, optional
        Threads that the child's libraries may use.
    quiet : bool
        Keep the child's progress to itself, as where several run at once.

    Returns
    -------
    list
        The JSON documents on stdout, in order.

    Raises
    ------
    ChildError
        If the command fails.
    KeyboardInterrupt
        If this process or the child was interrupted; a training has saved its state by then.

    Examples
    --------
    >>> "phantom" in [card["name"] for card in command(["dataset", "list"])[0]]
    True
    """
    line = [sys.executable, "-P", "-m", "fusbench", *map(str, arguments), "--json"]
    settings = {**environment(threads), **SAFE_PATH, WATCH: "1"}
    watched, ours = os.pipe()  # closed by the system when this process ends, however it does
    # a session of its own: an interrupt reaches it once, from here, and not from the terminal too
    try:
        process = subprocess.Popen(
            line,
            stdin=watched,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if quiet else None,
            text=True,
            env=settings,
            start_new_session=True,
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(watched)
    with _lock:
        _running.add(process)
    try:
        printed, told = process.communicate()
    except BaseException:
        _interrupt(process)
        process.communicate()
        raise
    finally:
        os.close(ours)
        with _lock:
            _running.discard(process)
    if process.returncode in (INTERRUPTED, -signal.SIGINT):
        raise KeyboardInterrupt
    if process.returncode:
        raise ChildError(_reason(told, arguments, process.returncode))
    return _documents(printed)


def end_with_parent() -> None:
    """Where a `command` of another process runs here, stop when that process has ended.

    The standard input is a pipe whose other end the parent holds. At its end this process is
    interrupted, so that a training saves its state, and is gone a while later in any case. A shell
    that starts commands in the background has them ignore interrupts; this one does not.
    """
    if not os.environ.pop(WATCH, ""):
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def watch() -> None:
        with suppress(OSError):
            while os.read(0, 1):
                pass
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(GRACE_S)
        os._exit(INTERRUPTED)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def processes(
    count: int, begin: Callable[..., None] | None = None, given: tuple[Any, ...] = ()
) -> Iterator[Executor]:
    """A pool of fresh processes that import nothing from the working folder.

    Each begins with ``begin(*given)``.
    """
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ.update(SAFE_PATH)
    pool = Processes(count, begin, given)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    finally:
        if before is None:
            os.environ.pop("PYTHONSAFEPATH", None)
    pool.shutdown()


def interrupt_all() -> None:
    """Ask every running child to save its state and stop."""
    with _lock:
        for process in _running:
            _interrupt(process)


def _interrupt(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)


def _reason(told: str | None, arguments: Sequence[object], code: int) -> str:
    lines = [line for line in (told or "").splitlines() if line.strip()]
    if lines:
        return lines[-1].removeprefix("error: ")
    what = " ".join(map(str, ("fusbench", *arguments)))
    return f"'{what}' failed with exit code {code}; see the line above."


def _documents(text: str) -> list[Any]:
    decoder = json.JSONDecoder()
    found, position = [], 0
    text = text.strip()
    while position < len(text):
        document, end = decoder.raw_decode(text, position)
        found.append(document)
        position = end + len(text[end:]) - len(text[end:].lstrip())
    return found


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Processes(ProcessPoolExecutor):
    """Processes of this library's own work, which never run the caller's script again.

    Python starts such a process by running the main script once more, which a plain script without
    ``if __name__ == "__main__"``, or one from standard input, does not bear. The work here needs
    nothing of it.

    Parameters
    ----------
    count : int
        How many processes, at most.
    begin, given : callable and tuple, optional
        What each process does first.
    """

    def __init__(
        self,
        count: int,
        begin: Callable[..., None] | None = None,
        given: tuple[Any, ...] = (),
    ) -> None:
        context = get_context("spawn")
        super().__init__(count, mp_context=context, initializer=begin, initargs=given)

    def submit(self, work: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        """Let a process do some work; where there are too few, this call starts another one."""
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            return super().submit(work, *arguments, **named)
        finally:
            sys.modules["__main__"] = main


@contextmanager
def workers(count: int, scheduler: str | None = None) -> Iterator[Executor]:
    """An executor for work that is done by commands in processes of their own.

    Parameters
    ----------
    count : int
        Commands at once on this machine; a scheduler decides for itself.
    scheduler : str, optional
        Address of a ``dask.distributed`` scheduler, such as "tcp://host:8786". Its workers need
        fusbench, and the same folders under the same paths.

    Raises
    ------
    ConfigError
        If ``distributed`` is not installed, or nothing answers at that address.
    """
    if scheduler is None:
        yield from _local(count)
    else:
        yield from _cluster(scheduler)


def _local(count: int) -> Iterator[Executor]:
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        interrupt_all()
        raise
    finally:
        pool.shutdown()


def slots(scheduler: str) -> int:
    """How much the workers of a ``dask.distributed`` scheduler do at once.

    Raises
    ------
    ConfigError
        As `workers`; if it has none.
    """
    with _client(scheduler) as client:
        count = int(sum(client.nthreads().values()))
    if not count:
        raise ConfigError("the scheduler has no workers", scheduler, "Start 'dask worker'.")
    return count


def _cluster(address: str) -> Iterator[Executor]:
    with _client(address) as client:
        yield client.get_executor(pure=False)


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        fix = "Install it with: pip install distributed."
        raise ConfigError("--scheduler needs dask.distributed", fix=fix) from None
    try:
        return Client(address, timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        what = f"no scheduler answers: {str(error).splitlines()[0]}"
        raise ConfigError(what, address, "Start 'dask scheduler', or check --scheduler.") from None

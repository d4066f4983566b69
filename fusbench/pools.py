"""Work side by side: pools of processes and of commands, on this machine or a scheduler's."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from types import ModuleType
from typing import Any

from fusbench.child import SAFE_PATH, interrupt_all
from fusbench.errors import ConfigError, MemoryFull

LOCKS = "/dev/shm"  # where Linux keeps the locks of processes


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

    Raises
    ------
    MemoryFull
        If there is no room for what they share.
    """

    def __init__(
        self,
        count: int,
        begin: Callable[..., None] | None = None,
        given: tuple[Any, ...] = (),
    ) -> None:
        context = get_context("spawn")
        try:
            super().__init__(count, mp_context=context, initializer=begin, initargs=given)
        except OSError as error:  # its locks lie in the shared memory
            if error.errno != errno.ENOSPC:
                raise
            raise MemoryFull(LOCKS) from error

    def submit(self, work: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        """Let a process do some work; where there are too few, this call starts another one."""
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            return super().submit(work, *arguments, **named)
        finally:
            sys.modules["__main__"] = main


@contextmanager
def processes(
    count: int, begin: Callable[..., None] | None = None, given: tuple[Any, ...] = ()
) -> Iterator[Executor]:
    """A pool of fresh processes that import nothing from the working folder.

    Each begins with ``begin(*given)``.
    """
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ.update(SAFE_PATH)
    try:
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

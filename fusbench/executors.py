"""Where parallel work is done: on this machine, or by a cluster's scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from fusbench import child
from fusbench.errors import ConfigError


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
        child.interrupt_all()
        raise
    finally:
        pool.shutdown()


def _cluster(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError:
        fix = "Install it with: pip install 'fusbench[dask]'"
        raise ConfigError("--scheduler needs dask.distributed", fix=fix) from None
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError) as error:
        what = f"no scheduler answers: {str(error).splitlines()[0]}"
        raise ConfigError(what, address, "Start 'dask scheduler', or check --scheduler.") from None
    with client:
        yield client.get_executor(pure=False)

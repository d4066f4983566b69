"""Several processes for one model: each scores a part of the scans, on this machine or a cluster.

Every job is a command of its own, ``fusbench evaluate ... --part 2/4``. What jobs keep is found by
the process that asked for them, which scores what is missing: so a job that died costs time alone,
and a model that fails does so as in one process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusbench.child import command
from fusbench.doors.options import Options
from fusbench.pools import cores, slots, workers

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset

TICK_S = 1.0
SETTINGS = ("split", "profile", "observers", "kernel")


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """Where jobs run, how many at once, and with how many threads each.

    Parameters
    ----------
    executor : Executor
    count : int
    threads : int
    """

    executor: Executor
    count: int
    threads: int

    def score(self, line: list[str], tick: Callable[[], None]) -> list[str]:
        """Have all parts scored by this command; what the jobs that failed said.

        Parameters
        ----------
        line : list of str
            Arguments of the command, but for the part.
        tick : callable
            Called about once a second.
        """
        tasks = {
            self.executor.submit(
                command, [*line, "--part", f"{number}/{self.count}"], threads=self.threads
            )
            for number in range(1, self.count + 1)
        }
        left = tasks
        while left:
            _, left = wait(left, timeout=TICK_S)
            tick()
        failed = [error for task in tasks if (error := task.exception()) is not None]
        return sorted({str(error) or type(error).__name__ for error in failed})


@contextmanager
def hired(
    count: int | None, scheduler: str | None = None, threads: int | None = None
) -> Iterator[Jobs | None]:
    """So many jobs at once; None where one process on this machine does it all.

    Parameters
    ----------
    count : int, optional
        Default: one, or as many as the scheduler's workers take at once.
    scheduler : str, optional
        Address of a ``dask.distributed`` scheduler; see `fusbench.pools.workers`.
    threads : int, optional
        Of each job. Default: cores shared out among the jobs of this machine; one on a cluster.

    Raises
    ------
    ConfigError
        If nothing answers at that address, or nobody works there.
    """
    if scheduler is None and (count or 1) == 1:
        yield None
        return
    at_once = count or (slots(scheduler) if scheduler else 1)
    share = threads or (1 if scheduler else max(1, cores() // at_once))
    with workers(at_once, scheduler) as executor:
        yield Jobs(executor=executor, count=at_once, threads=share)


def shared(options: Options, jobs: Jobs | None) -> Options:
    """The options with the threads that a job has, so that no process computes with others."""
    return replace(options, threads=jobs.threads) if jobs else options


def line_of(
    words: list[str], data: Dataset, runs: Path, settings: dict[str, Any], options: Options
) -> list[str]:
    """The arguments of ``fusbench`` that score a model on a data set, wherever they are read.

    Parameters
    ----------
    words : list of str
        Which model it is.
    data : Dataset
    runs : Path
    settings : dict
        Of the contest.
    options : Options
    """
    line = ["evaluate", *words, "--dataset", str(data.root.resolve()), "--out", str(runs.resolve())]
    line += [] if data.fold is None else ["--fold", str(data.fold)]
    for name in SETTINGS:
        line += [f"--{name}", str(settings[name])]
    line += ["--metrics", ",".join(settings["metrics"])]
    line += ["--freeze-history"] * bool(settings["freeze_history"])
    return line + options.words()

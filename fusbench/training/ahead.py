"""Batches made while the model is at work: by a thread here, or by processes beside it.

A batch follows from the training and the number of its step alone: who makes it, and how many do,
changes no byte.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

from fusbench.data.samples import Batch
from fusbench.pools import processes
from fusbench.training.job import Training

DEPTH = 2
"""Batches that are under way for each process, so that it need not wait for the model."""

_job: Training | None = None


class Ahead:
    """The batches of a training from a step on, and the share of the time waited for them."""

    def __init__(self, job: Training, step: int, executor: Executor, depth: int) -> None:
        self.job, self.step, self.executor, self.depth = job, step, executor, depth
        self.coming: deque[Future[Batch]] = deque()
        self.waited_s, self.began = 0.0, 0.0

    def __next__(self) -> Batch:
        """The next step's batch."""
        while len(self.coming) < self.depth and self.step < self.job.recipe.max_steps:
            self.coming.append(self._submitted(self.step))
            self.step += 1
        asked = time.perf_counter()
        batch = self.coming.popleft().result()
        got = time.perf_counter()
        if self.began:
            self.waited_s += got - asked
        self.began = self.began or got  # the first one is there when all has been read and started
        return batch

    def _submitted(self, step: int) -> Future[Batch]:
        if isinstance(self.executor, ThreadPoolExecutor):
            return self.executor.submit(self.job.batch, step)
        return self.executor.submit(_batch, step)

    @property
    def waiting(self) -> float:
        """Share of the time since the first batch that was spent waiting for another."""
        passed = time.perf_counter() - self.began
        return self.waited_s / passed if self.began and passed else 0.0


@contextmanager
def ahead(job: Training, step: int, workers: int = 0) -> Iterator[Ahead]:
    """The batches of a training from a step on, made ahead.

    Parameters
    ----------
    job : Training
    step : int
    workers : int
        Processes that make them; 0 has a thread of this process do it.
    """
    pool: AbstractContextManager[Executor] = ThreadPoolExecutor(1)
    if workers:
        pool = processes(workers, _remember, (job,))
    with pool as executor:
        found = Ahead(job, step, executor, DEPTH * max(workers, 1))
        try:
            yield found
        finally:
            for future in found.coming:
                future.cancel()


def _remember(job: Training) -> None:
    """In a process that makes batches: of which training."""
    import cv2

    global _job
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the loop heeds it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)  # the processes share the cores already
    _job = job


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _batch(step: int) -> Batch:
    assert _job is not None
    return _job.batch(step)

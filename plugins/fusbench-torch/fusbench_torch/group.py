"""The processes of a training in Torch, as torchrun or a cluster's manager starts them.

Gradients go in one piece through NCCL between graphics cards and through Gloo between processors;
what the first process tells the others goes through Gloo, where waiting costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from fusbench.training.group import LostError
from fusbench.training.place import Place

MEETING = timedelta(minutes=10)
VALIDATING = timedelta(days=1)
"""How long others wait for a process to come, and for the first one's validations."""
FAILED = "fusbench/failed"


def join(place: Place) -> TorchGroup:
    """Meet the other processes at ``MASTER_ADDR:MASTER_PORT``; each takes a card of its machine.

    Raises
    ------
    LostError
        If they do not come.
    """
    backend = "gloo"
    if torch.cuda.is_available():
        backend = "cpu:gloo,cuda:nccl"
        torch.cuda.set_device(place.local_rank % torch.cuda.device_count())
    with told("the other processes of this training do not come"):
        store, _, _ = next(rendezvous("env://", place.rank, place.size, timeout=MEETING))
        dist.init_process_group(
            backend, store=store, rank=place.rank, world_size=place.size, timeout=VALIDATING
        )
    return TorchGroup(place, store)


class TorchGroup:
    """See `fusbench.training.group.Group`; `sum` and `mean` are what a step needs beside."""

    def __init__(self, place: Place, store: Any) -> None:
        self.place, self.store = place, store

    def first(self, content: bytes) -> bytes:
        """What the first process gives, in every process."""
        size = torch.tensor([len(content)])
        with told():
            dist.broadcast(size, 0)
            sent = torch.zeros(int(size), dtype=torch.uint8)
            if self.place.leads:
                sent = torch.frombuffer(bytearray(content), dtype=torch.uint8)
            dist.broadcast(sent, 0)
        return sent.numpy().tobytes()

    def sum(self, value: Tensor) -> Tensor:
        """The sum of all processes' values, in place; the same bytes in each."""
        with told():
            dist.all_reduce(value)
        return value

    def mean(self, values: list[Tensor]) -> list[Tensor]:
        """The means of all processes' values, of one type."""
        whole = self.sum(torch.cat([value.flatten() for value in values])) / self.place.size
        parts = whole.split([value.numel() for value in values])
        return [part.view(value.shape) for part, value in zip(parts, values, strict=True)]

    def tells(self) -> bool:
        """Whether this process is the first to end before its time."""
        try:
            return bool(self.store.add(FAILED, 1) == 1)
        except RuntimeError:  # it lay with the first process, which has ended
            return self.place.rank == 1

    def leave(self) -> None:
        """End what the processes share."""
        dist.destroy_process_group()


@contextmanager
def told(what: str = "another process of this training has ended") -> Iterator[None]:
    """Torch's errors as one line."""
    try:
        yield
    except RuntimeError as error:
        reason = re.sub(r"^\[[^]]*\] ", "", str(error).strip()).splitlines()[0].split(". ")[0]
        fix = "Its own line or its machine says why; --resume goes on from here."
        raise LostError(f"{what} ({reason})", fix=fix) from error

"""Which of a training's processes one is, as the environment tells it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from fusbench.errors import ConfigError, counted
from fusbench.numerals import is_whole

PAGE = "docs/how-to/many-gpus.md"
MASTER = ("MASTER_ADDR", "MASTER_PORT")
KINDS = ("chief", "worker")
"""Tasks of TensorFlow's clusters that train, in the order of their ranks."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Which of a training's processes one is.

    Parameters
    ----------
    rank, size : int
        Its number, counted from 0, and how many there are.
    local_rank, local_size : int
        The same among those of its machine.

    Examples
    --------
    >>> Place(rank=1, size=4).share(16)
    slice(4, 8, None)
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def leads(self) -> bool:
        """Whether it is the one that validates and writes."""
        return self.rank == 0

    def share(self, windows: int) -> slice:
        """Its part of a batch of so many windows.

        Raises
        ------
        ConfigError
            If they cannot be shared equally.
        """
        each, rest = divmod(windows, self.size)
        if rest:
            what = f"a batch of {counted(windows, 'window')} has no equal shares"
            fix = f"Use a --batch-size that {self.size} divides; it is that of all together."
            raise ConfigError(f"{what} for {self.size} processes", fix=fix)
        return slice(self.rank * each, (self.rank + 1) * each)


ONLY = Place()


def place_of(backend: str, environ: Mapping[str, str]) -> Place:
    """Which process this is, as the backend is told; what else asks for several is refused.

    Torch is told by ``torchrun``, Keras by ``TF_CONFIG``.

    Raises
    ------
    ConfigError

    Examples
    --------
    >>> place_of("torch", {})
    Place(rank=0, size=1, local_rank=0, local_size=1)
    >>> place_of("torch", {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1",
    ...     "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "node0", "MASTER_PORT": "29500"})
    Place(rank=3, size=4, local_rank=1, local_size=2)
    >>> place_of("keras", {"TF_CONFIG": '{"cluster": {"worker": ["a:1", "b:1", "b:2"]}, '
    ...     '"task": {"type": "worker", "index": 2}}'})
    Place(rank=2, size=3, local_rank=1, local_size=2)
    """
    place = _of_torchrun(environ)
    if backend == "torch":
        missing = [name for name in MASTER if not environ.get(name)]
        if place.size > 1 and missing:
            raise ConfigError(f"{missing[0]} is missing", "the environment", "Start with torchrun.")
        return place
    of_keras = backend == "keras"
    if place.size > 1:
        what = f"WORLD_SIZE asks for {place.size} processes, and backend '{backend}' "
        what += "is told of others by TF_CONFIG" if of_keras else "trains in one"
        raise ConfigError(what, fix=f"Start it as {PAGE} says.")
    return _of_cluster(environ.get("TF_CONFIG") or "{}") if of_keras else place


def _of_torchrun(environ: Mapping[str, str]) -> Place:
    if not any(environ.get(name) for name in ("RANK", "WORLD_SIZE")):
        return Place()
    rank, size = (_number(environ, name) for name in ("RANK", "WORLD_SIZE"))
    local_rank = _number(environ, "LOCAL_RANK", rank)
    local_size = _number(environ, "LOCAL_WORLD_SIZE", size)
    for (name, number), (of, limit) in (
        (("RANK", rank), ("WORLD_SIZE", size)),
        (("LOCAL_RANK", local_rank), ("LOCAL_WORLD_SIZE", local_size)),
    ):
        if number >= limit:
            what = f"{name}={number} is not below {of}={limit}"
            raise ConfigError(what, "the environment", "Start with torchrun, or correct it.")
    return Place(rank=rank, size=size, local_rank=local_rank, local_size=local_size)


def _number(environ: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = environ.get(name)
    if text is None and default is not None:
        return default
    if text is None or not is_whole(text.strip()):
        what = f"{name} is missing" if text is None else f"{name}='{text}' is no number from 0 on"
        raise ConfigError(what, "the environment", "Start with torchrun, or correct it.")
    return int(text)


def _of_cluster(text: str) -> Place:
    """The place that TensorFlow's description of a cluster tells; addresses tell the machines."""
    fix = "Correct or unset it."
    try:
        told = json.loads(text)
        cluster, task = told.get("cluster", {}), told.get("task", {})
        tasks = [(kind, at) for kind in KINDS for at in range(len(cluster.get(kind, ())))]
        hosts = [str(cluster[kind][at]).rpartition(":")[0] for kind, at in tasks]
        mine, others = (task.get("type"), task.get("index")), sorted({*cluster} - {*KINDS})
    except (ValueError, AttributeError, TypeError, KeyError):
        raise ConfigError("describes no cluster", "TF_CONFIG", fix) from None
    if others:
        what = f"names tasks of the kind '{others[0]}', which have no part in a training"
        raise ConfigError(what, "TF_CONFIG", f"Name {' and '.join(KINDS)} alone.")
    if len(tasks) < 2:
        return Place()
    if mine not in tasks:
        what = f"its task, {mine[0]} {mine[1]}, is none of its cluster"
        raise ConfigError(what, "TF_CONFIG", fix)
    rank = tasks.index(mine)
    beside = [number for number, host in enumerate(hosts) if host == hosts[rank]]
    return Place(rank=rank, size=len(tasks), local_rank=beside.index(rank), local_size=len(beside))

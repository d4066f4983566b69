"""What a model is given, and how its process runs: one record, passed through to where it runs."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypedDict

from fusbench.isolation.parent import Limits

FLAGS = {"timeout_s": "--timeout", "memory_gb": "--memory-limit"}
PATHS = ("checkpoint", "python")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The choices that every verb takes for a model, on the command line and in Python.

    Parameters
    ----------
    checkpoint : str or Path, optional
        Weights of your own training.
    device : str, optional
        The framework's name of a device, such as "cuda".
    python : str or Path, optional
        Interpreter of another environment, such as ``old/bin/python``, that the model runs in.
    timeout_s : float
        Longest wait for a model's answer to one clip or batch; 0 waits for ever.
    memory_gb : float, optional
        Most memory, in GB of address space, that a model may take; on Linux only.
    allow_prints : bool
        Drop what a model prints; do not fail for it.
    allow_8_bit : bool
        Take predictions of 8-bit maps.
    seen_ok : bool
        Score weights on scans that they saw in training; the result is marked.
    threads : int, optional
        Threads of the libraries in a model's process; by default they choose.

    Examples
    --------
    >>> Options(checkpoint="mine.safetensors").weights
    PosixPath('mine.safetensors')
    """

    checkpoint: str | Path | None = None
    device: str | None = None
    python: str | Path | None = None
    timeout_s: float = 600.0
    memory_gb: float | None = None
    allow_prints: bool = False
    allow_8_bit: bool = False
    seen_ok: bool = False
    threads: int | None = None

    @property
    def weights(self) -> Path | None:
        """The checkpoint's path."""
        return Path(self.checkpoint) if self.checkpoint is not None else None

    @property
    def interpreter(self) -> Path | None:
        """The other environment's Python."""
        return Path(self.python) if self.python is not None else None

    @property
    def limits(self) -> Limits:
        """What the model's process may use."""
        return Limits(
            timeout_s=self.timeout_s,
            memory_gb=self.memory_gb,
            prints=self.allow_prints,
            threads=self.threads,
        )

    def words(self) -> list[str]:
        """The same on the command line, with paths that hold in any folder.

        Examples
        --------
        >>> Options(device="cuda", seen_ok=True).words()
        ['--device', 'cuda', '--seen-ok']
        """
        line: list[str] = []
        for each in fields(self):
            value = getattr(self, each.name)
            if value != each.default:
                value = os.path.abspath(value) if each.name in PATHS else value
                line.append(FLAGS.get(each.name, f"--{each.name.replace('_', '-')}"))
                line += [] if value is True else [str(value)]
        return line


class ModelOptions(TypedDict, total=False):
    """The fields of `Options` as keywords of a function."""

    checkpoint: str | Path | None
    device: str | None
    python: str | Path | None
    timeout_s: float
    memory_gb: float | None
    allow_prints: bool
    allow_8_bit: bool
    seen_ok: bool
    threads: int | None

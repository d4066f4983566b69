"""Facts: who was scored on what, and where, as the fields of a result."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Any

from fusbench.errors import counted

PACKAGES = ("fusbench", "numpy", "scipy", "pandas", "opencv-python-headless")
BACKEND_PACKAGES = {
    "torch": ("fusbench-torch", "torch"),
    "keras": ("fusbench-keras", "keras", "tensorflow", "tensorflow-cpu"),
    "onnx": ("fusbench-onnx", "onnxruntime"),
}
METRIC_PACKAGES: dict[str, tuple[str, ...]] = {"emd": ("POT",)}


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """Identity of the model of a result.

    Parameters
    ----------
    name, title, backend, role, distribution, version : str
        As its card and its installed package tell.
    weights_sha256, source_sha256 : str or None
        Hash of its weights, and of the code that ran where that is no released package's.
    parameters, macs : int or None
        Numbers in its weights; multiply-accumulates that one more frame of a clip costs.
    licence, cite : str
    window : dict
        Fields of its `fusbench.data.window.Window`.
    memory : {"clip"}, optional
        Where its densities follow from the whole clip so far.
    training : dict
        What its checkpoint tells of its training.
    """

    name: str
    title: str
    backend: str
    role: str
    distribution: str = ""
    version: str = ""
    weights_sha256: str | None = None
    parameters: int | None = None
    macs: int | None = None
    source_sha256: str | None = None
    licence: str = ""
    cite: str = ""
    window: dict[str, Any]
    memory: str | None = None
    training: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """Identity of the data of a result.

    Parameters
    ----------
    name, version : str
    synthetic : bool
    fingerprint : str
        Of the split that was scored.
    fold : str, int or None
        None where the data set has one split, "all" for the scores of all folds together.
    folds : list of str
        Keys of the runs that were pooled.
    """

    name: str
    version: str
    synthetic: bool
    fingerprint: str
    fold: str | int | None = None
    folds: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """The name, and that the data are synthetic where they are."""
        return f"{self.name} (synthetic)" if self.synthetic else self.name


LATER = ("macs", "source_sha256", "memory", "training", "fold", "folds")
"""Fields that stand in a file only where they say something."""


def environment(
    backend: str, threads: int, kernel: str = "numpy", metrics: Iterable[str] = ()
) -> dict[str, Any]:
    """Versions of what computed a result by these metrics."""
    versions = {}
    chosen = (kernel,) if kernel != "numpy" else ()
    of_metrics = chain.from_iterable(METRIC_PACKAGES.get(metric, ()) for metric in metrics)
    for package in (*PACKAGES, *BACKEND_PACKAGES.get(backend, ()), *chosen, *of_metrics):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "platform": f"{sys.platform}-{platform.machine()}",
        "threads": threads,
        "versions": versions,
    }


def machine(threads: int, device: str | None = None) -> str:
    """Processor, threads and chosen device, in words: where seconds a frame were measured."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            name = line.partition(":")[2].strip()
            break
    return ", ".join([name, counted(threads, "thread"), *([device] if device else [])])

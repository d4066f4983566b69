"""Making what is missing: weights by training, runs by evaluating, both resumable."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fusbench.child import command
from fusbench.data.dataset import Dataset
from fusbench.errors import CheckpointError, FusbenchError
from fusbench.phantom.presets import PRESETS
from fusbench.reproduction.rows import FLOORS, ROWS, Row
from fusbench.reproduction.tables import CEILING
from fusbench.zoo.checkpoint import read_metadata
from fusbench.zoo.entries import ENTRIES

Report = Callable[[int, int, str], None]
Command = Callable[..., list[Any]]
SUFFIX = ".safetensors"


@dataclass(frozen=True, kw_only=True)
class Production:
    """How missing weights and runs are made.

    Parameters
    ----------
    dataset : str
        A name or a folder.
    split : str
        To be scored.
    backend : {"torch", "keras"}
    work : Path
        Runs go to ``runs`` in it, and weights that had to be trained to ``checkpoints``.
    checkpoints : Path or None
        Folder of weights, ``<network>.safetensors`` and ``<network>-seed<k>.safetensors``; those
        that are missing are trained into it. None takes the bundled ones on an embedded phantom,
        where they were trained under their row's own policy.
    seeds : tuple of int
        Trainings that every row is to have.
    training : mapping of str to str
        Options of ``fusbench train``.
    device : str or None
    """

    dataset: str
    split: str
    backend: str
    work: Path
    checkpoints: Path | None = None
    seeds: tuple[int, ...] = (0,)
    training: Mapping[str, str] = field(default_factory=dict)
    device: str | None = None
    run: Command = command

    @property
    def folder(self) -> Path:
        """Where weights are looked for and trained to."""
        return self.checkpoints or self.work / "checkpoints"

    def weights(self, entry: str) -> dict[int, Path]:
        """Weights of a network by seed: those in the folder, else the bundled ones."""
        found = {}
        for path in sorted(self.folder.glob(f"{entry}*{SUFFIX}")):
            named = re.fullmatch(
                rf"{re.escape(entry)}(?:-seed([0-9]+))?", path.name[: -len(SUFFIX)]
            )
            if named and not path.with_name(path.name + ".state").exists():
                _check_policy(entry, path)
                found[int(named[1] or 0)] = path
        bundled = None if 0 in found else self._bundled(entry)
        if bundled is not None and not _other_policy(entry, bundled):
            found[0] = bundled
        return dict(sorted(found.items()))

    def _bundled(self, entry: str) -> Path | None:
        if self.checkpoints is not None or self.dataset not in PRESETS:
            return None
        from fusbench.doors.registry import model_card
        from fusbench.zoo.weights import checkpoint_path

        try:
            return checkpoint_path(model_card(f"{entry}-{self.backend}"))
        except CheckpointError:
            return None

    def train(self, entry: str, seed: int) -> Path:
        """Train a network, or go on with it."""
        name = entry if seed == 0 else f"{entry}-seed{seed}"
        out = self.folder / f"{name}{SUFFIX}"
        line = ["train", "--model", f"{entry}-{self.backend}", "--dataset", self.dataset]
        line += ["--seed", str(seed), "--out", str(out)]
        for key, value in {**self.training, "device": self.device}.items():
            if value is not None:
                line += [f"--{key}", value]
        if out.with_name(out.name + ".state").exists():
            line.append("--resume")
        self.run(line, quiet=False)
        return out

    def evaluate(self, row: Row, weights: Path | None) -> Path:
        """Score a row, or find that it is scored; returns the run's folder."""
        name = f"{row.model}-{self.backend}" if row.trained else row.model
        runs = self.work / "runs"
        line = ["evaluate", "--model", name, "--dataset", self.dataset]
        line += ["--split", self.split, "--out", str(runs)]
        if weights is not None:
            line += ["--checkpoint", str(weights)]
        if self.device is not None and row.trained:
            line += ["--device", self.device]
        if row.freeze_history:
            line.append("--freeze-history")
        key: str = self.run(line, quiet=False)[-1]["key"]
        return runs / key


def _other_policy(entry: str, weights: Path) -> str:
    """The policy that weights were trained under, if it is another than the row's."""
    policy = read_metadata(weights).get("policy", "")
    return policy if policy != ENTRIES[entry].policy else ""


def _check_policy(entry: str, weights: Path) -> None:
    if policy := _other_policy(entry, weights):
        what = f"was trained with the policy {policy}, and the row's is {ENTRIES[entry].policy}"
        fix = "Take it out of the folder, and the row's own is trained."
        raise CheckpointError(what, str(weights), fix)


def produce(
    job: Production, keys: Sequence[str], dataset: Dataset, report: Report | None = None
) -> dict[str, tuple[Path, ...]]:
    """The run folders of these rows and of the baselines, made where they are missing.

    Parameters
    ----------
    job : Production
    keys : sequence of str
    dataset : Dataset
        `job.dataset`, opened; it decides which baselines there can be.
    report : callable, optional
        Told (rows done, rows in all, a short text).
    """
    rows = [ROWS[key] for key in (*baselines(dataset), *keys)]
    runs: dict[str, tuple[Path, ...]] = {}
    for done, row in enumerate(rows):
        if report:
            report(done, len(rows), row.title)
        try:
            if not row.trained:
                runs[row.key] = (job.evaluate(row, None),)
                continue
            weights = ensure_weights(job, row)
            runs[row.key] = tuple(job.evaluate(row, path) for path in weights)
        except FusbenchError as error:
            where = f"row '{row.key}'"
            raise type(error)(f"{where}: {error.what}", error.where, error.fix) from None
    return runs


def ensure_weights(job: Production, row: Row) -> tuple[Path, ...]:
    """Weights of a row, one for each seed; those that are missing are trained."""
    found = job.weights(row.model)
    for seed in job.seeds:
        if seed not in found:
            found[seed] = job.train(row.model, seed)
    return tuple(path for _, path in sorted(found.items()))


def baselines(dataset: Dataset) -> tuple[str, ...]:
    """The baselines that a data set allows."""
    has_train = any(clip.split == "train" for clip in dataset.clips)
    floors = tuple(key for key in FLOORS if key != "mean-map" or has_train)
    known = any(clip.mixture is not None for clip in dataset.clips)
    return (*floors, CEILING) if known else floors

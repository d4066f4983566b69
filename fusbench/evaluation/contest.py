"""Scoring whatever came through the doors: those that failed get a row as well."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from fusbench.errors import MODEL_ERRORS, FusbenchError
from fusbench.evaluation.finished import Run
from fusbench.progress import Progress, silent

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset
    from fusbench.evaluation.job import Evaluation
    from fusbench.evaluation.jobs import Jobs
    from fusbench.models.card import ModelCard
    from fusbench.models.entrant import Entrant

OF_STRANGERS = ("checkpoint", "device", "freeze_history", "seen")
FAILURE = "failure.txt"

Row = TypeVar("Row", bound="Run | Failure")
Door = Callable[[], AbstractContextManager["Entrant"]]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A model that could not be scored, and the file that keeps its last words, if it had any."""

    name: str
    error: FusbenchError
    file: Path | None


@dataclass(frozen=True, kw_only=True)
class Contest:
    """One call of ``fusbench evaluate``: the data set, the folder of runs, and the options.

    `settings` are those fields of `Evaluation` that the options give; `progress` shows how far a
    model is, and `warn` what is odd about it. `jobs` score the scans of a model that has a process
    of its own, by the command `line`. `references` are the rows, made once, that others are held
    against. With `seen_ok`, weights are scored on what they saw in training, too.
    """

    data: Dataset
    runs: Path
    force: bool
    settings: dict[str, Any]
    progress: Progress = silent
    warn: Callable[[str], object] = warnings.warn
    jobs: Jobs | None = None
    line: tuple[str, ...] = ()
    seen_ok: bool = False
    references: dict[str, Run | Failure] = field(default_factory=dict, compare=False)

    @property
    def split(self) -> str:
        """The split that is scored."""
        return str(self.settings["split"])

    def row(self, name: str, door: Door) -> Run | Failure:
        """The run of what comes in through a door, or why there is none."""
        lost = self.runs / f"{re.sub(r'[^A-Za-z0-9.-]+', '-', name).strip('-.')}-failed"
        places = [lost]
        try:
            with door() as entrant:
                if entrant.warning:
                    self.warn(entrant.warning)
                run = self._run(self._job(entrant), entrant, places.append)
        except MODEL_ERRORS as error:
            return Failure(name=name, error=error, file=_kept(places[-1], error))
        for place in (run.folder, lost):
            (place / FAILURE).unlink(missing_ok=True)
        if lost.is_dir() and not any(lost.iterdir()):
            lost.rmdir()
        return run

    def part(self, name: str, door: Door, part: tuple[int, int]) -> tuple[str, list[str]] | Failure:
        """The key and scans of one part of a run, which are kept for the whole; or why not."""
        from fusbench.evaluation.parts import score_part

        try:
            with door() as entrant:
                return score_part(
                    self._job(entrant),
                    self.runs,
                    part,
                    load=lambda: entrant.load(self.data),
                    witness=entrant.witness,
                )
        except MODEL_ERRORS as error:
            return Failure(name=name, error=error, file=None)

    def _job(self, entrant: Entrant) -> Evaluation:
        from fusbench.evaluation.job import Evaluation

        free = {k: v for k, v in self.settings.items() if k not in OF_STRANGERS or entrant.stranger}
        if free.get("checkpoint") is None:
            free |= {"seen": self._seen(entrant.card)}
        return Evaluation(
            card=entrant.card,
            dataset=self.data,
            owner=entrant.owner,
            version=entrant.version,
            source=entrant.source,
            guest=entrant.environment,
            **free,
        )

    def _seen(self, card: ModelCard) -> str:
        """What the weights that a card names saw of the split in training."""
        from fusbench.evaluation.seen import unseen
        from fusbench.zoo.weights import checkpoint_path

        told = unseen(checkpoint_path(card), self.data, self.split, seen_ok=self.seen_ok)
        if told:
            self.warn(f"{card.name}: {told}")
        return told

    def _run(self, job: Evaluation, entrant: Entrant, placed: Callable[[Path], object]) -> Run:
        from fusbench.evaluation.run import evaluate as run

        worked, lost = [], []

        def picture(path: Path, panels: list[dict[str, Any]]) -> None:
            from fusbench.drawing.frames import draw_frames

            draw_frames(path, panels, job.card.title, job.dataset.info)

        with self.progress(job.card.name) as update:

            def report(done: int, total: int) -> None:
                worked.append(done)
                update(done, total)

            def ahead(tick: Callable[[], None]) -> None:
                assert self.jobs
                lost.extend(self.jobs.score([*self.line], tick))

            def load() -> Any:
                if entrant.witness is not None:  # it loads in another process: this one has time
                    Thread(target=_ready_the_end).start()
                return entrant.load(self.data)

            result, folder = run(
                job,
                self.runs,
                load=load,
                witness=entrant.witness,
                force=self.force,
                placed=placed,
                report=report,
                picture=picture if job.card.role == "model" else None,
                ahead=ahead if self.jobs and self.line and entrant.witness else None,
            )
        for words in lost:
            self.warn(f"{job.card.name}: a job failed, its scans were scored afterwards: {words}")
        if opened := result.config.get("opened"):
            self.warn(f"{job.card.name} opened files of a data set by itself: {', '.join(opened)}")
        return Run(folder=folder, name=result.model.name, result=result, again=not worked)


def _ready_the_end() -> None:
    """Import what a run's table and picture need; who needs what is not there says so."""
    with suppress(ImportError):
        import pandas  # noqa: F401
        from matplotlib.backends import backend_agg  # noqa: F401


def told_apart(rows: Sequence[tuple[str, Row]]) -> list[Row]:
    """Rows, of which those that share a name are called by what was asked for too.

    Parameters
    ----------
    rows : sequence of (str, Run or other row)
        What was asked for, and what came of it.
    """
    counts = Counter(row.name for _, row in rows)
    return [
        replace(row, name=f"{row.name} ({given})") if counts[row.name] > 1 else row
        for given, row in rows
    ]


def _kept(folder: Path, error: FusbenchError) -> Path | None:
    """Write why a model failed, and its last words, into its run folder."""
    if error.last_words is None:
        return None
    from fusbench.files import write_bytes

    file = folder / FAILURE
    words = error.last_words or "(nothing)"
    text = f"{error}\n\nThe last lines that it wrote to standard error:\n\n{words}\n"
    write_bytes(file, text.encode())
    error.fix = f"{error.fix} See {file}."
    return file

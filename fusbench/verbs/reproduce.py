"""The paper's tables, figure and claims beside one's own runs, as ``fusbench reproduce``."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from fusbench.data.dataset import Dataset
from fusbench.drawing.frames import save_figure
from fusbench.errors import unknown
from fusbench.files import write_bytes
from fusbench.progress import Progress, silent, silently
from fusbench.reproduction.board import Board, read_board
from fusbench.reproduction.figure2 import Figure2, choose, predictions
from fusbench.reproduction.formats import FORMATS
from fusbench.reproduction.found import Claims, find_claims
from fusbench.reproduction.lag import draw_lags, lag_gains
from fusbench.reproduction.landmarks import kinds
from fusbench.reproduction.page import to_page
from fusbench.reproduction.produce import Production, ensure_weights, produce
from fusbench.reproduction.rows import MARGIN, ROWS, TABLES, TITLES
from fusbench.reproduction.runs import Manifest, find_runs, runs_on
from fusbench.reproduction.segments import segments
from fusbench.reproduction.tables import PaperTable, paper_table
from fusbench.verbs.at_hand import at_hand

DATASET = "phantom-full"
TRAINING = ("recipe", "max_steps", "validate_every", "window_count", "precision")


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """The paper on your own runs: its two tables, Figure 2, and its claims.

    What is missing is trained and evaluated first, each in a process of its own, which may take
    hours; the same call goes on where a stopped one was. The reported numbers are of private data:
    only the order of rows can be compared.

    Parameters
    ----------
    runs : str or Path, optional
        Folder of finished runs, or a ``runs.toml`` that sorts them into rows; then nothing is
        trained or evaluated for tables and claims, and `warn` hears what is left out.
    dataset : str or Path, optional
        A name or a folder; default: the manifest's, else "phantom-full".
    backend : {"torch", "keras"}
    checkpoints : str or Path, optional
        Folder of weights; default: the bundled ones on an embedded phantom.
    seeds : tuple of int
        Trainings that every row is to have.
    work : str or Path
        Folder of runs and trained weights, and of what is made.
    margin : int
        Leave out so many frames at either end of each clip.
    split : str
        Split to score.
    recipe, max_steps, validate_every, window_count, precision, device
        Of missing trainings, as of `fusbench.train`.
    progress, tell, warn : callable, optional
        Shows how far the data set is; is told which row is being made; is told which runs were
        left out.

    Raises
    ------
    ConfigError, DatasetError, CheckpointError, ChildError
        By each method: if runs or weights do not fit, or a row cannot be made.

    Examples
    --------
    >>> import tempfile, fusbench
    >>> folder = tempfile.TemporaryDirectory()
    >>> run = fusbench.evaluate("centre-bias", "phantom-tiny", runs=folder.name)
    >>> paper = Reproduction(runs=folder.name, dataset="phantom-tiny", work=folder.name)
    >>> table = paper.table("table2")
    >>> table.frame.set_index(["row", "metric"])["reported"]["clstmunet", "kld"].item()
    2.08
    >>> sorted(path.name for path in table.files)
    ['table2.csv', 'table2.html', 'table2.md', 'table2.tex']
    """

    runs: str | Path | None = None
    dataset: str | Path | None = None
    backend: str = "torch"
    checkpoints: str | Path | None = None
    seeds: tuple[int, ...] = (0,)
    work: str | Path = "reproduction"
    margin: int = MARGIN
    split: str = "test"
    recipe: str | None = None
    max_steps: int | None = None
    validate_every: int | None = None
    window_count: str | None = None
    precision: str | None = None
    device: str | None = None
    progress: Progress = field(default=silent, repr=False, compare=False)
    tell: Callable[[str], object] = field(default=silently, repr=False, compare=False)
    warn: Callable[[str], object] = field(default=warnings.warn, repr=False, compare=False)

    def table(self, name: str, out: str | Path | None = None) -> PaperTable:
        """Make a table of the paper again, and write it as Markdown, CSV, LaTeX and HTML.

        Parameters
        ----------
        name : {"table1", "table2"}
            Policies and lengths, or the placement of the other frames.
        out : str or Path, optional
            Folder to write to; default: `work`.

        Returns
        -------
        PaperTable
            Its `frame` has a row for each row and metric, in full precision.

        Raises
        ------
        UnknownName
            If the paper has no such table.
        """
        if name not in TITLES:
            raise unknown("table of the paper", name, list(TITLES))
        board, _, _ = self._board(TABLES[name])
        made = paper_table(name, TITLES[name], TABLES[name], board)
        folder, files = Path(out or self.work), []
        for suffix, written in FORMATS.items():
            files.append(folder / f"{name}{suffix}")
            write_bytes(files[-1], written(made).encode())
        return replace(made, files=tuple(files))

    def figure2(self, clip_id: str | None = None, out: str | Path | None = None) -> Figure2:
        """Make Figure 2 again: six frames, and where four models expect the gaze.

        Parameters
        ----------
        clip_id : str, optional
            Clip to show; default: where the gaze travels farthest.
        out : str or Path, optional
            Folder to write ``figure2.png`` and ``.svg`` to; default: `work`.

        Returns
        -------
        Figure2
        """
        job = self._production()
        data = self._open(job.dataset)
        shown = choose(data, self.split, self.margin, clip_id)
        weights = {key: ensure_weights(job, ROWS[key])[0] for key in TABLES["figure2"]}
        models = {}
        with self.progress("predicting") as update:
            for done, (key, path) in enumerate(weights.items(), start=1):
                model = f"{key}-{job.backend}"
                models[ROWS[key].title] = predictions(shown, model, path, job.device)
                update(done, len(weights))
        kind = "synthetic data" if data.info.synthetic else "recorded data"
        title = f"{data.info.name} ({kind}), {self.split} split, clip {shown.clip.clip_id}"
        figure = Figure2(shown=shown, models=models, title=title)
        files = save_figure(figure.plot(), Path(out or self.work) / "figure2")
        return replace(figure, files=tuple(files))

    def claims(self, out: str | Path | None = None, *, command: str | None = None) -> Claims:
        """Test the paper's claims (a) to (i), and write the page that tells.

        Parameters
        ----------
        out : str or Path, optional
            The page, in Markdown; default: ``claims.md`` in `work`.
        command : str, optional
            The line that the page tells as its origin; default: the one that does the same.

        Returns
        -------
        Claims
            Its `frame` has a row for each claim, its `comparisons` one for each comparison.
        """
        board, data, manifest = self._board(TABLES["claims"])
        lags = lag_gains(manifest.lags, self.split, self.margin)
        found = find_claims(board, segments(data, board.frames), lags, kinds(data, board))
        page = Path(out) if out else Path(self.work) / "claims.md"
        picture = ""
        if sum(one.tells for one in lags) > 1:
            picture = draw_lags(page.with_name(f"{page.stem}-lag"), lags)[0].name
        line = command or self._line("claims", out)
        write_bytes(page, to_page(found, command=line, lag_picture=picture).encode())
        return replace(found, page=page)

    def _line(self, what: str, out: str | Path | None) -> str:
        """The command line that does the same."""
        words = ["fusbench", "reproduce", what]
        given = {each.name: getattr(self, each.name) for each in fields(self) if each.compare}
        usual = {each.name: each.default for each in fields(self)}
        for name, value in {**given, "out": out}.items():
            if value != usual.get(name):
                told = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
                words += [f"--{name.replace('_', '-')}", told]
        return shlex.join(words)

    def _production(self) -> Production:
        """How what is missing is made."""
        training = {name: getattr(self, name) for name in TRAINING}
        return Production(
            dataset=str(self.dataset or DATASET),
            split=self.split,
            backend=self.backend,
            work=Path(self.work),
            checkpoints=Path(self.checkpoints) if self.checkpoints else None,
            seeds=tuple(self.seeds),
            training={k.replace("_", "-"): str(v) for k, v in training.items() if v is not None},
            device=self.device,
        )

    def _open(self, dataset: str) -> Dataset:
        return at_hand(dataset, (self.split,), self.progress)

    def _tell_row(self, done: int, total: int, title: str) -> None:
        self.tell(f"row {done + 1} of {total}: {title}")

    def _board(self, keys: tuple[str, ...]) -> tuple[Board, Dataset, Manifest]:
        """The rows' scores, from the runs given or from those that are made now."""
        if self.runs is not None:
            manifest = find_runs(Path(self.runs))
            data = self._open(str(self.dataset or manifest.dataset or DATASET))
            manifest = runs_on(manifest, data.fingerprint(self.split), self.split)
            for line in manifest.notes:
                self.warn(line)
        else:
            job = self._production()
            data = self._open(job.dataset)
            manifest = Manifest(rows=produce(job, keys, data, self._tell_row))
        margin, backend = self.margin, self.backend
        board = read_board(manifest.rows, data, self.split, margin=margin, backend=backend)
        return board, data, manifest

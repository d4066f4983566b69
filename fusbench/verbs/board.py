"""A leaderboard to work with: what ``fusbench leaderboard`` does, from Python."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from fusbench.board.build import OUTPUTS, rebuild
from fusbench.board.check import Finding
from fusbench.board.notebook import frame_of, html_of
from fusbench.board.origin import Origin
from fusbench.board.published import FILE, bundled
from fusbench.board.rules import Rules, new_board, read_board
from fusbench.board.standings import Table, read_table
from fusbench.data.dataset import Dataset
from fusbench.evaluation.finished import Run
from fusbench.progress import Progress, silent, silently
from fusbench.verbs.at_hand import at_hand
from fusbench.verbs.checking import findings
from fusbench.verbs.filling import add
from fusbench.verbs.timing import time_rows

if TYPE_CHECKING:
    import pandas as pd


class Board:
    """A leaderboard: a folder with its rules, its rows, and what is built from them.

    Parameters
    ----------
    folder : str or Path
        The board's folder, as `Board.new` or ``fusbench leaderboard new`` made it.

    Raises
    ------
    ConfigError
        If the folder holds no board.

    Examples
    --------
    >>> import tempfile, fusbench
    >>> folder = tempfile.TemporaryDirectory()
    >>> board = Board.new(folder.name + "/board", "phantom-tiny")
    >>> run = fusbench.evaluate("uniform", board=board.folder, runs=folder.name + "/runs")
    >>> sorted(board.frame["role"])
    ['ceiling', 'floor', 'floor', 'floor', 'hint']
    >>> board.check()
    []
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        read_board(self.folder)

    @classmethod
    def new(
        cls,
        folder: str | Path,
        dataset: str | Path | Dataset,
        *,
        split: str = "test",
        fold: str | None = None,
        title: str | None = None,
        description: str = "",
        profile: str = "tuebingen",
        observers: str = "pooled",
        metrics: Iterable[str] = ("kld", "sim", "nss", "cc"),
        primary: str | None = None,
        margin: int = 0,
        horizon: int = 0,
        anonymous: bool = False,
        published: bool = True,
        progress: Progress = silent,
    ) -> Board:
        """Make a new board's folder from the data set that its rows are scored on.

        Parameters
        ----------
        folder : str or Path
        dataset : str, Path or Dataset
        split, profile : str
        observers : {"pooled", "each"}
            Whether a frame's target is the gaze of all who watched, or of each one in turn.
        fold : "all", optional
            Rows are cross-validated over the data set's folds, every scan scored once.
        title, description : str
            Heading, by default the data set's name, and a sentence below it.
        metrics : iterable of str
            Keys; `primary`, by default the table's first, ranks.
        margin, horizon : int
            Frames left out at both ends of every clip; frames ahead that models must predict.
        anonymous : bool
            Never name a scan in what is built.
        published : bool
            Show the numbers that papers report.
        progress : callable, optional

        Raises
        ------
        ConfigError
            If the folder is in use, or the rules leave no frame.
        """
        data = at_hand(dataset, (split,), progress, fold)
        new_board(
            Path(folder), data, title=title or data.info.name, split=split, profile=profile,
            observers=observers, metrics=tuple(metrics), primary=primary, margin=margin,
            horizon=horizon, description=description, anonymous=anonymous,
            further={FILE: bundled()} if published else {},
        )  # fmt: skip
        return cls(folder)

    @property
    def rules(self) -> Rules:
        """What ``board.toml`` says."""
        return read_board(self.folder).rules

    @property
    def table(self) -> Table:
        """The standings, derived anew from the rows' scores."""
        return read_table(read_board(self.folder))

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each standing, best first: role, place, letters, and each metric's mean."""
        return frame_of(self.table)

    def add(
        self,
        run: Run | str | Path,
        name: str | None = None,
        *,
        date: str = "",
        paper: str = "",
        code: str = "",
        weights: str = "",
        replace: bool = False,
        predictions: bool = False,
        dataset: str | Path | Dataset | None = None,
        runs: str | Path = "runs",
        progress: Progress = silent,
    ) -> list[str]:
        """Add a finished run, or a folder of predictions, and build the board anew.

        Parameters
        ----------
        run : Run, str or Path
            A run or its folder; or, with `predictions`, a folder of densities.
        name : str, optional
            Name of the row; default: the model's, or that of the folder's ``submission.toml``.
        date, paper, code, weights : str
            The day of the submission, such as "2026-11-26", and addresses; a row that is there
            keeps its own where all are empty.
        replace : bool
            Take the place of another row of this name.
        predictions : bool
            Score a folder of one array (T, H, W) a clip, named by the clip, and add that run.
        dataset : str, Path or Dataset, optional
            The board's data with gaze, to score them on; default: by its name.
        runs : str or Path
            Folder of the runs that are made.
        progress : callable, optional

        Returns
        -------
        list of str
            The reasons why the row stands below the line, if it does.

        Raises
        ------
        ConfigError
            If the name is no identifier, or taken by another row; or for what is no day or address.
        DatasetError, PredictionError
            If the run cannot be read, or the predictions are unfit.
        """
        folder = run.folder if isinstance(run, Run) else Path(run)
        origin = Origin(date=date, paper=paper, code=code, weights=weights)
        _, reasons, _ = add(
            self.folder, folder, name, origin, replace=replace, predictions=predictions,
            dataset=dataset, runs=Path(runs), progress=progress,
        )  # fmt: skip
        return reasons

    def build(self, out: str | Path | None = None, *, anonymous: bool = False) -> list[Path]:
        """Write README.md, leaderboard.csv, .json and .tex, and index.html.

        Parameters
        ----------
        out : str or Path, optional
            Folder to write to; default: the board's.
        anonymous : bool
            Name no scan in what is written.

        Returns
        -------
        list of Path
            The files.

        Raises
        ------
        OutputError
            If they cannot be written.
        """
        place = Path(out or self.folder)
        rebuild(read_board(self.folder), place, anonymous=anonymous)
        return [place / name for name in OUTPUTS]

    def check(
        self,
        dataset: str | Path | Dataset | None = None,
        *,
        rerun: Iterable[str] = (),
        model: str | Path | None = None,
        checkpoint: str | Path | None = None,
        tolerance: float = 1e-3,
        progress: Progress = silent,
        tell: Callable[[str], object] = silently,
    ) -> list[Finding]:
        """Derive every number again; what does not fit, nothing where all is well.

        Parameters
        ----------
        dataset : str, Path or Dataset, optional
            Compare the board with this data set.
        rerun : iterable of str
            Rows whose models are run again, with the rows' own weights, and compared by frame.
        model : str or Path, optional
            Name or Python file for `rerun`; default: the row's model.
        checkpoint : str or Path, optional
            File of a row's weights for `rerun`, or a folder that holds it; default: the bundled
            ones, and the folder ``weights`` beside the board.
        tolerance : float
            Largest difference of a score in a rerun.
        progress, tell : callable, optional
            Shows how far it is; is given what was looked at and fits, or could not be compared.

        Raises
        ------
        UnknownName
            If a row to be run again is none above the line.
        CheckpointError, PluginError, DatasetError
            If it cannot be run, or the data cannot be opened.
        """
        given = (dataset, rerun, model, checkpoint, tolerance, progress, tell)
        return list(findings(read_table(read_board(self.folder), anew=True), *given))

    def time(
        self,
        dataset: str | Path | Dataset | None = None,
        *,
        checkpoint: str | Path | None = None,
        repeats: int = 5,
        progress: Progress = silent,
        warn: Callable[[str], object] = warnings.warn,
    ) -> pd.DataFrame:
        """Measure the time a frame of every row on this machine, and build the board anew.

        Each model runs in a process of its own, on one thread, beside a reference kernel.

        Parameters
        ----------
        dataset : str, Path or Dataset, optional
            The board's data; default: by its name.
        checkpoint : str or Path, optional
            A folder that holds weights of rows; default: the bundled ones, and the folder
            ``weights`` beside the board.
        repeats : int
            Passes over the board's first clip.
        progress, warn : callable, optional
            Shows how far it is; is told which row was not timed, and why.

        Returns
        -------
        DataFrame
            By the row's name: the median `seconds` a frame, and the median `ratio` to the
            reference kernel, as they stand in ``times.json``.

        Raises
        ------
        FusbenchError
            If no row could be timed.
        """
        return time_rows(self.folder, dataset, checkpoint, repeats, progress, warn)

    def __repr__(self) -> str:
        rules, place = self.rules, str(self.folder)
        return f"<Board {place!r}: {rules.dataset}, {rules.split} split, {rules.signature}>"

    def _repr_html_(self) -> str:
        return html_of(self.table)

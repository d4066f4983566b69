"""On what models are evaluated and how: what was chosen, or the rules of a board."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path

from fusbench import metrics
from fusbench.data.dataset import Dataset
from fusbench.doors.options import Options
from fusbench.errors import ConfigError
from fusbench.evaluation.contest import Contest
from fusbench.evaluation.jobs import Jobs
from fusbench.pools import cores
from fusbench.progress import Progress
from fusbench.verbs.at_hand import at_hand, of_board
from fusbench.verbs.strangers import check_metrics


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What is chosen; None stands for the board's, or where there is none for the usual choice.

    Parameters
    ----------
    dataset : str, Path or Dataset, optional
    split, profile, observers : str, optional
    metrics : iterable of str, optional
    fold : int or "all", optional
    kernel : str
    freeze_history : bool
    board : Path, optional
        Its rules are taken; what was chosen must agree with them.
    """

    dataset: str | Path | Dataset | None = None
    split: str | None = None
    profile: str | None = None
    observers: str | None = None
    metrics: Iterable[str] | None = None
    fold: int | str | None = None
    kernel: str = "numpy"
    freeze_history: bool = False
    board: Path | None = None

    def settled(self) -> Terms:
        """The same with every choice made.

        Raises
        ------
        ConfigError
            If a choice is not the board's, or nobody's.
        UnknownName, PluginError
            If a metric is not known.
        """
        if self.metrics is not None:
            self = replace(self, metrics=tuple(metrics.ordered(self.metrics)))
        usual = _of_board(self) if self.board else USUAL
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        terms = replace(usual, **{k: v for k, v in given.items() if v is not None})
        metrics.check_profile(terms.profile or "")
        metrics.check_observers(terms.observers or "")
        check_metrics(terms.metrics or ())
        metrics.select(terms.metrics or ())
        metrics.check_kernel(terms.kernel)
        return terms

    def contest(
        self,
        options: Options,
        *,
        runs: Path,
        force: bool,
        progress: Progress,
        warn: Callable[[str], object],
        jobs: Jobs | None = None,
    ) -> Contest:
        """The contest under these settled terms: its data opened, and checked against the board's.

        Raises
        ------
        DatasetError, UnknownName
            If the data set cannot be opened, or is not the board's.
        """
        terms = self.settled()
        assert terms.split is not None
        assert terms.metrics is not None
        data = terms.opened(progress)
        if data.folds and terms.split != "test":
            what = f"folds are pooled over their test splits, not over {terms.split}"
            raise ConfigError(what, fix="Leave --split out with --fold all.")
        settings = {
            "split": terms.split,
            "profile": terms.profile,
            "observers": terms.observers,
            "metrics": tuple(terms.metrics),
            "kernel": terms.kernel,
            "freeze_history": terms.freeze_history,
            "checkpoint": options.weights,
            "device": options.device,
            "threads": options.threads or cores(),
        }
        return Contest(
            data=data,
            runs=runs,
            force=force,
            settings=settings,
            progress=progress,
            warn=warn,
            jobs=jobs,
            seen_ok=options.seen_ok,
        )

    def opened(self, progress: Progress) -> Dataset:
        """The data set, which must be the board's; one that is open already is taken as it is."""
        assert self.dataset is not None
        assert self.split is not None
        if self.board is None:
            return at_hand(self.dataset, (self.split,), progress, self.fold)
        from fusbench.board.rules import check_data, read_board

        board = read_board(self.board)
        named = None if self.dataset == board.rules.dataset else self.dataset
        data = of_board(board.rules, named, progress)
        check_data(board, data)
        return data


USUAL = Terms(
    dataset="phantom", split="test", profile="tuebingen", observers="pooled",
    metrics=tuple(metrics.METRICS),
)  # fmt: skip


def _of_board(chosen: Terms) -> Terms:
    """The rules of a board as choices.

    Raises
    ------
    ConfigError
        If something else was chosen.
    """
    from fusbench.board.rules import read_board

    assert chosen.board is not None
    rules = read_board(chosen.board).rules
    keys = tuple(metric.key for metric in rules.metrics)
    pairs = (
        ("split", chosen.split, rules.split),
        ("fold", chosen.fold, rules.fold),
        ("profile", chosen.profile, rules.profile),
        ("observers", chosen.observers, rules.observers),
        ("metrics", chosen.metrics and ",".join(chosen.metrics), ",".join(keys)),
    )
    for key, have, want in pairs:
        if have is not None and have != want:
            what = f"--{key} {have} is not the board's, {want}"
            raise ConfigError(what, str(chosen.board), f"Leave --{key} out with --board.")
    return Terms(
        dataset=rules.dataset, split=rules.split, profile=rules.profile,
        observers=rules.observers, metrics=keys, fold=rules.fold,
    )  # fmt: skip

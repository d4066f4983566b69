"""What came of several models: a row each, of those that failed as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import overload

import pandas as pd

from fusbench.evaluation.contest import Failure
from fusbench.evaluation.finished import Run, runs_html, scope


@dataclass(frozen=True)
class Rows(Sequence[Run | Failure]):
    """A row for each model that was asked for, in that order.

    Parameters
    ----------
    rows : tuple of Run or Failure

    Examples
    --------
    >>> import tempfile, fusbench
    >>> folder = tempfile.TemporaryDirectory()
    >>> rows = fusbench.evaluate(["uniform", "centre-bias"], "phantom-tiny", runs=folder.name)
    >>> rows.summary["nss"].round(3).gt(0).tolist(), rows.failures
    ([False, True], ())
    """

    rows: tuple[Run | Failure, ...]

    def __repr__(self) -> str:
        names = ", ".join(row.name for row in self.failures)
        failed = f"; not scored: {names}" if names else ""
        on = f" on {scope(self.runs[0].result)}" if self.runs else ""
        return f"<Rows {', '.join(run.name for run in self.runs)}{on}{failed}>"

    @property
    def runs(self) -> tuple[Run, ...]:
        """The finished runs."""
        return tuple(row for row in self.rows if isinstance(row, Run))

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The models that could not be scored, each with its error."""
        return tuple(row for row in self.rows if isinstance(row, Failure))

    @property
    def summary(self) -> pd.DataFrame:
        """Mean over frames: a row for each run, a column for each metric."""
        means = {run.name: run.summary["mean"] for run in self.runs}
        return pd.DataFrame(means).T.rename_axis(index="model", columns=None)

    @overload
    def __getitem__(self, index: int) -> Run | Failure: ...

    @overload
    def __getitem__(self, index: slice) -> Rows: ...

    def __getitem__(self, index: int | slice) -> Run | Failure | Rows:
        return Rows(self.rows[index]) if isinstance(index, slice) else self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def _repr_html_(self) -> str:
        reasons = (
            f"<li>{escape(row.name)}: {escape(str(row.error))}</li>" for row in self.failures
        )
        failed = "".join(reasons)
        table = runs_html(list(self.runs)) if self.runs else ""
        return table + (f"<p>Not scored:</p><ul>{failed}</ul>" if failed else "")

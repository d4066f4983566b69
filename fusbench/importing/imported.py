"""What an import came to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fusbench.errors import FusbenchError, counted
from fusbench.importing.quality import Quality

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import came to; as a sequence it is its reports.

    Parameters
    ----------
    reports : tuple of Quality
        A report of each recording that came in, or would come in.
    skipped : tuple of str
        Scans that were in already, unchanged.
    errors : tuple of FusbenchError
        Why others did not.
    size_bytes : int
        Of the frames on disk.
    clips : int
        That are new; gaze of another observer on a known video adds none.

    Examples
    --------
    >>> Imported(reports=(), skipped=("s1",))
    <Imported: no recordings; skipped: s1>
    """

    reports: tuple[Quality, ...]
    skipped: tuple[str, ...] = ()
    errors: tuple[FusbenchError, ...] = ()
    size_bytes: int = 0
    clips: int = 0

    def __repr__(self) -> str:
        skipped = f"; skipped: {', '.join(self.skipped)}" if self.skipped else ""
        failed = f"; {counted(len(self.errors), 'error')}" if self.errors else ""
        return f"<Imported: {counted(len(self.reports), 'recording')}{skipped}{failed}>"

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each report: its numbers, as `Quality` names them, and its findings."""
        import pandas as pd

        rows = [
            {**quality.facts(), "findings": "; ".join(found.text for found in quality.findings)}
            for quality in self.reports
        ]
        return pd.DataFrame(rows, columns=list(Quality.__dataclass_fields__))

    def _repr_html_(self) -> str:
        return str(self.frame.to_html(index=False))

    def __iter__(self) -> Iterator[Quality]:
        return iter(self.reports)

    def __len__(self) -> int:
        return len(self.reports)

    def __getitem__(self, index: int) -> Quality:
        return self.reports[index]

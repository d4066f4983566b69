"""All claims judged on a board, as values: for a page, a notebook, and machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from fusbench.reproduction.board import Board
from fusbench.reproduction.claims import CLAIMS, Finding, judge, judge_abstract, judge_speed
from fusbench.reproduction.lag import LagGain
from fusbench.reproduction.landmarks import Kind, judge_landmarks
from fusbench.reproduction.segments import Segments
from fusbench.statistics.seeds import Difference
from fusbench.web.document import table_html


@dataclass(frozen=True, kw_only=True)
class Claims:
    """Everything that the page tells, as values.

    Parameters
    ----------
    board : Board
        The rows' scores on their common frames.
    segments : Segments
        Which frames are of fast, and which of slow segments.
    findings : tuple of Finding
        The claims, each with its comparisons and verdict.
    speed : dict of str to Difference
        By metric, the gain in fast segments minus that in slow ones.
    lags : tuple of LagGain
        Gains on phantoms of other lags.
    kinds : tuple of Kind
        Kinds of frames by their landmarks.
    page : Path, optional
        The page that tells all this.

    Examples
    --------
    >>> import tempfile, fusbench
    >>> folder = tempfile.TemporaryDirectory()
    >>> run = fusbench.evaluate("centre-bias", "phantom-tiny", runs=folder.name)
    >>> paper = fusbench.Reproduction(runs=folder.name, dataset="phantom-tiny", work=folder.name)
    >>> claims = paper.claims()
    >>> claims.frame["verdict"]["a"], claims.page.name
    ('cannot be told', 'claims.md')
    """

    board: Board
    segments: Segments
    findings: tuple[Finding, ...]
    speed: dict[str, Difference]
    lags: tuple[LagGain, ...]
    kinds: tuple[Kind, ...] = ()
    page: Path | None = None

    def __repr__(self) -> str:
        told = ", ".join(f"({one.letter}) {one.verdict}" for one in self.findings)
        return f"<Claims on {self.board.info.name}: {told}>"

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each claim, by its letter: its text, whose it is, and the verdict."""
        rows = {one.letter: (one.text, one.whose, one.verdict) for one in self.findings}
        columns = ["text", "whose", "verdict"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("claim")

    @property
    def comparisons(self) -> pd.DataFrame:
        """A row for each comparison of a claim: rows, metric, advantage, interval, p, verdict."""
        return pd.DataFrame(
            {
                "claim": one.letter,
                "better": each.better,
                "worse": each.worse,
                "metric": each.metric,
                "reported": each.reported,
                **(asdict(each.found) if each.found else {}),
                "verdict": each.verdict,
            }
            for one in self.findings
            for each in one.comparisons
        )

    def texts(self) -> tuple[list[str], list[list[str]]]:
        """Claims and verdicts as texts: heads, and a line for each claim."""
        lines = [[f"({one.letter}) {one.text}", one.verdict] for one in self.findings]
        return ["claim", "verdict"], lines

    def _repr_html_(self) -> str:
        info = self.board.info
        caption = f"{info.name}{' (synthetic)' * info.synthetic}, {self.board.split} split"
        return table_html(caption, *self.texts())


def find_claims(
    board: Board, segments: Segments, lags: Sequence[LagGain] = (), kinds: Sequence[Kind] = ()
) -> Claims:
    """Judge all claims on a board; those on landmarks only where there are `kinds` of frames."""
    speed, contrasts = judge_speed(board, segments)
    findings = [*(judge(claim, board) for claim in CLAIMS), speed, judge_abstract()]
    if kinds:
        findings += judge_landmarks(board, kinds)
    return Claims(
        board=board,
        segments=segments,
        findings=tuple(findings),
        speed=contrasts,
        lags=tuple(lags),
        kinds=tuple(kinds),
    )


def to_json(claims: Claims) -> dict[str, Any]:
    """The findings as plain values, for machines."""
    board = claims.board
    return {
        "dataset": board.info.name,
        "synthetic": board.info.synthetic,
        "split": board.split,
        "signature": board.signature,
        "margin": board.margin,
        "n_frames": len(board.frames),
        "n_scans": int(board.frames["scan_id"].nunique()),
        "seeds": {key: len(scores) for key, scores in board.scores.items()},
        "claims": [
            {
                "claim": one.letter,
                "text": one.text,
                "verdict": one.verdict,
                "missing": list(one.missing),
                "comparisons": [{**asdict(c), "found": _plain(c.found)} for c in one.comparisons],
            }
            for one in claims.findings
        ],
        "lags": [
            {"lag_ms": one.lag_ms, "gains": {k: _plain(v) for k, v in one.gains.items()}}
            for one in claims.lags
        ],
    }


def _plain(found: Difference | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {key: None if value != value else value for key, value in asdict(found).items()}

"""The page of claims: every sentence that holds a number or a verdict is made from the runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusbench.board.published import BASELINE, papers
from fusbench.errors import counted
from fusbench.reproduction.board import Board
from fusbench.reproduction.claims import (
    GAIN,
    Comparison,
    Finding,
    best_of,
)
from fusbench.reproduction.formats import to_markdown
from fusbench.reproduction.found import Claims
from fusbench.reproduction.rows import METRICS, SPATIAL, TABLES
from fusbench.reproduction.sections import (
    ceiling_section,
    controls_section,
    lag_section,
    landmark_section,
    markdown,
    number,
    p_value,
    seeds_section,
    segments_section,
    symbol,
    title,
)
from fusbench.reproduction.tables import paper_table
from fusbench.reproduction.verdicts import FAILS, HOLDS, NOT_TRAINED, ONE_SEED, RULE


def to_page(claims: Claims, *, command: str, lag_picture: str = "") -> str:
    """The page, in Markdown.

    Parameters
    ----------
    claims : Claims
    command : str
        That makes the page again.
    lag_picture : str
        Path of the lag plot as seen from the page; "" where there is none.
    """
    parts = [
        "# Reproduction",
        f"<!-- made by: {command}; do not edit -->",
        _introduction(claims.board),
        "## The claims",
        _summary(claims),
        "## The rule",
        RULE,
        "## Claim by claim",
        *(_claim(finding, claims) for finding in claims.findings),
        "## All rows",
        to_markdown(paper_table("rows", "", TABLES["claims"], claims.board), heading=False).strip(),
        "## Seeds",
        seeds_section(claims.board),
        "## Fast and slow segments",
        segments_section(claims.board, claims.segments),
        "## Landmarks",
        landmark_section(claims.board, claims.kinds),
        "## Where the gain comes from",
        controls_section(claims.board),
        "## How the gain depends on the lag",
        lag_section(claims.lags, lag_picture),
        "## How far to the ceiling",
        ceiling_section(claims.board),
    ]
    return "\n\n".join(parts) + "\n"


def _introduction(board: Board) -> str:
    scans = board.frames["scan_id"].nunique()
    what = (
        "**synthetic**: no person was recorded, and scores that lie near the paper's do so by"
        " coincidence. What can be compared with the paper is the order of the rows"
        if board.info.synthetic
        else "recorded, and not the paper's: what can be compared is the order of the rows"
    )
    return (
        "What Savochkina et al. (ISBI 2022) claim, tested on data that everybody can have. The"
        f" numbers here are scores on the {board.split} split of `{board.info.name}`"
        f" {board.info.version}, {counted(len(board.frames), 'frame')} of {counted(scans, 'scan')}."
        f" The data are {what}."
        " Findings against the paper stay in.\n\nAll rows are scored on the same frames, those"
        f" {board.margin} or more from either end of their clip, where every window is complete."
        f" Signature: `{board.signature}`."
    )


def _summary(claims: Claims) -> str:
    rows = []
    for finding in claims.findings:
        paper, here = _headline(finding, claims)
        text = f"({finding.letter}) {finding.text}"
        rows.append([text, finding.whose, paper, here, f"**{finding.verdict}**"])
    return markdown(["claim", "whose", "reported", "here", "verdict"], rows)


def _headline(finding: Finding, claims: Claims) -> tuple[str, str]:
    """A claim's first comparison in words, that with the nearest rival: reported, and found."""
    if not finding.comparisons:
        quadruple = " / ".join(f"{papers().scores(BASELINE)[m]:.2f}" for m in METRICS)
        return quadruple, _best_columns(claims.board)[0]
    first = finding.comparisons[0]
    reported = "" if first.reported is None else f"{symbol(first.metric)} {first.reported:+.2f}"
    counts = [one.verdict for one in finding.comparisons]
    here = f"{symbol(first.metric)} {number(first.found)}"
    if len(counts) > 1:
        here += (
            f" over {title(first.worse)}; {counts.count(HOLDS)} of {len(counts)} comparisons hold"
        )
        if counts.count(NOT_TRAINED):
            here += f", {counts.count(NOT_TRAINED)} rest on a row that is not trained"
        if counts.count(ONE_SEED):
            here += f", {counts.count(ONE_SEED)} on one seed"
        if counts.count(FAILS):
            here += f", {counts.count(FAILS)} do not"
    return reported, here


def _claim(finding: Finding, claims: Claims) -> str:
    lines = [f"### ({finding.letter}) {finding.text}: {finding.verdict}"]
    if finding.missing:
        names = ", ".join(f"`{key}`" for key in finding.missing)
        lines.append(f"Runs are missing: {names}.")
    if finding.letter == "g":
        lines += _best_columns(claims.board)[1:]
    elif finding.letter == "f":
        lines += _speed(claims)
    else:
        lines.append(_comparisons(finding.comparisons))
    return "\n\n".join(lines)


def _comparisons(comparisons: Sequence[Comparison]) -> str:
    rows = [
        [
            title(one.better),
            title(one.worse),
            symbol(one.metric),
            "" if one.reported is None else f"{one.reported:+.2f}",
            number(one.found),
            p_value(one.found),
            "" if one.found is None else one.found.covers,
            one.verdict,
        ]
        for one in comparisons
    ]
    heads = [
        "this row",
        "over this one",
        "metric",
        "reported",
        "advantage here",
        "p",
        "interval covers",
        "verdict",
    ]
    return markdown(heads, rows)


def _speed(claims: Claims) -> list[str]:
    better, worse = GAIN
    lines = [
        f"The gain is the advantage of {title(better)} over {title(worse)}."
        f" {claims.segments.how} The verdict is that on KLD."
    ]
    if claims.speed:
        heads = ["metric", "gain in fast minus gain in slow", "p"]
        rows = [[symbol(m), number(one), p_value(one)] for m, one in claims.speed.items()]
        lines.append(markdown(heads, rows))
    else:
        lines.append("Frames of both kinds, and runs of both rows, are needed to tell.")
    return lines


def _best_columns(board: Board) -> list[str]:
    """In short what our spatial rows say to claim (g), then in full, paper first."""
    baseline = papers().scores(BASELINE)
    told = [
        f"{symbol(m)} {baseline[m]:.2f} is that of {' and '.join(title(k) for k in best_of(m))}"
        for m in METRICS
    ]
    paper = f"This follows from the paper's own Table 1: {'; '.join(told)}."
    known = [key for key in SPATIAL if key in board.scores]
    if len(known) < len(SPATIAL):
        return ["no run", paper, "Here the spatial rows are not all there to compare."]
    winners = {}
    for metric in METRICS:
        means = {key: float(np.mean(board.column(key, metric))) for key in known}
        winners[metric] = best_of(metric, means)
    same = set.intersection(*(set(keys) for keys in winners.values()))
    ours = "; ".join(
        f"{symbol(m)} by {' and '.join(title(k) for k in keys)}" for m, keys in winners.items()
    )
    short = f"one model leads all columns: {title(same.pop())}" if same else "no model leads all"
    return [short, paper, f"Here the best of each column are: {ours}."]

"""The paper's claims as comparisons of rows, and what runs say to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from fusbench.board.published import BASELINE, papers
from fusbench.metrics import METRICS as TABLE
from fusbench.reproduction.advantages import advantage, signed, spread_of
from fusbench.reproduction.board import Board
from fusbench.reproduction.rows import METRICS, SPATIAL
from fusbench.reproduction.segments import Segments
from fusbench.reproduction.verdicts import FAILS, HOLDS, overall, verdict
from fusbench.statistics.seeds import Difference, contrast
from fusbench.statistics.tests_of_scans import holm

PAPER = "ISBI 2022"
OURS = "fusbench's own question; the paper gives no numbers by speed"
REMARK = "fusbench's remark on the two papers' tables"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim: its letter, its words, pairs (better row, worse row) by metric, and whose it is."""

    letter: str
    text: str
    pairs: tuple[tuple[str, str], ...]
    metrics: tuple[str, ...] = METRICS
    whose: str = PAPER

    @property
    def comparisons(self) -> tuple[tuple[str, str, str], ...]:
        """(better, worse, metric) of every comparison."""
        return tuple((*pair, metric) for pair, metric in product(self.pairs, self.metrics))


def _over(better: str, worse: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((better, other) for other in worse)


CLAIMS = (
    Claim(
        letter="a",
        text="Augmentation beats none",
        pairs=tuple((policy, "unet") for policy in SPATIAL),
        whose="MIUA 2021, whose abstract has the row without augmentation",
    ),
    Claim(
        letter="b",
        text="RA(7,9) is the best spatial policy on KLD",
        pairs=_over("unet-ra-7-9", ("unet-ra-3-9", "unet-mixra-3-7", "unet-ra-5-5")),
        metrics=("kld",),
    ),
    Claim(
        letter="c",
        text="cLSTMU-Net with L = 6 beats every spatial model on all four metrics",
        pairs=_over("clstmunet", SPATIAL),
    ),
    Claim(
        letter="d",
        text="L = 6 is the best length",
        pairs=_over("clstmunet", ("clstmunet-l8", "clstmunet-l4", "clstmunet-l10")),
    ),
    Claim(
        letter="e",
        text="Frames before beat frames around and after",
        pairs=_over("clstmunet", ("clstmunet-around", "clstmunet-after")),
    ),
)
GAIN = ("clstmunet", "unet-ra-7-9")
"""Whose advantage over whom is called the gain from the past frames."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One comparison: its rows, the reported advantage, the one found, and its verdict.

    `found` is None where a row is missing.
    """

    better: str
    worse: str
    metric: str
    reported: float | None
    found: Difference | None
    verdict: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A claim with its comparisons and verdict."""

    letter: str
    text: str
    comparisons: tuple[Comparison, ...]
    verdict: str
    missing: tuple[str, ...]
    whose: str = PAPER


def judge(claim: Claim, board: Board) -> Finding:
    """Compare the rows of a claim on a board."""
    found = [advantage(board, *comparison) for comparison in claim.comparisons]
    told = [difference for difference in found if difference is not None]
    adjusted = iter(holm(np.array([one.p for one in told])))
    comparisons = tuple(
        Comparison(
            better=better,
            worse=worse,
            metric=metric,
            reported=reported_advantage(better, worse, metric),
            found=difference,
            verdict=verdict(
                board, better, worse, difference, next(adjusted) if difference else 1.0
            ),
        )
        for (better, worse, metric), difference in zip(claim.comparisons, found, strict=True)
    )
    missing = {key for pair in claim.pairs for key in pair if key not in board.scores}
    return Finding(
        letter=claim.letter,
        text=claim.text,
        comparisons=comparisons,
        verdict=overall([one.verdict for one in comparisons]),
        missing=tuple(sorted(missing)),
        whose=claim.whose,
    )


def judge_speed(board: Board, segments: Segments) -> tuple[Finding, dict[str, Difference]]:
    """Claim (f): the gain is larger in fast than in slow segments, judged by KLD.

    Returns the finding, and for every metric the contrast of the gain, fast minus slow.
    """
    better, worse = GAIN
    missing = tuple(sorted(key for key in GAIN if key not in board.scores))
    contrasts = {}

    def faster(scores: np.ndarray) -> float:
        return float(scores[segments.fast].mean() - scores[segments.slow].mean())

    if not missing and segments.fast.any() and segments.slow.any():
        for metric in METRICS:
            gain = np.mean(signed(board, better, metric), 0)
            gain = gain - np.mean(signed(board, worse, metric), 0)
            seeds = [[faster(scores) for scores in board.column(key, metric)] for key in GAIN]
            contrasts[metric] = contrast(
                gain, segments.fast, segments.slow, board.scan_index,
                seeds=seeds, spread=spread_of(board, metric, faster),
            )  # fmt: skip
    found = contrasts.get("kld")
    told = verdict(board, *GAIN, found, found.p if found else 1.0)
    only = Comparison(
        better=better, worse=worse, metric="kld", reported=None, found=found, verdict=told
    )
    text = "The gain from past frames is larger in fast than in slow segments"
    finding = Finding(
        letter="f",
        text=text,
        comparisons=(only,),
        verdict=told,
        missing=missing,
        whose=OURS,
    )
    return finding, contrasts


def judge_abstract() -> Finding:
    """Claim (g): the abstract's baseline quadruple is the best of each column, not one model."""
    numbers = papers()
    best = {metric: numbers.score(best_of(metric)[0], metric) for metric in METRICS}
    baseline = numbers.scores(BASELINE)
    one_model = any(numbers.scores(key) == baseline for key in SPATIAL)
    verdict = HOLDS if best == baseline and not one_model else FAILS
    text = "The abstract's baseline is the best of each column over three models, not one model"
    return Finding(letter="g", text=text, comparisons=(), verdict=verdict, missing=(), whose=REMARK)


def best_of(metric: str, scores: dict[str, float] | None = None) -> list[str]:
    """The spatial rows with the best score on a metric, as reported or of `scores`."""
    printed = {key: papers().scores(key)[metric] for key in SPATIAL}
    known = printed if scores is None else scores
    best = (max if TABLE[metric].higher_is_better else min)(known.values())
    return [key for key, score in known.items() if score == best]


def reported_advantage(better: str, worse: str, metric: str) -> float | None:
    """The same from the reported numbers, which have two decimals."""
    one, other = (papers().score(key, metric) for key in (better, worse))
    if one is None or other is None:
        return None
    return round((one - other) * (1 if TABLE[metric].higher_is_better else -1), 2)

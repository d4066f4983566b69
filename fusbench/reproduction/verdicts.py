"""The rule that turns the numbers of a comparison into a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from fusbench.reproduction.board import Board
from fusbench.statistics.seeds import SCANS, Difference

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot be told"
NOT_TRAINED, ONE_SEED = "not trained", "one seed"
ALPHA = 0.05
RULE = """\
Each claim is a list of comparisons: this row beats that one on this metric. A comparison's number
is the **advantage**, the mean over frames of the paired difference, positive where the claim is
right whatever the metric's direction. Its 95 % interval covers another draw of scans and another
training: where a row has one seed, the spread over seeds is that within the rows that have
several. Its p is that of a two-sided sign-flip test of that mean, scan by scan, which knows nothing
of seeds.

- A comparison **holds** if its interval lies above 0 and p < 0.05.
- It **does not hold** if its interval lies below 0 and p < 0.05, after Holm's correction for the
  number of comparisons in the claim.
- Otherwise it **cannot be told**.
- It is **not trained**, whatever its numbers, where a row that is given several frames says the
  same without them: its use of history (see [dead recurrence](dead-recurrence.md)) is below 0.01
  nats in one of its seeds. Such a row is a network of single frames; what it scores is no evidence.
- It is **one seed** where no row tells how trainings differ, since none has several: another
  training might turn it round.
- A claim that rests on a row that is not trained is not trained. Else it holds if all of its
  comparisons do. It does not hold if one of them does not. Otherwise it is one seed if one of them
  is, and else, and where a row is missing, it cannot be told."""


def verdict(
    board: Board, better: str, worse: str, found: Difference | None, adjusted_p: float
) -> str:
    """The verdict on a comparison of two rows; `adjusted_p` is what counts against the claim."""
    if found is None:
        return OPEN
    if board.is_dead(better) or board.is_dead(worse):
        return NOT_TRAINED
    if found.covers == SCANS and found.scans > 1:
        return ONE_SEED
    return verdict_of(found, adjusted_p)


def verdict_of(found: Difference, adjusted_p: float) -> str:
    """The verdict that the numbers of a comparison give."""
    if found.low > 0 and found.p < ALPHA:
        return HOLDS
    if found.high < 0 and adjusted_p < ALPHA:
        return FAILS
    return OPEN


def overall(verdicts: Sequence[str]) -> str:
    """The verdict on a claim from those on its comparisons.

    Examples
    --------
    >>> overall(["holds", "cannot be told"]), overall(["holds", "does not hold"])
    ('cannot be told', 'does not hold')
    >>> overall(["not trained", "does not hold"])
    'not trained'
    """
    if NOT_TRAINED in verdicts:
        return NOT_TRAINED
    if FAILS in verdicts:
        return FAILS
    if ONE_SEED in verdicts:
        return ONE_SEED
    return HOLDS if verdicts and set(verdicts) == {HOLDS} else OPEN

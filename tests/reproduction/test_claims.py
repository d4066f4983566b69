"""Verdicts follow from numbers by the stated rule, and the page says what it cannot tell."""

import re
from dataclasses import replace

import numpy as np
import pytest
from support.invented import LEVELS, invented_scores

from fusbench.board.published import BASELINE
from fusbench.metrics import METRICS as TABLE
from fusbench.reproduction import lag as lag_module
from fusbench.reproduction.advantages import advantage
from fusbench.reproduction.board import common_frames
from fusbench.reproduction.claims import (
    CLAIMS,
    judge,
    judge_abstract,
    judge_speed,
    reported_advantage,
)
from fusbench.reproduction.found import find_claims, to_json
from fusbench.reproduction.lag import LagGain, draw_lags, lag_gains
from fusbench.reproduction.page import to_page
from fusbench.reproduction.rows import METRICS
from fusbench.reproduction.runs import LagRuns
from fusbench.reproduction.segments import segments
from fusbench.reproduction.verdicts import (
    FAILS,
    HOLDS,
    NOT_TRAINED,
    ONE_SEED,
    OPEN,
    overall,
    verdict_of,
)
from fusbench.statistics.seeds import Difference

CLAIM = {claim.letter: claim for claim in CLAIMS}


def difference(low, high, p):
    return Difference(mean=(low + high) / 2, low=low, high=high, p=p, covers="scans", scans=9)


@pytest.mark.parametrize(
    ("low", "high", "p", "adjusted", "verdict"),
    [
        (0.1, 0.3, 0.01, 0.2, HOLDS),  # Holm's correction is for what speaks against a claim
        (0.1, 0.3, 0.06, 0.06, OPEN),
        (-0.1, 0.3, 0.01, 0.01, OPEN),
        (-0.3, -0.1, 0.01, 0.01, FAILS),
        (-0.3, -0.1, 0.01, 0.08, OPEN),
        (float("nan"), float("nan"), float("nan"), 1.0, OPEN),
    ],
)
def test_the_rule_for_a_comparison(low, high, p, adjusted, verdict):
    assert verdict_of(difference(low, high, p), adjusted) == verdict


def test_the_rule_for_a_claim():
    assert overall([HOLDS, HOLDS]) == HOLDS
    assert overall([HOLDS, OPEN]) == OPEN
    assert overall([HOLDS, OPEN, FAILS]) == FAILS
    assert overall([]) == OPEN
    assert overall([HOLDS, NOT_TRAINED, FAILS]) == NOT_TRAINED
    assert overall([HOLDS, ONE_SEED]) == ONE_SEED
    assert overall([ONE_SEED, FAILS, OPEN]) == FAILS
    assert overall([ONE_SEED, NOT_TRAINED]) == NOT_TRAINED


def test_advantages_are_positive_where_a_row_is_better(board):
    """Whatever the metric's direction; derived again from the scores."""
    for metric in METRICS:
        sign = 1 if TABLE[metric].higher_is_better else -1
        found = advantage(board, "clstmunet", "unet", metric)
        one, other = (np.mean(board.column(key, metric)) for key in ("clstmunet", "unet"))
        assert found.mean == pytest.approx(sign * (one - other))
        assert found.mean > 0
    assert reported_advantage("clstmunet", "unet-ra-7-9", "kld") == 0.08
    assert reported_advantage("clstmunet", "unet-mixra-3-7", "nss") == 0.19
    assert reported_advantage("clstmunet", "unet-stacked", "nss") is None


def test_claims_that_were_built_in_are_found(board):
    """The invented levels make (a) and (c) true and (e) false: frames around are the best."""
    assert judge(CLAIM["a"], board).verdict == HOLDS
    found = judge(CLAIM["e"], board)
    assert found.verdict == FAILS
    against = {c.worse for c in found.comparisons if c.verdict == FAILS}
    assert against == {"clstmunet-around"}
    assert {c.worse for c in found.comparisons if c.verdict == HOLDS} == {"clstmunet-after"}
    counts = {letter: len(claim.comparisons) for letter, claim in CLAIM.items()}
    assert counts == {"a": 12, "b": 3, "c": 12, "d": 12, "e": 8}


def test_a_row_that_does_not_use_its_frames_decides_nothing(board):
    """Neither for a claim nor against it; the other comparisons keep their verdicts."""
    living = {"clstmunet": [0.3, 0.2, 0.4], "clstmunet-around": [0.2], "clstmunet-after": [None]}
    assert judge(CLAIM["e"], replace(board, history=living)).verdict == FAILS
    for row in ("clstmunet-after", "clstmunet-around"):
        found = judge(CLAIM["e"], replace(board, history={**living, row: [0.009]}))
        assert found.verdict == NOT_TRAINED
        assert {c.worse for c in found.comparisons if c.verdict == NOT_TRAINED} == {row}
    one_dead_seed = {**living, "clstmunet": [0.3, 0.0, 0.4]}
    assert judge(CLAIM["c"], replace(board, history=one_dead_seed)).verdict == NOT_TRAINED
    assert judge(CLAIM["a"], replace(board, history=one_dead_seed)).verdict == HOLDS


def test_seeds_widen_what_an_interval_covers(board):
    found = {c.worse: c.found for c in judge(CLAIM["c"], board).comparisons}
    assert found["unet-ra-7-9"].covers == "scans and seeds"
    assert found["unet-ra-3-9"].covers == "scans and other rows' seeds"


def test_a_row_of_one_seed_decides_with_the_spread_of_the_others(board):
    """The same scores, but seeds of the two main rows lie so far apart that luck may turn it."""
    apart = dict(board.scores)
    for key in ("unet-ra-7-9", "clstmunet"):
        apart[key] = [
            scores + shift
            for scores, shift in zip(board.scores[key], (-1.0, 0.0, 1.0), strict=True)
        ]
    kld = next(c for c in judge(CLAIM["a"], replace(board, scores=apart)).comparisons
               if (c.worse, c.better, c.metric) == ("unet", "unet-ra-3-9", "kld"))  # fmt: skip
    assert kld.found.mean == advantage(board, "unet-ra-3-9", "unet", "kld").mean
    assert kld.verdict == OPEN
    # two rows, one training each, whose deviation is 1, known by 4 degrees of freedom
    assert kld.found.high - kld.found.mean == pytest.approx(2.776 * 2**0.5, rel=0.02)
    assert judge(CLAIM["a"], board).verdict == HOLDS


def test_where_no_row_has_several_seeds_nothing_is_decided(board, scans):
    alone = {key: seeds[:1] for key, seeds in board.scores.items()}
    found = find_claims(replace(board, scores=alone), segments(scans, board.frames))
    verdicts = {one.letter: one.verdict for one in found.findings}
    assert {verdicts[letter] for letter in "abcdef"} == {ONE_SEED}
    assert verdicts["g"] == HOLDS
    text = to_page(found, command=LINE)
    assert "12 on one seed" in text
    assert "Not known: no row has several seeds." in text


def test_what_is_missing_is_said_and_is_no_verdict(board):
    fewer = replace(board, scores={k: v for k, v in board.scores.items() if k != "unet-ra-5-5"})
    found = judge(CLAIM["b"], fewer)
    assert found.missing == ("unet-ra-5-5",)
    assert found.comparisons[-1].verdict == OPEN
    assert found.verdict != HOLDS
    none = judge(CLAIM["d"], replace(board, scores={"unet": board.scores["unet"]}))
    assert none.verdict == OPEN
    assert all(c.found is None for c in none.comparisons)


def with_gain(board, scans, fast):
    """The board, with the cLSTMU-Net's KLD changed in sweeps."""
    lengths = {clip.clip_id: clip.n_frames for clip in scans.clips}
    table = invented_scores(scans, "clstmunet", noise=0.05, fast=fast)
    scores = common_frames(table, lengths, board.margin)[list(METRICS)].to_numpy()
    return replace(board, scores={**board.scores, "clstmunet": [scores]})


@pytest.mark.parametrize(("fast", "verdict"), [(-0.3, HOLDS), (0.3, FAILS)])
def test_the_gain_by_speed(board, scans, fast, verdict):
    told = segments(scans, board.frames)
    changed = with_gain(board, scans, 0.0)
    _, before = judge_speed(changed, told)
    found, contrasts = judge_speed(with_gain(board, scans, fast), told)
    assert found.verdict == verdict
    assert contrasts["kld"].mean - before["kld"].mean == pytest.approx(-fast, abs=1e-9)
    missing, none = judge_speed(replace(board, scores={}), told)
    assert (missing.verdict, none) == (OPEN, {})
    assert missing.missing == ("clstmunet", "unet-ra-7-9")


def test_the_abstract_s_quadruple(monkeypatch):
    from fusbench.reproduction import claims

    assert judge_abstract().verdict == HOLDS
    real, better = claims.papers(), claims.papers().scores("unet-ra-7-9")
    rows = [replace(row, scores=better) if row.key == BASELINE else row for row in real.rows]
    one = replace(real, rows=tuple(rows))
    monkeypatch.setattr(claims, "papers", lambda: one)
    assert judge_abstract().verdict == FAILS


LINE = "fusbench reproduce claims"


def page(board, scans):
    found = find_claims(board, segments(scans, board.frames))
    return found, to_page(found, command=LINE)


def test_the_page_tells_every_verdict(found):
    text = to_page(found, command=LINE)
    for finding in found.findings:
        assert f"### ({finding.letter}) {finding.text}: {finding.verdict}\n" in text
    assert "no run" not in text
    assert "synthetic" in text
    assert "interval covers" in text
    assert re.search(r"\| U-Net, RA\(3,9\) \| 1 \| .* \| scans and other rows' seeds \|", text)
    assert re.search(r"\| U-Net, RA\(7,9\) \| 3 \| .* ± .* \| scans and seeds \|", text)
    assert "| fast: 1,200 of 3,000; 1,500 of 3,000; 1,800 of 3,000 |" in text
    assert "No runs on phantoms of other lags were given." in text
    # the better control wins in the numbers that were invented, and the page says so
    line = next(line for line in text.splitlines() if "beyond plain stacking" in line)
    assert line.endswith("| The second is better in KLD. |")
    assert to_page(found, command=LINE) == text


def test_the_page_follows_the_numbers(board, scans):
    """With the two rows' scores swapped, words and verdicts swap too."""
    swapped = dict(board.scores)
    swapped["clstmunet"], swapped["unet-stacked"] = swapped["unet-stacked"], swapped["clstmunet"]
    swapped["clstmunet"], swapped["clstmunet-after"] = (
        swapped["clstmunet-after"],
        swapped["clstmunet"],
    )
    found, text = page(replace(board, scores=swapped), scans)
    verdicts = {one.letter: one.verdict for one in found.findings}
    assert verdicts["c"] == FAILS
    assert (
        "### (c) cLSTMU-Net with L = 6 beats every spatial model on all four metrics: does not"
        in text
    )


def test_an_empty_page_says_what_is_missing(board, scans):
    few = replace(board, scores={"unet": board.scores["unet"]})
    found, text = page(few, scans)
    assert {one.verdict for one in found.findings if one.letter != "g"} == {OPEN}
    assert "Runs are missing: `clstmunet`, `clstmunet-l10`" in text
    assert "Not known: a run is missing." in text
    assert "are not both here" in text
    told = to_json(found)
    assert told["claims"][0]["comparisons"][0]["found"] is None
    assert told["claims"][0]["missing"] == ["unet-mixra-3-7", "unet-ra-3-9", "unet-ra-7-9"]


def test_the_share_of_the_way_to_the_ceiling(found, board):
    text = to_page(found, command=LINE)
    keys = ("mean-map", "ideal-observer", "unet-stacked")
    floor, top, mine = (float(np.mean(board.column(key, "kld"))) for key in keys)
    share = 100 * (floor - mine) / (floor - top)
    assert f"| U-Net on 6 stacked frames | {mine:.3f} | {share:.0f} % |" in text


def test_lags_are_compared_each_on_its_own_data(found, board, scans, runs, tmp_path, monkeypatch):
    asked = []

    def opened(name, splits):
        asked.append((name, splits))
        return scans

    monkeypatch.setattr(lag_module, "open_dataset", opened)
    both = {key: runs[key] for key in ("clstmunet", "unet-ra-7-9")}
    lags = [
        LagRuns(lag_ms=0, dataset="none", rows={"clstmunet": runs["clstmunet"]}),
        LagRuns(lag_ms=100, dataset="other", rows=both),
    ]
    gains = lag_gains(lags, "test", 9)
    assert asked == [("other", ("test",))]
    assert gains[0].gains == {}
    assert gains[1].gains["kld"] == advantage(board, "clstmunet", "unet-ra-7-9", "kld")
    text = to_page(replace(found, lags=tuple(gains)), command=LINE, lag_picture="lag.png")
    assert "| 100 ms | +" in text
    assert "Runs are missing for a lag of 0 ms." in text
    assert "(lag.png)" in text
    other = LagGain(lag_ms=200.0, gains={"kld": difference(0.2, 0.4, 0.01)})
    paths = draw_lags(tmp_path / "lag", [*gains, other])
    assert [path.suffix for path in paths] == [".png", ".svg"]
    first = paths[1].read_bytes()
    assert draw_lags(tmp_path / "lag", [*gains, other])[1].read_bytes() == first


def test_levels_name_every_row():
    from fusbench.reproduction.rows import ROWS

    assert set(LEVELS) == set(ROWS)

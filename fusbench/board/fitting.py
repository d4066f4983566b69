"""Why a row does not fit its board: what it says of itself against the board's rules."""

from __future__ import annotations

from fusbench.board.rows import Row
from fusbench.board.rules import Board
from fusbench.models.card import INTEGERS

BASELINES = {
    "uniform": "floor", "centre-bias": "floor", "mean-map": "floor", "previous-gaze": "hint",
    "ideal-observer": "ceiling", "inter-observer": "ceiling",
}  # fmt: skip


def problems(row: Row, board: Board) -> list[str]:
    """Why a row does not fit the board; an empty list where it does. Names no scan or clip.

    Numbers that follow from the scores are checked by `fusbench.board.standings`, all rows at once.
    """
    rules, result, scores = board.rules, row.result, row.scores
    window = result.model.window
    role, horizon = result.model.role, window.get("horizon")
    name = result.model.name
    fits = type(horizon) is int and {
        "model": horizon == rules.horizon,
        "hint": horizon >= rules.horizon,
    }.get(role, True)
    checks = (
        (row.sealed, "the seal is broken: a file of the row was changed after it was added"),
        (result.signature == rules.signature, f"another signature: {result.signature}"),
        (BASELINES.get(name, role) == role, f"'{name}' is a {BASELINES.get(name)}, not a {role}"),
        (result.profile == rules.profile, f"another metric profile: {result.profile}"),
        (result.split == rules.split, f"another split: {result.split}"),
        (
            result.dataset.fingerprint == rules.fingerprint,
            "other data: the fingerprint differs",
        ),
        (
            not scores.n_missing,
            f"{scores.n_missing:,} of {len(board.counted):,} frames are missing",
        ),
        (not scores.n_extra, f"{scores.n_extra:,} scored frames are not the board's"),
        (scores.covers or scores.n_missing or scores.n_extra, "the frames are out of order"),
        (result.n_frames == len(row.values), "the number of frames is not that of the scores"),
        (
            fits,
            f"the model's horizon is {horizon} frames, the board's {rules.horizon}",
        ),
        (
            result.model.backend != INTEGERS,
            "predicted in integer maps, whose rounding shifts KLD",
        ),
        (not result.config.get("seen"), "its weights have seen scans of the split"),
        (not result.config.get("opened"), "the model opened files of a data set by itself"),
        (
            not result.config.get("freeze_history"),
            "the run is a control with frozen history, not the model",
        ),
    )  # fmt: skip
    return [reason for good, reason in checks if not good]

"""Parts of the page of claims that each stand for themselves, and how numbers are written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusbench.errors import counted
from fusbench.metrics import METRICS as TABLE
from fusbench.reproduction.advantages import advantage, mean_of
from fusbench.reproduction.board import Board
from fusbench.reproduction.claims import GAIN
from fusbench.reproduction.lag import LagGain
from fusbench.reproduction.landmarks import LANDMARK_WORDS, Kind, means
from fusbench.reproduction.rows import FROZEN, METRICS, ROWS
from fusbench.reproduction.segments import Segments
from fusbench.reproduction.verdicts import FAILS, HOLDS, NOT_TRAINED, ONE_SEED, OPEN, verdict
from fusbench.statistics.seeds import Difference

NO_BREAK = "\u00a0"
CONTROLS = (
    ("clstmunet", FROZEN, "What the past frames are worth to the same weights"),
    ("unet-stacked", "unet-ra-7-9", "What six frames are worth without a ConvLSTM"),
    ("clstmunet", "unet-stacked", "What the ConvLSTM is worth beyond plain stacking"),
    (FROZEN, "unet-ra-7-9", "What its larger size is worth without past frames"),
)


def number(found: Difference | None, digits: int = 3) -> str:
    """A difference with its interval, signed."""
    if found is None:
        return "no run"
    if np.isnan(found.low):
        return f"{found.mean:+.{digits}f} [{counted(found.scans, 'scan')}]"
    ends = f"[{found.low:+.{digits}f}, {found.high:+.{digits}f}]"
    return f"{found.mean:+.{digits}f} {ends}".replace(" ", NO_BREAK)


def p_value(found: Difference | None) -> str:
    """The p value of a difference."""
    if found is None or np.isnan(found.p):
        return ""
    return "< 0.0001" if found.p < 1e-4 else f"{found.p:.4f}"


def title(key: str) -> str:
    """A row's title."""
    return ROWS[key].title


def symbol(metric: str) -> str:
    """A metric's symbol; of what is no metric, such as the mass on a landmark, its name."""
    return TABLE[metric].symbol if metric in TABLE else metric


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a column of numbers stands to the right."""
    columns = zip(*rows, strict=True)
    ruler = ["--:" if all(map(_is_number, column)) else "---" for column in columns]
    return "\n".join("| " + " | ".join(line) + " |" for line in (heads, ruler, *rows))


def _is_number(text: str) -> bool:
    return not text or text[0] in "+-<0123456789" or text == "no run"


def landmark_section(board: Board, found: Sequence[Kind]) -> str:
    """Mean mass on the landmarks of the claims, row by row."""
    if not found:
        return "The data set knows no such landmarks."
    masses = means(board, found)
    keys = [key for key in ROWS if key in masses]
    rows = [[title(key), *(f"{m:.3f}" if m == m else "-" for m in masses[key])] for key in keys]
    counts = ", ".join(f"{kind.name}: {int(kind.frames.sum())}" for kind in found)
    table = markdown(["row", *(kind.name for kind in found)], rows) if rows else "Runs are missing."
    return f"{LANDMARK_WORDS}\n\nFrames of each kind: {counts}.\n\n{table}"


def uses(board: Board, key: str) -> str:
    """A row's use of history in nats, seed by seed, as its runs tell it; empty where none does."""
    known = [use for use in board.history.get(key, ()) if use is not None]
    dead = " (not trained)" if board.is_dead(key) else ""
    return ", ".join(f"{use:.3f}" for use in known) + dead


def budget(board: Board, key: str) -> str:
    """How long a row was trained, seed by seed: the recipe, and the best step of all."""
    told = [
        (one["recipe"], f"{int(one['best_step']):,} of {int(one['steps']):,}")
        for one in board.trainings.get(key, ())
        if {"recipe", "best_step", "steps"} <= set(one)
    ]
    recipes = sorted({recipe for recipe, _ in told})
    return ", ".join(recipes) + ": " * bool(told) + "; ".join(steps for _, steps in told)


def seeds_section(board: Board) -> str:
    """Mean and spread over training seeds, and what each row's interval covers."""
    rows = []
    for key in (key for key in ROWS if key in board.scores and ROWS[key].trained):
        seeds = len(board.scores[key])
        cells = []
        for metric in METRICS:
            means = [float(np.mean(one)) for one in board.column(key, metric)]
            spread = f" ± {np.std(means, ddof=1):.3f}" if seeds > 1 else ""
            cells.append(f"{np.mean(means):.3f}{spread}")
        told = [uses(board, key), budget(board, key), mean_of(board, key, "kld").covers]
        rows.append([title(key), str(seeds), *cells, *told])
    heads = [
        "row", "seeds", *(symbol(m) for m in METRICS), "use of history", "steps, best of all",
        "its interval covers",
    ]  # fmt: skip
    text = (
        "Mean over training seeds ± their standard deviation. Where a row has one seed, its"
        " intervals take trainings to lie as far apart as in the rows with several. The use of"
        " history, in nats on the validation split, is what a row's density owes to its other"
        " frames; a row without any is [not trained](dead-recurrence.md). The validation split"
        " chose the best step."
    )
    return f"{text}\n\n{markdown(heads, rows)}"


def segments_section(board: Board, segments: Segments) -> str:
    """Every row's scores in fast and in slow frames."""
    kinds = {segments.names[0]: segments.fast, segments.names[1]: segments.slow}
    rows = []
    for key in (key for key in ROWS if key in board.scores):
        cells = []
        for kind in kinds.values():
            for metric in ("kld", "nss"):
                found = np.mean(board.column(key, metric), axis=0)[kind]
                cells.append(f"{found.mean():.3f}" if len(found) else "no frame")
        rows.append([title(key), *cells])
    heads = [
        "row", *(f"{symbol(m)}, {kind}" for kind in kinds for m in ("kld", "nss")),
    ]  # fmt: skip
    counts = " and ".join(f"{int(mask.sum())} {kind}" for kind, mask in kinds.items())
    return f"{segments.how} {counts} frames.\n\n{markdown(heads, rows)}"


WORDS = {
    HOLDS: "The first is better in KLD.",
    FAILS: "The second is better in KLD.",
    OPEN: "The difference in KLD cannot be told from none.",
    NOT_TRAINED: "Nothing: a row does not use its history.",
    ONE_SEED: "Not known: no row has several seeds.",
}


def controls_section(board: Board) -> str:
    """What the control rows say about where the gain comes from."""
    rows = []
    for better, worse, what in CONTROLS:
        gains = {metric: advantage(board, better, worse, metric) for metric in METRICS}
        kld = gains["kld"]
        told = verdict(board, better, worse, kld, kld.p if kld else 1.0)
        said = WORDS[told] if kld else "Not known: a run is missing."
        numbers = [number(gains[m]) for m in METRICS]
        rows.append([what, title(better), title(worse), *numbers, said])
    heads = [
        "question",
        "first row",
        "second row",
        *(f"advantage in {symbol(m)}" for m in METRICS),
        "what it says",
    ]
    text = (
        "Two controls ask whether it is the past frames that help, and whether it takes a ConvLSTM"
        " to use them: the U-Net on six frames stacked as channels, and the cLSTMU-Net shown six"
        " copies of its current frame."
    )
    return f"{text}\n\n{markdown(heads, rows)}"


UNUSED_AT_A_LAG = (
    f'"{NOT_TRAINED}" says that the row does not use its other frames. That is a training which'
    " failed, or a lag at which they have nothing to add: where gaze follows at once, the current"
    " picture shows what it is about."
)


def lag_section(lags: Sequence[LagGain], picture: str) -> str:
    """The gain on phantoms of other lags."""
    text = (
        "On the phantom, gaze trails the picture by a lag that is a modelling choice. The same two"
        " rows, trained and scored on phantoms of other lags, show how the advantage of"
        f" {title(GAIN[0])} over {title(GAIN[1])} follows from it."
    )
    known = [one for one in lags if one.gains]
    if not known:
        return f"{text}\n\nNo runs on phantoms of other lags were given."
    rows = [
        [
            f"{one.lag_ms:g} ms",
            *(number(one.gains[m]) for m in METRICS),
            p_value(one.gains["kld"]),
            one.verdict,
        ]
        for one in known
    ]
    heads = [
        "lag",
        *(f"advantage in {symbol(m)}" for m in METRICS),
        "p (KLD)",
        "that it is better in KLD",
    ]
    missing = [f"{one.lag_ms:g} ms" for one in lags if not one.gains]
    parts = [text, markdown(heads, rows)]
    if any(one.verdict == NOT_TRAINED for one in known):
        parts.append(UNUSED_AT_A_LAG)
    if missing:
        parts.append(f"Runs are missing for a lag of {', '.join(missing)}.")
    if picture:
        parts.append(f"![Advantage in KLD against the lag of the gaze]({picture})")
    return "\n\n".join(parts)


def ceiling_section(board: Board) -> str:
    """How far each row is on the way from the mean map to the ideal observer."""
    floor, top = "mean-map", "ideal-observer"
    if floor not in board.scores or top not in board.scores:
        return (
            "The runs of `mean-map` and `ideal-observer`, between which this is measured, are"
            " not both here."
        )
    mean = {key: float(np.mean(board.column(key, "kld"))) for key in board.scores}
    span = mean[floor] - mean[top]
    rows = [
        [title(key), f"{mean[key]:.3f}", f"{100 * (mean[floor] - mean[key]) / span:.0f} %"]
        for key in ROWS
        if key in mean and ROWS[key].trained
    ]
    text = (
        f"The way from the mean map (KLD {mean[floor]:.3f}) to the ideal observer"
        f" ({mean[top]:.3f}) that each row has gone."
    )
    return f"{text}\n\n{markdown(['row', 'KLD', 'share of the way'], rows)}"

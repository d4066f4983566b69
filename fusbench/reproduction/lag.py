"""How the gain from past frames depends on the phantom's lag: the same rows, several phantoms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fusbench.data.dataset import open_dataset
from fusbench.drawing.palette import LIGHT
from fusbench.reproduction.advantages import advantage
from fusbench.reproduction.board import read_board
from fusbench.reproduction.claims import GAIN
from fusbench.reproduction.rows import METRICS
from fusbench.reproduction.runs import LagRuns
from fusbench.reproduction.verdicts import NOT_TRAINED, OPEN, verdict
from fusbench.statistics.seeds import Difference


@dataclass(frozen=True, kw_only=True)
class LagGain:
    """The gain on a phantom of one lag, by metric, and the verdict on it in KLD.

    `gains` is empty where a row is missing.
    """

    lag_ms: float
    gains: dict[str, Difference]
    verdict: str = OPEN

    @property
    def tells(self) -> bool:
        """Whether there is a gain in KLD, of rows that use their frames."""
        return "kld" in self.gains and self.verdict != NOT_TRAINED


def lag_gains(lags: Sequence[LagRuns], split: str, margin: int) -> list[LagGain]:
    """The gain of each lag, on the frames that both rows cover."""
    found = []
    for lag in lags:
        gains, told = {}, OPEN
        if set(GAIN) <= set(lag.rows):
            rows = {key: lag.rows[key] for key in GAIN}
            board = read_board(rows, open_dataset(lag.dataset, (split,)), split, margin=margin)
            for metric in METRICS:
                gain = advantage(board, *GAIN, metric)
                if gain is not None:
                    gains[metric] = gain
            if "kld" in gains:
                told = verdict(board, *GAIN, gains["kld"], gains["kld"].p)
        found.append(LagGain(lag_ms=lag.lag_ms, gains=gains, verdict=told))
    return found


def draw_lags(stem: Path, gains: Sequence[LagGain]) -> list[Path]:
    """Draw the gain in KLD against the lag, as ``<stem>.png`` and ``<stem>.svg``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from fusbench.drawing.frames import save_figure

    known = [(one.lag_ms, one.gains["kld"]) for one in gains if one.tells]
    figure = Figure(figsize=(5.6, 3.6), facecolor=LIGHT.card, layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    axis.axhline(0, color=LIGHT.soft, lw=1)
    x = [lag for lag, _ in known]
    y = [gain.mean for _, gain in known]
    below = [gain.mean - gain.low for _, gain in known]
    above = [gain.high - gain.mean for _, gain in known]
    axis.errorbar(
        x,
        y,
        yerr=(below, above),
        color=LIGHT.accent,
        marker="o",
        ms=6,
        lw=1.6,
        capsize=4,
        clip_on=False,
    )
    for lag, gain in known:
        axis.annotate(
            f"{gain.mean:.2f}", (lag, gain.mean), xytext=(8, -13), textcoords="offset points",
            fontsize=9, color=LIGHT.ink,
        )  # fmt: skip
    axis.set_xticks(x)
    axis.margins(x=0.12)
    axis.set_xlabel("lag of the gaze behind the picture, ms")
    axis.set_ylabel("advantage in KLD, nats")
    axis.grid(axis="y", color=LIGHT.line, lw=0.7)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title(
        "cLSTMU-Net (L = 6) over U-Net, both RA(7,9); synthetic data", loc="left", fontsize=9
    )
    return save_figure(figure, stem)

"""What is to be known of a metric: data and one pure function."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fusbench.errors import PluginError

NEEDS = {
    "empirical": "the frame's saliency map, float64 (H, W), sum 1",
    "fixations": "the frame's fixation map, gaze points a pixel, (H, W)",
    "gaze": "the frame's gaze points, float64 (N, 2): x_px, y_px",
    "other_fixations": "fixation map of the split's other scans, (H, W)",
    "baseline": "density of the gaze whatever the picture shows, float64 (H, W), sum 1",
}


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric, described, with the function that computes it.

    Parameters
    ----------
    key : str
        Unique name: the entry point's name, the column of ``scores.csv``. Lower-case words joined
        by hyphens.
    symbol : str
        Short name for tables and figures.
    title : str
        One line for lists.
    function : callable
        ``function(predicted, *needed, profile=...)``, pure, with an array of the leading axes'
        shape or a number as its result; it must be finite. `predicted` is float64 (H, W), sum 1.
    needs : tuple of str
        What the function gets after `predicted`, in this order: names out of `NEEDS`.
    higher_is_better : bool
    unit : str
        Empty for a pure number.
    definitions : mapping of str to str
        For each profile, its definition in a line.
    version : int
        Raised when a score changes, not when code does; other than 1, it is part of the signature.
    cite : str
        Where the metric is published.
    bounds : (float, float)
        The least and the largest score that can be; a score beyond them is refused as forged or
        damaged.

    Examples
    --------
    >>> def peak(predicted, empirical, *, profile="tuebingen"):
    ...     return predicted.max()
    >>> metric = Metric(
    ...     key="peak", symbol="Peak", title="Largest probability", function=peak,
    ...     needs=("empirical",), higher_is_better=True)
    >>> metric.arrow
    '↑'
    """

    key: str
    symbol: str
    title: str
    function: Callable[..., Any]
    needs: tuple[str, ...]
    higher_is_better: bool
    unit: str = ""
    definitions: Mapping[str, str] = field(default_factory=dict)
    version: int = 1
    cite: str = ""
    bounds: tuple[float, float] = (-math.inf, math.inf)

    def __post_init__(self) -> None:
        needs = self.needs if isinstance(self.needs, tuple) else ()
        strange = [name for name in needs if name not in NEEDS]
        problems = [
            (
                not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.key),
                "key is not lower-case words joined by hyphens",
            ),
            (not callable(self.function), "function cannot be called"),
            (not isinstance(self.needs, tuple), "needs is not a tuple of names"),
            (bool(strange), f"needs names {', '.join(strange)}; known are {', '.join(NEEDS)}"),
        ]
        for wrong, what in problems:
            if wrong:
                raise PluginError(what, f"metric '{self.key}'", "Correct the plug-in's metric.")

    @property
    def arrow(self) -> str:
        """The direction of better scores."""
        return "↑" if self.higher_is_better else "↓"

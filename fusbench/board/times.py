"""Times a frame of a board's rows, measured in one sitting: ``times.json``.

A row's own time comes from where it was scored, and the same network differs by several times
between machines. What a table sets side by side is therefore measured anew, all rows on one
machine, each beside a reference kernel.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fusbench.errors import ConfigError
from fusbench.files import write_json
from fusbench.reading import field_of, read_json

if TYPE_CHECKING:
    from fusbench.board.rows import Row
    from fusbench.data.scan import Clip
    from fusbench.models.card import ModelCard

FILE = "times.json"
SIDE, ROUNDS = 256, 16  # of the reference: matrix products of 0.5 billion multiply-accumulates
MACHINE = re.compile(r"[A-Za-z0-9 @.,()+/-]{0,300}")


@dataclass(frozen=True, kw_only=True)
class Times:
    """What a sitting measured.

    Parameters
    ----------
    machine : str
    seconds, ratios : mapping of str to float
        By the row's seal: median time a frame, and median ratio to the reference kernel.
    """

    machine: str
    seconds: Mapping[str, float]
    ratios: Mapping[str, float]


def read_times(root: Path) -> Times | None:
    """The times of a board; None where they were never taken.

    Raises
    ------
    ConfigError
        If the file is damaged.
    """
    path = root / FILE
    if not path.exists() and not path.is_symlink():
        return None
    content = read_json(path, ConfigError)
    machine, rows = (field_of(content, k, t) for k, t in (("machine", str), ("rows", dict)))
    fit = len(content) == 2 and machine is not None and rows is not None
    if not fit or not MACHINE.fullmatch(machine) or not all(map(_is_timed, rows.values())):
        fix = f"Take it out, or measure again with: fusbench leaderboard time {root}."
        raise ConfigError("holds no times of a board", str(path), fix)
    return Times(
        machine=machine,
        seconds={row["seal"]: row["seconds"] for row in rows.values()},
        ratios={row["seal"]: row["ratio"] for row in rows.values()},
    )


def _is_timed(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and set(row) == {"seal", "seconds", "ratio"}
        and isinstance(row["seal"], str)
        and all(type(row[k]) is float and 0 < row[k] < math.inf for k in ("seconds", "ratio"))
    )


def write_times(root: Path, machine: str, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Write ``times.json``: for each row's name its seal, seconds and ratio."""
    plain = re.sub(r"[^A-Za-z0-9 @.,()+/-]", "", machine)
    write_json(root / FILE, {"machine": plain, "rows": rows})


def reference() -> float:
    """Seconds that the reference kernel takes here: matrix products in float32, on one thread."""
    left = np.linspace(-1, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    start = time.perf_counter()
    for _ in range(ROUNDS):
        left @ left.T
    return time.perf_counter() - start


def measure(model: Any, card: ModelCard, clip: Clip, repeats: int) -> tuple[float, float]:
    """Median seconds a frame of a model on a clip, and median ratio to the reference kernel.

    Each pass over the clip is measured beside the reference, before and after it; a first pass is
    not counted.
    """
    from fusbench.models.densities import densities

    targets = clip.gaze.frames().astype(np.intp)
    seconds, ratios = [], []
    before = reference()
    for each in range(repeats + 1):
        start = time.perf_counter()
        for _ in densities(model, card, clip, targets):
            pass
        passed = (time.perf_counter() - start) / len(targets)
        after = reference()
        if each:
            seconds.append(passed)
            ratios.append(2 * passed / (before + after))
        before = after
    return float(np.median(seconds)), float(np.median(ratios))


def told(rows: Sequence[Row], measured: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """What `write_times` takes, of the rows that were measured."""
    return {
        row.facts.name: {
            "seal": row.seal,
            **dict(zip(("seconds", "ratio"), measured[row.facts.name], strict=True)),
        }
        for row in rows
        if row.facts.name in measured
    }

"""Numbers that papers report, on data that nobody else has: shown beside a board, never on it."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusbench import metrics
from fusbench.errors import ConfigError
from fusbench.files import read_limited

FILE = "published.toml"
LARGEST = 1 << 20  # bytes
TEXTS = ("source", "model", "note")


@dataclass(frozen=True, kw_only=True)
class Report:
    """One reported row: `scores` by metric key, as printed."""

    source: str
    model: str
    note: str
    scores: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Published:
    """The content of ``published.toml``; without rows where a board has no such file."""

    title: str = ""
    caution: str = ""
    rows: tuple[Report, ...] = ()


def bundled() -> bytes:
    """The numbers of the paper that the zoo reproduces, and of the one it builds on."""
    return Path(__file__).with_name(FILE).read_bytes()


def read_published(root: Path) -> Published:
    """Read a board's reported numbers.

    Raises
    ------
    ConfigError
        If the file is there and holds something else.
    """
    path = root / FILE
    try:
        content = tomllib.loads(read_limited(path, LARGEST).decode())
    except FileNotFoundError:
        return Published()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", str(path), "Correct it.") from None
    rows = content.get("row", [])
    if not isinstance(rows, list) or not all(_is_report(row) for row in rows):
        fix = f"A row has {', '.join(TEXTS)} and numbers for {', '.join(metrics.METRICS)}."
        raise ConfigError("holds a row that is none", str(path), fix)
    return Published(
        title=str(content.get("title", "")),
        caution=str(content.get("caution", "")),
        rows=tuple(
            Report(
                **{key: row.get(key, "") for key in TEXTS},
                scores={key: float(row[key]) for key in metrics.METRICS if key in row},
            )
            for row in rows
        ),
    )


def _is_report(row: Any) -> bool:
    if not isinstance(row, dict) or not set(row) <= {*TEXTS, *metrics.METRICS}:
        return False
    numbers = [row[key] for key in metrics.METRICS if key in row]
    return all(isinstance(row.get(key, ""), str) for key in TEXTS) and all(
        type(number) in (int, float) and math.isfinite(number) for number in numbers
    )

"""Numbers that papers report, on data that nobody else has: shown beside a board, never on it."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fusbench import metrics
from fusbench.errors import ConfigError
from fusbench.reading import read_toml

FILE = "published.toml"
TEXTS = ("source", "model", "note", "key")
BASELINE = "best-spatial"
"""Key of the abstract's baseline: the best of each column over three models."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """One reported row: `scores` by metric key, as printed; `key` names the zoo's network."""

    source: str
    model: str
    note: str
    key: str
    scores: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A paper that reports numbers."""

    cite: str
    doi: str


@dataclass(frozen=True, kw_only=True)
class Published:
    """The content of ``published.toml``; without rows where a board has no such file."""

    title: str = ""
    caution: str = ""
    rows: tuple[Report, ...] = ()
    sources: tuple[Source, ...] = ()

    def scores(self, key: str) -> dict[str, float]:
        """The scores of the row with a key; empty where there is none."""
        return next((row.scores for row in self.rows if row.key == key), {})

    def score(self, key: str, metric: str) -> float | None:
        """A row's reported score; None where there is none."""
        return self.scores(key).get(metric)


def bundled() -> bytes:
    """The numbers of the paper that the zoo reproduces, and of the one it builds on."""
    return Path(__file__).with_name(FILE).read_bytes()


@cache
def papers() -> Published:
    """The bundled numbers.

    Examples
    --------
    >>> papers().score("clstmunet", "kld"), papers().score("unet-stacked", "kld")
    (2.08, None)
    """
    return _published(tomllib.loads(bundled().decode()), FILE)


def read_published(root: Path) -> Published:
    """Read a board's reported numbers.

    Raises
    ------
    ConfigError
        If the file is there and holds something else.
    """
    path = root / FILE
    if not path.exists():
        return Published()
    content = read_toml(path, ConfigError)
    return _published(content, str(path))


def _published(content: dict[str, Any], where: str) -> Published:
    rows = content.get("row", [])
    if not isinstance(rows, list) or not all(_is_report(row) for row in rows):
        fix = f"A row has {', '.join(TEXTS)} and numbers for {', '.join(metrics.METRICS)}."
        raise ConfigError("holds a row that is none", where, fix)
    sources = content.get("source", [])
    if not isinstance(sources, list) or not all(_is_source(source) for source in sources):
        raise ConfigError("holds a source that is none", where, "A source has cite and doi.")
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
        sources=tuple(Source(**source) for source in sources),
    )


def _is_report(row: Any) -> bool:
    if not isinstance(row, dict) or not set(row) <= {*TEXTS, *metrics.METRICS}:
        return False
    numbers = [row[key] for key in metrics.METRICS if key in row]
    return all(isinstance(row.get(key, ""), str) for key in TEXTS) and all(
        type(number) in (int, float) and math.isfinite(number) for number in numbers
    )


def _is_source(source: Any) -> bool:
    return (
        isinstance(source, dict)
        and set(source) == {"cite", "doi"}
        and all(isinstance(text, str) for text in source.values())
    )

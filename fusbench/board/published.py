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
from fusbench.records import read_record

FILE = "published.toml"
RECORDS = {"row": "rows", "source": "sources"}  # a TOML list of tables is named for one of them
BASELINE = "best-spatial"
"""Key of the abstract's baseline: the best of each column over three models."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """One reported row: `scores` by metric key, as printed; `key` names the zoo's network."""

    source: str = ""
    model: str = ""
    note: str = ""
    key: str = ""
    scores: dict[str, float]

    def __post_init__(self) -> None:
        for key, score in self.scores.items():
            if not math.isfinite(score):
                raise ConfigError(f"{key} = {score} is no score", fix="Correct it.")


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
    """The file's tables as records; a row's scores stand beside its texts."""
    told = {RECORDS.get(key, key): value for key, value in content.items()}
    if isinstance(rows := told.get("rows"), list):
        told["rows"] = [_gathered(row) if isinstance(row, dict) else row for row in rows]
    return read_record(Published, told, where, ConfigError)


def _gathered(row: dict[str, Any]) -> dict[str, Any]:
    texts = {key: value for key, value in row.items() if key not in metrics.METRICS}
    return {**texts, "scores": {key: row[key] for key in metrics.METRICS if key in row}}

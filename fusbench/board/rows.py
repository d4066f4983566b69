"""A board's rows on disk: ``results/<name>/``, small files that are read as strangers'.

``result.json`` is the run's own; ``scores.csv.gz`` its scores, every frame in full precision;
``row.json`` what else a table shows, and a seal over all three.
"""

from __future__ import annotations

import io
import json
import math
import re
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusbench.board.rules import Board
from fusbench.data.folder import IDENTIFIER
from fusbench.errors import DatasetError, FusbenchError
from fusbench.evaluation.results import KEY_COLUMNS, REMEDY, Result, out_of_bounds, unpack
from fusbench.files import text_sha256
from fusbench.models.card import ROLES
from fusbench.reading import parse_json, read_text

SCHEMA = 1
LARGEST_JSON = 1 << 20  # bytes
LONGEST_NAME = 100
LONGEST_TITLE = 300
LONGEST_ROW = 512  # bytes of a frame's scores
FILES = {"result.json", "scores.csv.gz", "row.json"}


TEXTS = ("name", "title", "backend", "role", "licence", "cite")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a table shows of a row beside its scores; what is not known is None.

    `rules` is `Rules.mark` of the board that took the row in.
    """

    name: str
    parameters: int | None = None
    seconds_per_frame: float | None = None
    machine: str = ""
    rules: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row that can be read: `values` is float64 (frames, metrics), `keys` names the frames."""

    facts: Facts
    result: Result
    values: np.ndarray
    covers: bool
    n_missing: int
    n_extra: int
    sealed: bool
    seal: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A row that does not fit, and why; shown below the line."""

    name: str
    reasons: tuple[str, ...]


def seal(result: str, scores: str, facts: Facts) -> str:
    """SHA-256 over a row's three parts; a changed character anywhere changes it."""
    told = {key: value for key, value in asdict(facts).items() if key != "rules" or value}
    return text_sha256(result, scores, json.dumps(told, sort_keys=True))


def row_folders(root: Path) -> list[Path]:
    """What stands for rows in a board, in order of name.

    Hidden ones are what systems and broken-off work leave.
    """
    folder = root / "results"
    if folder.is_symlink() or not folder.is_dir():
        return []
    visible = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in visible if path.is_symlink() or path.is_dir())


def read_rows(board: Board) -> list[Row | Refused]:
    """All rows of a board in order of name; those that cannot be read are refused."""
    return [read_row(path, board) for path in row_folders(board.root)]


def read_row(folder: Path, board: Board) -> Row | Refused:
    """Read one row as a stranger's: nothing in it is believed."""
    try:
        return _read_row(folder, board)
    except FusbenchError as error:
        return Refused(name=harmless(folder.name), reasons=(error.what,))


def harmless(name: str) -> str:
    """A folder's name as an identifier, for outputs of every kind."""
    return re.sub(r"[^A-Za-z0-9._-]", "?", name)[:LONGEST_NAME]


def _read_row(folder: Path, board: Board) -> Row:
    where = str(folder)
    if not IDENTIFIER.fullmatch(folder.name):
        fix = "Give its folder a name of letters, digits, '.', '_' and '-'."
        raise DatasetError("the row's name is no identifier", where, fix)
    if folder.is_symlink():
        raise DatasetError("is a link, not a folder", where, REMEDY)
    visible = [path for path in folder.iterdir() if not path.name.startswith(".")]
    for path in visible:
        if path.is_symlink():
            raise DatasetError(f"{harmless(path.name)}: is a link, not a file", where, REMEDY)
    have = {harmless(path.name) for path in visible}
    for names, what in ((FILES - have, "the file is missing"), (have - FILES, "is no row's file")):
        if names:
            raise DatasetError(f"{min(names)}: {what}", where, REMEDY)
    facts, mark = _read_facts(folder)
    text, result = _read_result(folder)
    scores = unpack(folder / "scores.csv.gz", _most_bytes(board))
    usual = _usual_values(scores, board)
    values = _read_values(scores, board) if usual is None else usual
    _check_values(values, board)
    covers, missing, extra = (True, 0, 0) if usual is not None else _coverage(scores, board)
    return Row(
        facts=facts, result=result, values=values, covers=covers, n_missing=missing, n_extra=extra,
        seal=mark, sealed=mark == seal(text, scores, facts),
    )  # fmt: skip


def _most_bytes(board: Board) -> int:
    """Bytes that the scores of a board's frames can take, a dozen metrics and more in full."""
    return 2 * board.named_bytes + len(board.line_starts) * LONGEST_ROW + (1 << 16)


def _read_facts(folder: Path) -> tuple[Facts, str]:
    content = _read_json(folder / "row.json")[1]
    mark = content.pop("seal", "")
    if content.pop("schema", None) != SCHEMA:
        raise DatasetError(f"row.json is not of schema {SCHEMA}", str(folder), REMEDY)
    if {*content, "rules"} != {f.name for f in fields(Facts)}:
        raise DatasetError("row.json does not hold what a row's file does", str(folder), REMEDY)
    facts = Facts(**content)
    numbers = (facts.parameters, facts.seconds_per_frame)
    texts = (facts.machine, facts.rules, mark)
    good = facts.name == folder.name and all(isinstance(text, str) for text in texts)
    if not good or not all(n is None or _is_number(n) for n in numbers):
        what = "row.json does not fit the row's folder"
        raise DatasetError(what, str(folder), REMEDY)
    return facts, mark


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and value >= 0


def _read_json(path: Path) -> tuple[str, dict[str, Any]]:
    text = read_text(path, LARGEST_JSON, DatasetError)
    try:
        content = parse_json(text, path, DatasetError, REMEDY)
    except DatasetError as error:
        raise DatasetError(f"{path.name} {error.what}", str(path), REMEDY) from None
    return text, content


def _read_result(folder: Path) -> tuple[str, Result]:
    text, content = _read_json(folder / "result.json")
    what = "result.json is no result of this schema"
    try:
        result = Result(**content)
    except TypeError:
        raise DatasetError(what, str(folder), REMEDY) from None
    model = result.model
    texts = (result.key, result.signature, result.profile, result.split)
    good = (
        result.schema == 1
        and all(isinstance(text, str) for text in texts)
        and all(
            isinstance(part, dict)
            for part in (model, result.dataset, result.summary, result.config)
        )
        and all(isinstance(model.get(k), str) for k in ("name", "title", "backend", "role"))
        and all(isinstance(model.get(k, ""), str) for k in ("licence", "cite"))
        and all(
            len(text) <= LONGEST_TITLE and text.isprintable()
            for text in (*texts, *(str(model.get(k, "")) for k in TEXTS))
        )
        and isinstance(model.get("weights_sha256"), str | None)
        and isinstance(model.get("window"), dict)
        and model["role"] in ROLES
        and all(isinstance(part, dict) for part in result.summary.values())
        and all(type(n) is int for n in (result.n_frames, result.n_skipped, result.n_scans))
    )
    if not good:
        raise DatasetError(what, str(folder), REMEDY)
    return text, result


def _usual_values(scores: str, board: Board) -> np.ndarray | None:
    """The scores where they are of the board's frames, in its order; None where they are not.

    So it is nearly always. The text is cut into cells at once; a cell that begins a line keeps its
    line break, so that cells are compared with their places too.
    """
    header, _, body = scores.removesuffix("\n").partition("\n")
    names, n_lines = header.split(","), len(board.line_starts)
    columns = [metric.key for metric in board.rules.metrics]
    known = tuple(names[:3]) == KEY_COLUMNS and set(columns) <= set(names[3:])
    if not known or len(set(names)) != len(names) or body.count("\n") + 1 != n_lines:
        return None
    cells = f"\n{body}".replace("\n", ",\n").split(",")[1:]
    stride = len(names)
    if len(cells) != n_lines * stride or [cells[k::stride] for k in range(3)] != board.key_cells:
        return None
    wanted = [cells[names.index(column) :: stride] for column in columns]
    try:
        values = np.array([list(map(float, column)) for column in wanted])
    except ValueError:
        return None
    if any("_" in "".join(column) for column in wanted):  # which float() passes over
        return None
    return np.ascontiguousarray(values.T)


def _read_values(scores: str, board: Board) -> np.ndarray:
    columns = [metric.key for metric in board.rules.metrics]
    return _parse(scores, dict.fromkeys(columns, float))[columns].to_numpy(np.float64)


def _check_values(values: np.ndarray, board: Board) -> None:
    columns = [metric.key for metric in board.rules.metrics]
    if not np.isfinite(values).all():
        raise DatasetError("a score is not finite", fix=REMEDY)
    for key, column in zip(columns, values.T, strict=True):
        bad, (low, high) = out_of_bounds(column, key)
        if len(bad):
            what = f"a score of {key} is {column[bad[0]]:g}, outside {low:g} to {high:g}"
            raise DatasetError(what, fix=REMEDY)


def _parse(scores: str, types: dict[str, type]) -> pd.DataFrame:
    try:
        return pd.read_csv(
            io.BytesIO(scores.encode()), dtype=types, usecols=list(types), na_filter=False
        )
    except (ValueError, OverflowError):
        what = f"scores.csv does not hold a number a frame for {', '.join(types)}"
        raise DatasetError(what, fix=REMEDY) from None


def _coverage(scores: str, board: Board) -> tuple[bool, int, int]:
    """Whether the frames are the board's, in its order; how many are missing or foreign."""
    keys = _parse(scores, dict(zip(KEY_COLUMNS, (str, str, np.int64), strict=True)))
    have = list(keys[list(KEY_COLUMNS)].itertuples(index=False, name=None))
    want = list(zip(*board.keys[:2], board.keys[2].tolist(), strict=True))
    both = set(want) & set(have)
    return have == want, len(want) - len(both), len(have) - len(both)

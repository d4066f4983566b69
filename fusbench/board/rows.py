"""A board's rows on disk: ``results/<name>/``, small files that are read as strangers'.

``result.json`` is the run's own; ``scores.csv.gz`` its scores, every frame in full precision;
``row.json`` what else a table shows, and a seal over all three. No file tells a time: a board that
is filled twice has the same bytes (`fusbench.board.times` holds what a sitting measured).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fusbench.board.origin import Origin
from fusbench.board.rules import Board
from fusbench.board.scores import Scores, most_bytes, read_scores
from fusbench.data.folder import IDENTIFIER
from fusbench.errors import DatasetError, FusbenchError
from fusbench.evaluation.packed import REMEDY, unpacked
from fusbench.evaluation.results import Result
from fusbench.files import text_sha256
from fusbench.kept import Kept
from fusbench.models.card import ROLES
from fusbench.reading import parse_json, read_bytes, read_text
from fusbench.records import read_record

SCHEMA = 1
KEPT = Kept(folder="rows", reader=1, most=1 << 30)
"""Scores that were read before, as numbers: a board is built in the time that its new rows take."""
LARGEST_JSON = 1 << 20  # bytes
LONGEST_NAME = 100
LONGEST_TITLE = 300
FILES = {"result.json", "scores.csv.gz", "row.json"}
TIMES = {"seconds_per_frame", "machine"}  # in rows of version 0.1: sealed with them, not shown

TEXTS = ("name", "title", "backend", "role", "licence", "cite")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a table shows of a row beside its scores; what is not known is None.

    `rules` is `Rules.mark` of the board that took the row in, `origin` what its submitter says.
    """

    name: str
    parameters: int | None = None
    rules: str = ""
    origin: Origin = field(default_factory=Origin)


def as_told(facts: Facts) -> dict[str, Any]:
    """Facts as ``row.json`` holds them, beside its schema and seal."""
    told = {key: value for key, value in asdict(facts).items() if key != "origin"}
    return {**told, **({"origin": facts.origin.told} if facts.origin.told else {})}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row that can be read."""

    facts: Facts
    result: Result
    scores: Scores
    sealed: bool
    seal: str = field(repr=False)

    @property
    def values(self) -> np.ndarray:
        """Scores of the board's metrics, float64 (frames, metrics)."""
        return self.scores.values


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A row that does not fit, and why; shown below the line."""

    name: str
    reasons: tuple[str, ...]


def seal(result: str, scores: str, facts: Mapping[str, Any]) -> str:
    """SHA-256 over a row's three parts; a changed character anywhere changes it.

    `facts` is what ``row.json`` says beside its schema and seal.
    """
    told = {key: value for key, value in facts.items() if key != "rules" or value}
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


def read_rows(board: Board, *, anew: bool = False) -> list[Row | Refused]:
    """All rows of a board in order of name; those that cannot be read are refused.

    Scores that were read before are taken from the user's cache (`fusbench.kept`), or with `anew`
    from nowhere but the board.
    """
    rows = [read_row(path, board, anew=anew) for path in row_folders(board.root)]
    if not anew:
        KEPT.trim()
    return rows


def read_row(folder: Path, board: Board, *, anew: bool = True) -> Row | Refused:
    """Read one row as a stranger's: nothing in it is believed."""
    try:
        return _read_row(folder, board, anew)
    except FusbenchError as error:
        return Refused(name=harmless(folder.name), reasons=(error.what,))


def harmless(name: str) -> str:
    """A folder's name as an identifier, for outputs of every kind."""
    return re.sub(r"[^A-Za-z0-9._-]", "?", name)[:LONGEST_NAME]


def _read_row(folder: Path, board: Board, anew: bool) -> Row:
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
    facts, told, mark = _read_facts(folder)
    text, result = _read_result(folder)
    path = folder / "scores.csv.gz"
    packed = read_bytes(path, most_bytes(board), DatasetError)
    last = json.dumps({**told, "seal": mark}, sort_keys=True)
    key = KEPT.key_of(board.frames_mark.encode(), text.encode(), packed, last.encode())
    values = None if anew else _recalled(key, (len(board.counted), len(board.rules.metrics)))
    if values is not None:
        scores, sealed = Scores(values=values), True
    else:
        plain = unpacked(packed, most_bytes(board), path)
        scores, sealed = read_scores(plain, board), mark == seal(text, plain, told)
        if sealed and scores.covers and not anew:
            KEPT.keep(key, np.ascontiguousarray(scores.values, "<f8").tobytes())
    return Row(facts=facts, result=result, scores=scores, seal=mark, sealed=sealed)


def _recalled(key: str, shape: tuple[int, int]) -> np.ndarray | None:
    """Scores that were kept, float64 of this shape; None where there are none."""
    found = KEPT.recall(key)
    if found is None or len(found) != 8 * shape[0] * shape[1]:
        return None
    return np.frombuffer(found, "<f8").reshape(shape)


def _read_facts(folder: Path) -> tuple[Facts, dict[str, Any], str]:
    """What ``row.json`` says: as a record, as it stands there, and its seal."""
    content = _read_json(folder / "row.json")[1]
    mark = content.pop("seal", "")
    if content.pop("schema", None) != SCHEMA:
        raise DatasetError(f"row.json is not of schema {SCHEMA}", str(folder), REMEDY)
    shown = {key: value for key, value in content.items() if key not in TIMES}
    facts = read_record(Facts, shown, str(folder / "row.json"), DatasetError, REMEDY)
    good = (facts.parameters or 0) >= 0 and isinstance(mark, str)
    if facts.name != folder.name or not good:
        raise DatasetError("row.json does not fit the row's folder", str(folder), REMEDY)
    return facts, content, mark


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
    result = read_record(Result, content, str(folder / "result.json"), DatasetError, REMEDY)
    model = result.model
    texts = (result.key, result.signature, result.profile, result.split)
    good = (
        result.schema == 1
        and all(
            len(text) <= LONGEST_TITLE and text.isprintable()
            for text in (*texts, *(getattr(model, k) for k in TEXTS))
        )
        and model.role in ROLES
    )
    if not good:
        raise DatasetError(what, str(folder), REMEDY)
    return text, result

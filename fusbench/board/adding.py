"""Taking a finished run into a board as a row."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

from fusbench.board.fitting import problems
from fusbench.board.names import taken_for
from fusbench.board.origin import Origin
from fusbench.board.rows import (
    FILES,
    SCHEMA,
    Facts,
    Refused,
    Row,
    as_told,
    read_row,
    row_folders,
    seal,
)
from fusbench.board.rules import Board
from fusbench.data.folder import IDENTIFIER
from fusbench.errors import ConfigError, DatasetError, OutputError
from fusbench.evaluation.packed import LARGEST, pack, unpack
from fusbench.evaluation.results import read_result
from fusbench.files import exchange, output_errors, sync, sync_tree, umask
from fusbench.locks import locked, unfinished_folder
from fusbench.reading import read_json, read_text

PATIENCE_S = 60.0


def check_name(name: str, root: Path) -> None:
    """Raise `ConfigError` unless a row may be called so."""
    if not IDENTIFIER.fullmatch(name):
        fix = "Use letters, digits, '.', '_' and '-'."
        raise ConfigError(f"'{name}' is no name for a row", str(root), fix)


def add_run(
    board: Board,
    run: Path,
    name: str | None = None,
    *,
    origin: Origin | None = None,
    replace: bool = False,
) -> tuple[Path, list[str]]:
    """Take a finished run into a board; without an `origin`, a row that is there keeps its own.

    Returns
    -------
    Path, list of str
        As `write_row`.

    Raises
    ------
    ConfigError, DatasetError
        As `write_row`.
    """
    result = read_result(run)
    facts = Facts(
        name=name or result.model.name,
        parameters=result.model.parameters,
        origin=origin or Origin(),
    )
    return write_row(board, run, facts, replace=replace)


def write_row(
    board: Board, run: Path, facts: Facts, *, replace: bool = False
) -> tuple[Path, list[str]]:
    """Take a finished run into a board.

    Returns
    -------
    Path, list of str
        The row's folder, and the reasons why it does not fit, if any. It is written nonetheless:
        such a row is listed below the line.

    Raises
    ------
    ConfigError
        If the name is no identifier, taken by another row, or easily taken for another's.
    DatasetError
        If the run cannot be read.
    """
    check_name(facts.name, board.root)
    texts = {}
    for name in ("result.json", "scores.csv"):
        try:
            texts[name] = read_text(run / name, LARGEST, DatasetError)
        except DatasetError as error:
            fix = "Name the folder of a finished run, or of predictions with --predictions."
            raise DatasetError(f"holds no readable {name}", str(run), fix) from error
    result, scores = texts["result.json"], texts["scores.csv"]
    folder = board.root / "results" / facts.name
    if other := taken_for(facts.name, [path.name for path in row_folders(board.root)]):
        what = f"its name could be taken for that of '{other}'"
        raise ConfigError(what, str(folder), "Give the row another name with --name.")
    with output_errors(folder), locked(board.root, PATIENCE_S):
        there = folder.exists()
        same = there and _same_run(folder, result, scores)
        if there and not replace and not same:
            fix = "Give the row another name with --name, or replace that one with --replace."
            raise ConfigError("the board has another row of this name", str(folder), fix)
        old = read_row(folder, board) if same and not facts.origin.told else None
        if isinstance(old, Row) and old.sealed:
            facts = dataclasses.replace(facts, origin=old.facts.origin)
        told = as_told(dataclasses.replace(facts, rules=board.rules.mark))
        mark = seal(result, scores, told)
        content = json.dumps({"schema": SCHEMA, **told, "seal": mark}, indent=2, sort_keys=True)
        files = {
            "result.json": result.encode(),
            "scores.csv.gz": pack(scores),
            "row.json": (content + "\n").encode(),
        }
        if not there or _seal_of(folder) != mark:
            _put(folder, files, board.root)
    row = read_row(folder, board)
    return folder, list(row.reasons) if isinstance(row, Refused) else problems(row, board)


def _put(folder: Path, files: dict[str, bytes], place: Path) -> None:
    """Let a row's folder hold these files; one that is there stays until they are on the disk."""
    with unfinished_folder(place, folder.name) as part:
        for name, content in files.items():
            (part / name).write_bytes(content)
        part.chmod(0o777 & ~umask())
        sync_tree(part)
        folder.parent.mkdir(exist_ok=True)
        if folder.exists():
            if {path.name for path in folder.iterdir()} - FILES:
                fix = "Take out what is not the row's, then add the run again."
                raise OutputError("holds files that are no row's", str(folder), fix)
            exchange(part, folder)
        else:
            os.rename(part, folder)
        sync(folder.parent)


def _same_run(folder: Path, result: str, scores: str) -> bool:
    """Whether a row is of this run: the key covers all that its scores follow from."""
    try:
        old = read_json(folder / "result.json", DatasetError).get("key")
        return bool(old == json.loads(result)["key"]) and unpack(folder / "scores.csv.gz") == scores
    except (DatasetError, ValueError, KeyError, TypeError):
        return False


def _seal_of(folder: Path) -> str:
    try:
        return str(read_json(folder / "row.json", DatasetError).get("seal", ""))
    except DatasetError:
        return ""

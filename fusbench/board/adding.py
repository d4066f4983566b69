"""Taking a finished run into a board as a row."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import asdict
from pathlib import Path

from fusbench.board.fitting import problems
from fusbench.board.names import taken_for
from fusbench.board.rows import (
    FILES,
    LARGEST,
    SCHEMA,
    Facts,
    Refused,
    read_row,
    row_folders,
    seal,
)
from fusbench.board.rules import Board
from fusbench.data.folder import IDENTIFIER
from fusbench.errors import ConfigError, DatasetError, OutputError
from fusbench.evaluation.results import pack, unpack
from fusbench.files import output_errors, read_limited, replacing_folder


def check_name(name: str, root: Path) -> None:
    """Raise `ConfigError` unless a row may be called so."""
    if not IDENTIFIER.fullmatch(name):
        fix = "Use letters, digits, '.', '_' and '-'."
        raise ConfigError(f"'{name}' is no name for a row", str(root), fix)


def write_row(
    board: Board, run: Path, facts: Facts, *, replace: bool = False
) -> tuple[Path, list[str]]:
    """Take a finished run into a board; with `replace`, in place of another row of its name.

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
            texts[name] = (run / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            fix = "Name the folder of a finished run, or of predictions with --predictions."
            raise DatasetError(f"holds no readable {name}", str(run), fix) from None
    result, scores = texts["result.json"], texts["scores.csv"]
    facts = dataclasses.replace(facts, rules=board.rules.mark)
    folder = board.root / "results" / facts.name
    others = [path.name for path in row_folders(board.root)]
    if other := taken_for(facts.name, others):
        fix = "Give the row another name with --name."
        what = f"its name could be taken for that of '{other}'"
        raise ConfigError(what, str(folder), fix)
    known = folder.exists() or folder.is_symlink()
    if known and not replace and not _same_run(folder, result, scores):
        fix = "Give the row another name with --name, or replace that one with --replace."
        raise ConfigError("the board has another row of this name", str(folder), fix)
    mark = seal(result, scores, facts)
    if not known or _seal_of(folder) != mark:
        content = json.dumps(
            {"schema": SCHEMA, **asdict(facts), "seal": mark}, indent=2, sort_keys=True
        )
        if known:
            _remove(folder)
        with replacing_folder(folder) as part:
            (part / "result.json").write_text(result, encoding="utf-8", newline="")
            (part / "scores.csv.gz").write_bytes(pack(scores))
            (part / "row.json").write_text(content + "\n", encoding="utf-8")
    row = read_row(folder, board)
    return folder, list(row.reasons) if isinstance(row, Refused) else problems(row, board)


def _same_run(folder: Path, result: str, scores: str) -> bool:
    """Whether a row is of this run: the key covers all that its scores follow from."""
    try:
        old = json.loads(read_limited(folder / "result.json", LARGEST))["key"]
        return bool(old == json.loads(result)["key"]) and unpack(folder / "scores.csv.gz") == scores
    except (OSError, ValueError, KeyError, TypeError, DatasetError):
        return False


def _seal_of(folder: Path) -> str:
    try:
        return str(json.loads(read_limited(folder / "row.json", LARGEST))["seal"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _remove(folder: Path) -> None:
    """Remove a row's files, and its folder if nothing else is in it."""
    with output_errors(folder):
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
    if any(folder.iterdir()):
        fix = "Take out what is not the row's, then add the run again."
        raise OutputError("holds files that are no row's", str(folder), fix)
    folder.rmdir()

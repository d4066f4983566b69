"""Taking a finished run into a board as a row."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from fusbench.board.rows import FILES, SCHEMA, Facts, Refused, problems, read_row, seal
from fusbench.board.rules import Board
from fusbench.data.folder import IDENTIFIER
from fusbench.errors import ConfigError, DatasetError, OutputError
from fusbench.evaluation.results import pack, read_result
from fusbench.files import output_errors, replacing_folder


def check_name(name: str, root: Path) -> None:
    """Raise `ConfigError` unless a row may be called so."""
    if not IDENTIFIER.fullmatch(name):
        fix = "Use letters, digits, '.', '_' and '-'."
        raise ConfigError(f"'{name}' is no name for a row", str(root), fix)


def add_run(
    board: Board, run: Path, name: str | None = None, *, replace: bool = False
) -> tuple[Path, list[str]]:
    """Take a finished run into a board, with the speed that its folder tells.

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
    try:
        timing = json.loads((run / "timing.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        timing = {}
    facts = Facts(
        name=name or str(result.model.get("name", "")),
        parameters=result.model.get("parameters"),
        seconds_per_frame=timing.get("seconds_per_frame"),
        machine=str(timing.get("machine", "")),
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
        If the name is no identifier, or taken by another row.
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
    mark = seal(result, scores, facts)
    folder = board.root / "results" / facts.name
    if folder.exists() and _seal_of(folder) != mark and not replace:
        fix = "Give the row another name with --name, or replace that one with --force."
        raise ConfigError("the board has another row of this name", str(folder), fix)
    if not folder.exists() or _seal_of(folder) != mark:
        content = json.dumps(
            {"schema": SCHEMA, **asdict(facts), "seal": mark}, indent=2, sort_keys=True
        )
        if folder.exists():
            _remove(folder)
        with replacing_folder(folder) as part:
            (part / "result.json").write_text(result, encoding="utf-8", newline="")
            (part / "scores.csv.gz").write_bytes(pack(scores))
            (part / "row.json").write_text(content + "\n", encoding="utf-8")
    row = read_row(folder, board)
    return folder, list(row.reasons) if isinstance(row, Refused) else problems(row, board)


def _seal_of(folder: Path) -> str:
    try:
        return str(json.loads((folder / "row.json").read_text(encoding="utf-8"))["seal"])
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

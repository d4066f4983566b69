"""A board of an honest and a forged row, and how files of a row are changed."""

import gzip
import json

from fusbench.board.check import check_table
from fusbench.board.rules import read_board
from fusbench.board.standings import read_table


def findings(board):
    """What a check of the board as it lies there says."""
    return [f"{f.where}: {f.what}" for f in check_table(read_table(read_board(board.root)))]


def edit_json(path, change):
    """Change a file's content in place."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content, indent=2, sort_keys=True))


def edit_scores(board, change):
    """Change the text of the forged row's scores."""
    path = board.root / "results" / "forged" / "scores.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(gzip.compress(change(text).encode(), 9, mtime=0))


def reseal(board, name):
    """What a forger does who knows how seals are made."""
    from fusbench.board.rows import seal

    folder = board.root / "results" / name
    content = json.loads((folder / "row.json").read_text())
    facts = {key: value for key, value in content.items() if key not in ("schema", "seal")}
    scores = gzip.decompress((folder / "scores.csv.gz").read_bytes()).decode()
    content["seal"] = seal((folder / "result.json").read_text(), scores, facts)
    (folder / "row.json").write_text(json.dumps(content))

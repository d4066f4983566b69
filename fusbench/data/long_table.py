"""Tables of any length, read in pieces, so that memory holds numbers and never the texts of all.

A whole piece that was read before is in the cache, as numbers, under the hash of its bytes: a table
that grew is parsed from where it grew, and one that changed at any byte is parsed anew.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fusbench.arrays import arrays_of
from fusbench.data.tables import cells, numbers, split_header
from fusbench.errors import DatasetError
from fusbench.kept import Kept
from fusbench.reading import iter_pieces

PIECE_BYTES = 1 << 22
KEPT = Kept(folder="tables", reader=2, most=1 << 32)


@dataclass(frozen=True, kw_only=True)
class Texts:
    """A column of texts: those that occur, and which of them each row has.

    Parameters
    ----------
    names : tuple of str
    at : ndarray of int32, shape (N,)

    Examples
    --------
    >>> texts = Texts.of(["b", "a", "b"])
    >>> texts.names, texts.at.tolist(), texts.map({"a": 7}, -1).tolist()
    (('b', 'a'), [0, 1, 0], [-1, 7, -1])
    """

    names: tuple[str, ...]
    at: np.ndarray

    @classmethod
    def of(cls, column: Sequence[str]) -> Texts:
        """A column as it is read."""
        place = {name: number for number, name in enumerate(dict.fromkeys(column))}
        return cls(
            names=tuple(place),
            at=np.fromiter(map(place.__getitem__, column), np.int32, len(column)),
        )

    def map(self, values: Mapping[str, int], default: int) -> np.ndarray:
        """A number for each row, int64 (N,)."""
        found: np.ndarray = np.array([values.get(name, default) for name in self.names], np.int64)
        return found[self.at] if len(found) else np.empty(0, np.int64)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Consecutive rows of a table.

    Parameters
    ----------
    first_row : int
        Number of its first row, as messages count them: 2 is the first below the header.
    texts : dict of str to Texts
    numbers : dict of str to ndarray of float64, shape (N,)
        NaN for what is no number.
    """

    first_row: int
    texts: dict[str, Texts]
    numbers: dict[str, np.ndarray] = field(repr=False)

    def __len__(self) -> int:
        return len(next(iter(self.texts.values())).at)


def read_header(path: Path, columns: Sequence[str], missing: str) -> list[str]:
    """The names of a table's columns; those in `columns` must be there.

    Raises
    ------
    DatasetError
    """
    pieces = iter_pieces(path, PIECE_BYTES, DatasetError, missing)
    return split_header(_decoded(next(pieces, b""), path, 0), path, columns)[0]


def iter_table(
    path: Path,
    texts: Sequence[str],
    numbers: Sequence[str] | None,
    *,
    missing: str,
    pieces: Iterable[bytes] | None = None,
) -> Iterator[Piece]:
    """The rows of a CSV file, piece by piece.

    Parameters
    ----------
    path : Path
    texts, numbers : sequence of str
        Columns wanted as texts, and as numbers, which are read to the last bit; None wants all
        others.
    missing : str
        What to do where there is no such file.
    pieces : iterable of bytes, optional
        What the file holds, where it is packed.

    Raises
    ------
    DatasetError
        If the file is missing, no such table, or lacks a column.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "gaze.csv"
    >>> _ = path.write_text("clip_id,x_px\\nNA,0.1\\nNA,no\\n")
    >>> [piece] = iter_table(path, ["clip_id"], ["x_px"], missing="")
    >>> piece.texts["clip_id"].names, piece.numbers["x_px"].tolist()
    (('NA',), [0.1, nan])
    """
    header: list[str] = []
    row, line, n_bytes, new = 2, 1, 0, False
    wanted = list(numbers or ())
    for data in pieces or iter_pieces(path, PIECE_BYTES, DatasetError, missing):
        whole = len(data) > PIECE_BYTES // 2  # the last one, which grows, seldom is
        key = piece = None
        if whole and header:
            key = KEPT.key_of(json.dumps([header, texts, wanted]).encode(), data)
            piece = _recalled(key, row, texts, wanted)
        if piece is None:
            text, skipped = _decoded(data, path, n_bytes), 0
            if not header:
                header, text = split_header(text, path, (*texts, *wanted))
                skipped = 1
                if numbers is None:
                    wanted = [name for name in header if name not in texts]
            found = dict(zip(header, cells(text, path, header, row, line + skipped), strict=True))
            piece = _parsed(found, row, texts, wanted)
            if key is not None:
                KEPT.keep(key, _packed(piece))
                new = True
        yield piece
        row, line, n_bytes = row + len(piece), line + data.count(b"\n"), n_bytes + len(data)
    if not header:
        split_header("", path, (*texts, *wanted))
    if new:
        KEPT.trim()


def _decoded(data: bytes, path: Path, before: int) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"is no UTF-8 text: byte {before + error.start}"
        raise DatasetError(what, str(path), "Save it as UTF-8.") from None


def _parsed(
    found: Mapping[str, Sequence[str]], row: int, texts: Sequence[str], wanted: Sequence[str]
) -> Piece:
    return Piece(
        first_row=row,
        texts={name: Texts.of(found[name]) for name in texts},
        numbers={name: numbers(found[name]) for name in wanted},
    )


def _packed(piece: Piece) -> bytes:
    content = io.BytesIO()
    columns = {f"n{k}": column for k, column in enumerate(piece.numbers.values())}
    for k, column in enumerate(piece.texts.values()):
        names = json.dumps(column.names).encode()
        columns |= {f"a{k}": column.at, f"t{k}": np.frombuffer(names, np.uint8)}
    np.savez(content, allow_pickle=False, **columns)
    return content.getvalue()


def _recalled(key: str, row: int, texts: Sequence[str], numbers: Sequence[str]) -> Piece | None:
    content = KEPT.recall(key)
    if content is None:
        return None
    found = arrays_of(io.BytesIO(content), 1 << 33)
    named = [tuple(json.loads(found[f"t{k}"].tobytes())) for k in range(len(texts))]
    return Piece(
        first_row=row,
        texts={name: Texts(names=named[k], at=found[f"a{k}"]) for k, name in enumerate(texts)},
        numbers={name: found[f"n{k}"] for k, name in enumerate(numbers)},
    )

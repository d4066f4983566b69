"""Looking for identity in a data set folder: words of the sources, and text in the pixels."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from fusbench.data.dataset import Dataset
from fusbench.errors import DatasetError, FusbenchError
from fusbench.footage.apart import answered
from fusbench.footage.clock import plain
from fusbench.footage.kinds import is_dicom
from fusbench.importing.burnt_in import burnt_in
from fusbench.importing.presets import FORMATS

SHORTEST = 4
PEOPLE = ("participant name", "participantname", "recording name", "recordingname", "project name")
PATTERNS = (
    ("a DICOM unique identifier", re.compile(rb"\b[012](?:\.\d{1,20}){6,}\b")),
    ("an address of e-mail", re.compile(rb"\b[\w.+-]{2,}@[\w-]+\.[a-z]{2,}\b")),
    ("a file path", re.compile(rb"(?:/home/|/Users/|[A-Z]:\\\\)[^\s\",]{3,}")),
)
COMMON = {
    "recording", "recordings", "screen", "samples", "fixation", "average", "region", "capture",
    "surface", "export", "quality", "private", "pictures", "picture", "frames", "dataset", "import",
    *FORMATS,
}  # fmt: skip


def check_privacy(dataset: Dataset, sources: Sequence[str | Path] = ()) -> list[FusbenchError]:
    """Signs of identity in a data set folder; an empty list is a pass, not a proof.

    Parameters
    ----------
    dataset : Dataset
        Opened from a folder.
    sources : sequence of str or Path
        Files that were imported; their names, and the identifiers in their headers, are looked for
        in every byte of the folder.

    Returns
    -------
    list of FusbenchError
        What, where and what to do, of each.

    Raises
    ------
    DatasetError
        If a source is not there.

    Examples
    --------
    >>> import fusbench, shutil, tempfile
    >>> data = fusbench.open_dataset("phantom-tiny", ("test",))
    >>> check_privacy(data)
    []
    >>> folder = tempfile.TemporaryDirectory()
    >>> copy = shutil.copytree(data.root, folder.name + "/study")
    >>> _ = Path(copy, "notes.txt").write_text("export of jane-doe@example.org")
    >>> print(check_privacy(fusbench.open_dataset(copy))[0])
    notes.txt: holds an address of e-mail: jane-doe@example.org. Remove it, or import again.
    """
    findings: list[FusbenchError] = []
    words = {word for source in map(Path, sources) for word in identifiers(source)}
    for path in sorted(p for p in dataset.root.rglob("*") if p.is_file()):
        findings += _in_file(path, dataset.root, words)
    for clip in dataset.clips:
        side = burnt_in(clip.frames) if clip.file else ""
        if side:
            what = f"what looks like text stands still at the {side}"
            fix = "Look at it, and import with a --crop that leaves it out."
            findings.append(DatasetError(what, f"clip '{clip.clip_id}'", fix))
    return findings


def _in_file(path: Path, root: Path, words: set[str]) -> Iterator[FusbenchError]:
    name = str(path.relative_to(root))
    fix = "Remove it, or import again."
    for word in sorted(words):
        if word.lower() in name.lower():
            yield DatasetError(f"the name holds '{word}' of a source", name, fix)
    if not path.stat().st_size:
        return
    pixels = path.suffix in (".npy", ".zst")
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        text = b"" if pixels else data[:].lower()
        for word in sorted(words):
            spelled = (word, word.lower(), word.upper(), word.title())
            in_text = word.lower().encode() in text
            if in_text or any(data.find(w.encode()) >= 0 for w in spelled):
                yield DatasetError(f"holds '{word}' of a source", name, fix)
        if not pixels:
            for what, pattern in PATTERNS:
                found = pattern.search(data)
                if found:
                    shown = found.group().decode(errors="replace")
                    yield DatasetError(f"holds {what}: {shown}", name, fix)


def identifiers(source: Path) -> set[str]:
    """Words of a source that could name a person: of its file name, and of its header."""
    words = {source.stem, *re.split(r"[\s_.,;()-]+", source.stem)}
    if source.is_file():
        dicom = is_dicom(source)
        words |= set(answered("identifiers", source)["texts"]) if dicom else _of_table(source)
    elif not source.exists():
        raise DatasetError("no source is here", str(source), "Check --source.")
    return {word for word in words if _telling(word)}


def _telling(word: str) -> bool:
    """Whether a word could name a person: long, or with digits, and no word of the field."""
    with_digits = len(word) >= SHORTEST and not word.isalpha()
    return (with_digits or len(word) > 5) and word.lower() not in COMMON


def _of_table(source: Path) -> set[str]:
    """Values of the columns that name people, from the first rows of a table."""
    with source.open("rb") as stream:
        start = stream.read(65536)
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    lines = start.decode(encoding, errors="replace").splitlines()
    if len(lines) < 2:
        return set()
    delimiter = max("\t;,", key=lines[0].count)
    header = [plain(name).lower() for name in lines[0].split(delimiter)]
    rows = [line.split(delimiter) for line in lines[1:-1]]
    places = [index for index, name in enumerate(header) if name in PEOPLE]
    return {row[i].strip() for row in rows for i in places if i < len(row)}

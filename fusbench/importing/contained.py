"""Tables in containers that are no text: Parquet, HDF5 of ioHub and Titta, XDF of LSL's recorder.

Each becomes the table of text that a program would have exported, so that one reader serves all.
Nothing pickled is ever read, and nothing that a file names outside of itself. The libraries get a
stranger's file in the guarded process alone, which calls `parts`; `container` is this side of it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fusbench.errors import DatasetError, FusbenchError
from fusbench.footage.record import missing
from fusbench.importing.finding import WARN, Finding
from fusbench.numerals import number

LARGEST = 4 << 30  # bytes
CHUNK_ROWS = 50_000
FASTEST_HZ = 1000  # of a stream whose samples are taken for events
SAMPLES = ("BinocularEyeSampleEvent", "MonocularEyeSampleEvent", "GazepointSampleEvent")
EYES, MESSAGES = "data_collection/events/eyetracker", "data_collection/events/experiment"
GAZE_WORDS = ("gaze", "eye")


@dataclass(frozen=True, kw_only=True)
class Contained:
    """A table of samples, events of the same file in its clock, in nanoseconds, and remarks."""

    table: pd.DataFrame
    events: tuple[tuple[int, str], ...] = ()
    remarks: tuple[Finding, ...] = ()


def container_of(path: Path) -> str:
    """The kind of container that a file is, a key of `READERS`; "" for a text."""
    with path.open("rb") as stream:
        start = stream.read(8)
    return next((name for name, (mark, _, _) in READERS.items() if start.startswith(mark)), "")


def parts(path: Path, recording: str) -> Iterator[tuple[dict[str, Any], np.ndarray | None]]:
    """Events and remarks, then the table's rows as text, each as bytes of UTF-8, uint8 (N,)."""
    found = read_contained(path, recording)
    remarks = [(remark.level, remark.text) for remark in found.remarks]
    yield {"remarks": remarks}, _bytes(json.dumps(found.events))
    for begin in range(0, max(1, len(found.table)), CHUNK_ROWS):
        rows = found.table.iloc[begin : begin + CHUNK_ROWS]
        yield {}, _bytes(rows.to_csv(sep="\t", index=False, header=not begin))
    yield {}, None


def _bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-8", "replace"), np.uint8)


def read_contained(path: Path, recording: str) -> Contained:
    """The samples in a container; `recording` chooses between its tables.

    Raises
    ------
    DatasetError
        If it is damaged or too large, or nothing tells which of its tables is meant.
    Missing
        If the library for it is not installed.
    """
    _, read, (what, fix) = READERS[container_of(path)]
    if path.stat().st_size > LARGEST:
        raise DatasetError(f"{what} of over {LARGEST >> 30} GB", str(path), fix)
    try:
        return read(path, recording)
    except (FusbenchError, MemoryError):
        raise
    except Exception as error:  # a stranger's file in a library's hands
        told = " ".join(str(error).split())[:120] or type(error).__name__
        raise DatasetError(f"{what} that cannot be read: {told}", str(path), fix) from None


def _parquet(path: Path, recording: str) -> Contained:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise missing("pyarrow", "Parquet") from None
    table = parquet.read_table(path).to_pandas()
    named = any(name is not None for name in table.index.names)  # times, where pandas wrote them so
    return Contained(table=table.reset_index() if named else table)


def _hdf5(path: Path, recording: str) -> Contained:
    try:
        import h5py
    except ImportError:
        raise missing("h5py", "HDF5") from None
    with h5py.File(path, "r") as file:
        _check_whole(file, path)
        if EYES in file:
            return _iohub(file, path, recording)
        frames = {name: group for name, group in file.items() if _is_frame(group)}
        name = _chosen("table", sorted(frames), ("gaze",), recording, path)
        return Contained(table=_pandas_frame(frames[name]))


def _check_whole(file: Any, path: Path) -> None:
    """Raise `DatasetError` if an HDF5 file takes anything from other files."""
    import h5py

    def look(name: str, link: Any) -> bool:
        if isinstance(link, h5py.ExternalLink):
            return True
        item = file.get(name) if isinstance(link, h5py.HardLink) else None
        return isinstance(item, h5py.Dataset) and (item.is_virtual or item.external is not None)

    if file.visititems_links(lambda name, link: look(name, link) or None):
        what = "takes data from other files"
        raise DatasetError(what, str(path), "Give one file that holds all of its data.")


def _iohub(file: Any, path: Path, recording: str) -> Contained:
    """Samples and experiment messages of an ioHub store, in seconds of its clock."""
    found = {name: file[EYES][name] for name in SAMPLES if name in file[EYES]}
    filled = [name for name, rows in found.items() if len(rows)]
    if not filled:
        raise DatasetError("holds no eye sample", str(path), "Give the file of a recording.")
    rows = found[_chosen("table", filled, (), recording, path)][:]
    simple = [name for name in rows.dtype.names if rows.dtype[name].kind in "iuf"]
    table = pd.DataFrame({name: rows[name] for name in simple})
    events: list[tuple[int, str]] = []
    if f"{MESSAGES}/MessageEvent" in file:
        for message in file[f"{MESSAGES}/MessageEvent"][:]:
            text = message["text"]
            text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
            events.append((_ns(message["time"]), " ".join(text.split())))
    return Contained(table=table, events=tuple(sorted(events)))


def _is_frame(group: Any) -> bool:
    kind = group.attrs.get("pandas_type", b"") if hasattr(group, "attrs") else b""
    return kind in (b"frame", "frame") and "axis0" in group


def _pandas_frame(group: Any) -> pd.DataFrame:
    """A frame in pandas' form "fixed"; columns of objects are pickled, and left out."""
    order = [_text(name) for name in group["axis0"][:]]
    columns: dict[str, np.ndarray] = {}
    for key in group:
        values = group[key.replace("_items", "_values")] if key.endswith("_items") else None
        if values is not None and values.ndim == 2 and values.dtype.kind in "iufb":
            for place, name in enumerate(group[key][:]):
                columns[_text(name)] = values[:, place]
    return pd.DataFrame({name: columns[name] for name in order if name in columns})


def _text(name: Any) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


def _xdf(path: Path, recording: str) -> Contained:
    try:
        import pyxdf
    except ImportError:
        raise missing("pyxdf", "XDF") from None
    with _heard("pyxdf") as complaints:
        streams, _ = pyxdf.load_xdf(str(path))
    numeric = {
        _fact(stream, "name"): stream
        for stream in streams
        if isinstance(stream["time_series"], np.ndarray) and stream["time_series"].ndim == 2
    }
    likely = [
        name
        for name, stream in numeric.items()
        if any(word in f"{name} {_fact(stream, 'type')}".lower() for word in GAZE_WORDS)
    ]
    wide = [name for name in likely if numeric[name]["time_series"].shape[1] > 1]
    name = _chosen("stream", wide or sorted(numeric), (), recording, path)
    gaze = numeric[name]
    labels = _labels(gaze)
    table = pd.DataFrame({"time_stamps": gaze["time_stamps"]})
    for place, label in enumerate(labels):
        table[label] = gaze["time_series"][:, place]
    events = (event for stream in streams if stream is not gaze for event in _events(stream))
    told = f"the file is damaged, and samples may be missing: {complaints[0]}" if complaints else ""
    return Contained(
        table=table,
        events=tuple(sorted(events)),
        remarks=(Finding(WARN, told),) if told else (),
    )


@contextmanager
def _heard(library: str) -> Iterator[list[str]]:
    """What a library logs as wrong, in place of its lines on stderr."""
    complaints: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.WARNING:
                complaints.append(" ".join(record.getMessage().split())[:120])

    logger, listener = logging.getLogger(library), Listener()
    logger.addHandler(listener)
    before, logger.propagate = logger.propagate, False
    try:
        yield complaints
    finally:
        logger.removeHandler(listener)
        logger.propagate = before


def _fact(stream: Any, key: str) -> str:
    return str((stream["info"].get(key) or [""])[0] or "")


def _labels(stream: Any) -> list[str]:
    """Names of a stream's channels; ``c1``, ``c2`` where it does not tell them all."""
    count = stream["time_series"].shape[1]
    try:
        channels = stream["info"]["desc"][0]["channels"][0]["channel"]
        found = [str(channel["label"][0]) for channel in channels]
    except (KeyError, IndexError, TypeError):
        found = []
    whole = len(found) == count == len(set(found))
    return found if whole else [f"c{place}" for place in range(1, count + 1)]


def _events(stream: Any) -> Iterator[tuple[int, str]]:
    """Markers of a stream; of one slow channel of numbers, "NAME VALUE"."""
    series, stamps = stream["time_series"], stream["time_stamps"]
    if isinstance(series, list):
        for stamp, texts in zip(stamps, series, strict=False):
            yield _ns(stamp), " ".join(" ".join(map(str, texts)).split())
    elif series.ndim == 2 and series.shape[1] == 1 and _rate_hz(stream) <= FASTEST_HZ:
        for stamp, value in zip(stamps, series[:, 0].tolist(), strict=False):
            yield _ns(stamp), f"{_fact(stream, 'name')} {value:g}"


def _rate_hz(stream: Any) -> float:
    try:
        return number(_fact(stream, "nominal_srate"))
    except ValueError:
        return 0.0


def _ns(time_s: Any) -> int:
    return round(float(time_s) * 1e9)


def _chosen(kind: str, names: list[str], usual: tuple[str, ...], recording: str, path: Path) -> str:
    """The one that was asked for, that is usual, or that is alone."""
    if recording in names:
        return recording
    for name in usual:
        if name in names:
            return name
    if len(names) == 1:
        return names[0]
    if not names:
        fix = "Write its table of samples as CSV, and give that."
        raise DatasetError(f"holds no {kind} of numbers", str(path), fix)
    listed = ", ".join(name[:40] for name in names[:8])
    what = f"holds {len(names)} {kind}s: {listed}"
    raise DatasetError(what, str(path), "Choose the one of the gaze with --recording NAME.")


Reader = Callable[[Path, str], Contained]
READERS: dict[str, tuple[bytes, Reader, tuple[str, str]]] = {
    "parquet": (
        b"PAR1", _parquet,
        ("is a Parquet file", "Write it as CSV with pandas.read_parquet(...).to_csv(...)."),
    ),
    "hdf5": (
        b"\x89HDF\r\n\x1a\n", _hdf5,
        ("is an HDF5 file", "Write its table of samples as CSV, and give that."),
    ),
    "xdf": (
        b"XDF:", _xdf,
        ("is a recording of the Lab Streaming Layer",
         "Write its gaze stream as CSV, time_stamps and time_series of pyxdf.load_xdf, and give"
         " that with --gaze-format table."),
    ),
}  # fmt: skip
"""Containers: how a file begins, what reads it, what it is and the remedy."""

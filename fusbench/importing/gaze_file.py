"""What an eye tracker's file holds, whatever its format, in the file's own clock and space."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np

from fusbench.errors import DatasetError, FusbenchError, counted, unknown
from fusbench.importing.finding import NOTE, WARN, Finding
from fusbench.importing.presets import FORMATS
from fusbench.importing.recording import USUAL_FILLERS, GazeRecording, ReadOptions, without_fillers


def read_gaze(path: str | Path, form: str, options: ReadOptions | None = None) -> GazeRecording:
    """Read an eye tracker's file.

    Parameters
    ----------
    path : str or Path
    form : str
        A key of `FORMATS`.
    options : ReadOptions, optional

    Raises
    ------
    DatasetError
        If the file is missing, empty, damaged, of another kind, or its time runs backwards.
    ConfigError
        If the file leaves something open that `options` must say.
    UnknownName
        If there is no such format.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "gaze.csv")
    >>> _ = path.write_text("t,x,y\\n0,100,50\\n11,101,52\\n22,,\\n")
    >>> columns = {"time": "t", "time_unit": "ms", "x": "x", "y": "y", "space": "screen"}
    >>> gaze = read_gaze(path, "table", ReadOptions(mapping=columns))
    >>> gaze.time_ns.tolist(), gaze.x.tolist()
    ([0, 11000000, 22000000], [100.0, 101.0, nan])
    """
    if form not in FORMATS:
        raise unknown("gaze format", form, tuple(FORMATS))
    path, options = Path(path), options or ReadOptions()
    if not path.is_file():
        raise DatasetError("no gaze file is here", str(path), "Check the path.")
    if not path.stat().st_size:
        raise DatasetError("the gaze file is empty", str(path), "Export it again.")
    _refuse_binary(path)
    try:
        return _cleaned(_read(path, form, options), path, options)
    except FusbenchError as error:
        error.where = error.where or str(path)
        raise


def _read(path: Path, form: str, options: ReadOptions) -> GazeRecording:
    module, _, name = FORMATS[form].reader.partition(":")
    recording: GazeRecording = getattr(import_module(module), name)(path, form, options)
    return recording


NOT_READ = (
    (".edf", b"SR_RESEARCH", "is an EyeLink recording in its binary form",
     "Run edf2asc on it, and give the .asc file with --gaze-format eyelink-asc."),
    ("", b"PK\x03\x04", "is a spreadsheet or an archive, not a text file",
     "Export the gaze as TSV or CSV."),
    ("", b"\xd0\xcf\x11\xe0", "is a spreadsheet or an archive, not a text file",
     "Export the gaze as TSV or CSV."),
    (".mat", b"MATLAB", "is a MATLAB file",
     "Write its gaze with writetable(...) as CSV, and give that with --gaze-format table."),
    (".idf", b"\0IDF", "is an SMI recording in its binary form",
     "Convert it with SMI's IDF Converter, and give the text with --gaze-format smi."),
    (".npz", b"\x93NUMPY", "is a NumPy file", "Write it as CSV with a header line."),
    (".pldata", b"\x93\xa5topic", "is a recording of Pupil Core in its binary form",
     "Export it with Pupil Player, and give gaze_positions_on_surface_*.csv."),
    (".pkl", b"\x80\x04\x95", "is a Python pickle, which is never read",
     "Write its table as CSV with to_csv(...)."),
    ("", b"SQLite format 3", "is a data base", "Export its table of gaze as CSV."),
    (".html", b"<!DOCTYPE", "is a web page", "Export the gaze as TSV or CSV."),
    (".jsonl", b"{", "is JSON", "Write its samples as CSV, a row each, with a header line."),
    (".json", b"[{", "is JSON", "Write its samples as CSV, a row each, with a header line."),
)  # fmt: skip
"""Files that are no text: the end of their name or their first bytes, what they are, the remedy."""


def _refuse_binary(path: Path) -> None:
    with path.open("rb") as stream:
        start = stream.read(16)
    for ending, mark, what, fix in NOT_READ:
        if start.startswith(mark) or (ending and path.suffix.lower() == ending):
            raise DatasetError(what, str(path), fix)


def _cleaned(recording: GazeRecording, path: Path, options: ReadOptions) -> GazeRecording:
    """Time in order and without repetition; fillers taken as lost."""
    if not len(recording):
        raise DatasetError("holds no gaze sample", str(path), "Export it again, with gaze data.")
    step = np.diff(recording.time_ns)
    back = step < 0
    if back.any() and not options.sort_time:
        at = int(np.argmax(back)) + 1
        many = f", and {counted(back.sum() - 1, 'time')} more" if back.sum() > 1 else ""
        what = f"the time runs backwards at sample {at}, by {-step[at - 1] / 1e6:g} ms{many}"
        fix = "Export one recording a file and check the clock, or order it with --sort-time."
        raise DatasetError(what, str(path), fix)
    order = np.lexsort((~recording.valid, recording.time_ns))  # of one time, a valid sample first
    first = np.concatenate([[True], np.diff(recording.time_ns[order]) > 0])
    x, y = recording.x[order][first], recording.y[order][first]
    fillers = int(((x == y) & np.isin(x, USUAL_FILLERS)).sum())
    x, y, at_any = without_fillers(x, y)
    remarks = recording.remarks
    if back.any():
        text = f"the time stepped back {counted(back.sum(), 'time')}: the samples were put in order"
        remarks = (*remarks, Finding(WARN, text))
    if at_any > fillers:
        where = "at a filler such as -9999,-9999"
        one, many = f"{where} counts as lost", f"{where} count as lost"
        text = counted(at_any - fillers, "sample", one, many)
        remarks = (*remarks, Finding(NOTE, text))
    return replace(
        recording,
        time_ns=recording.time_ns[order][first],
        x=x,
        y=y,
        duplicates=int((~first).sum()),
        fillers=fillers,
        remarks=remarks,
    )

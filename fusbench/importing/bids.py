"""BIDS eye tracking: a compressed table without header, described by JSON files beside it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from fusbench.errors import DatasetError
from fusbench.footage.clock import SPELLINGS, UNITS, plain, whole_nanoseconds
from fusbench.importing.mapping import mapping_of
from fusbench.importing.recording import GazeRecording, ReadOptions
from fusbench.importing.table import read_rows
from fusbench.reading import unzipped

LENGTHS = {"pixel": "screen", "pixels": "screen", "px": "screen", "degree": "degrees"}
LENGTHS |= {"degrees": "degrees", "deg": "degrees", "normalized": "normalised"}
ORIGINS = {("top", "left"): "top-left", ("bottom", "left"): "bottom-left"}
ORIGINS |= {("center", "center"): "centre"}
LARGEST_UNPACKED = 1 << 31  # bytes
TIMES = SPELLINGS | {"second": "s", "millisecond": "ms", "milliseconds": "ms"}


def read_bids(path: Path, options: ReadOptions) -> GazeRecording:
    """Read a ``*_physio.tsv.gz`` (or the older ``*_eyetrack.tsv.gz``) with its JSON files."""
    sidecar = _inherited(path, path.name.removesuffix(".tsv.gz").removesuffix(".tsv"))
    where = f"{path} (its JSON)"
    for key in ("Columns", "SamplingFrequency"):
        if key not in sidecar:
            fix = "BIDS wants it in the .json of the same name, or in one further up."
            raise DatasetError(f"{key} is missing", where, fix)
    kind = sidecar.get("PhysioType", "eyetrack")
    if kind != "eyetrack":
        raise DatasetError(f"PhysioType is {kind}", where, "Give the file of the eye tracker.")
    system = sidecar.get("SampleCoordinateSystem", "gaze-on-screen")
    if system not in ("gaze-on-screen", "custom"):
        fix = "Only gaze on the screen can be placed on the video."
        raise DatasetError(f"the coordinates are {system}, not on the screen", where, fix)
    names = [plain(str(name)) for name in sidecar["Columns"]]
    rate = Fraction(str(sidecar["SamplingFrequency"]))
    screen, origin = _screen(path)
    clock = next((name for name in ("timestamp", "time") if name in names), "")
    text = _text(path)
    form, declared = "table", _declared(sidecar, names, clock, origin)
    if "left_gaze_point_on_display_area_x" in names:
        form, declared = "tobii-4c", {}
    elif not clock:
        start = Fraction(str(sidecar.get("StartTime", 0)))
        lines = text.splitlines()
        times = (str(whole_nanoseconds(start + Fraction(n) / rate)) for n in range(len(lines)))
        text = "\n".join(f"{line}\t{time}" for line, time in zip(lines, times, strict=True))
        names.append("sample [ns]")
    mapping = mapping_of(form, {**declared, **options.mapping})
    found = read_rows(io.StringIO(text), path, mapping, options, names)
    return _completed(found, screen, float(rate), sidecar.get("RecordedEye"))


def _completed(
    found: GazeRecording, screen: tuple[float, float] | None, rate_hz: float, eye: Any
) -> GazeRecording:
    from dataclasses import replace

    eyes = f"{eye} eye, as the file says" if eye in ("left", "right") else found.eyes
    return replace(found, screen=screen or found.screen, rate_hz=rate_hz, eyes=eyes)


def _declared(sidecar: dict[str, Any], names: list[str], clock: str, origin: str) -> dict[str, Any]:
    def units(name: str) -> str:
        described = sidecar.get(name)
        return str(described.get("Units", "")) if isinstance(described, dict) else ""

    x = next((name for name in ("x_coordinate", "x") if name in names), "x_coordinate")
    y = next((name for name in ("y_coordinate", "y") if name in names), "y_coordinate")
    unit = TIMES.get(units(clock), units(clock)) if clock else ""
    return {
        "time": clock or "sample [ns]",
        "time_unit": unit if unit in UNITS else "",
        "x": x,
        "y": y,
        "space": (LENGTHS.get(units(x).lower(), "screen"),),
        "origin": origin,
    }


def _text(path: Path) -> str:
    raw = path.read_bytes()
    fix = "Copy the file again from its source."
    if path.suffix == ".gz":
        raw = unzipped(raw, LARGEST_UNPACKED, path, DatasetError, fix)
    if not raw.strip():
        raise DatasetError("the gaze file is empty", str(path), fix)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DatasetError("is no UTF-8 text", str(path), "BIDS wants UTF-8.") from None


def _screen(path: Path) -> tuple[tuple[float, float] | None, str]:
    """Size of the screen and origin of its coordinates, from the events' JSON."""
    entities = [part for part in path.name.split("_")[:-1] if not part.startswith("recording-")]
    shown = _inherited(path, "_".join([*entities, "events"])).get("StimulusPresentation", {})
    size = shown.get("ScreenResolution")
    origin = tuple(shown.get("ScreenOrigin", ("top", "left")))
    if origin not in ORIGINS:
        fix = "Known are top left, bottom left and center center."
        raise DatasetError(f"ScreenOrigin {list(origin)} is unknown", str(path), fix)
    if not (isinstance(size, list) and len(size) == 2):
        return None, ORIGINS[origin]
    return (float(size[0]), float(size[1])), ORIGINS[origin]


def _inherited(path: Path, stem: str) -> dict[str, Any]:
    """Keys of all JSON files that describe a file of this stem; nearer ones win."""
    content: dict[str, Any] = {}
    for folder in reversed(list(_folders(path.parent))):
        files = [f for f in folder.glob("*.json") if _describes(f.stem, stem)]
        for file in sorted(files, key=lambda f: len(f.stem)):
            try:
                found = json.loads(file.read_text(encoding="utf-8-sig"))
            except ValueError as error:
                fix = "Correct it."
                raise DatasetError(f"is no valid JSON: {error}", str(file), fix) from None
            content |= found if isinstance(found, dict) else {}
    return content


def _folders(folder: Path) -> Iterator[Path]:
    """The file's folder and those above it, up to the data set's own."""
    folder = folder.resolve()
    for depth, candidate in enumerate((folder, *folder.parents)):
        yield candidate
        if (candidate / "dataset_description.json").exists() or depth == 4:
            return


def _describes(name: str, stem: str) -> bool:
    """Whether all entities of a JSON file's name are the data file's, and their suffix is one."""
    *entities, suffix = name.split("_")
    *own, own_suffix = stem.split("_")
    return suffix == own_suffix and set(entities) <= set(own)

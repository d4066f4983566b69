"""BIDS eye tracking: a compressed table without header, described by JSON files beside it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from fusbench.errors import ConfigError, DatasetError
from fusbench.footage.clock import SPELLINGS, UNITS, plain, whole_nanoseconds
from fusbench.importing.cells import FILLERS
from fusbench.importing.mapping import mapping_of
from fusbench.importing.recording import GazeRecording, ReadOptions
from fusbench.importing.table import read_rows
from fusbench.numerals import fraction
from fusbench.reading import unzipped

LENGTHS = {"pixel": "screen", "pixels": "screen", "px": "screen", "degree": "degrees"}
LENGTHS |= {"degrees": "degrees", "deg": "degrees", "normalized": "normalised"}
LENGTHS |= {"visual angle": "degrees", "normalised": "normalised"}
ORIGINS = {("top", "left"): "top-left", ("bottom", "left"): "bottom-left"}
ORIGINS |= {("center", "center"): "centre"}
LARGEST_UNPACKED = 1 << 31  # bytes
TIMES = SPELLINGS | {"second": "s", "millisecond": "ms", "milliseconds": "ms"}


def read_bids(path: Path, _form: str, options: ReadOptions) -> GazeRecording:
    """Read a ``*_physio.tsv.gz`` (or the older ``*_eyetrack.tsv.gz``) with its JSON files."""
    sidecar = _inherited(path, path.name.removesuffix(".tsv.gz").removesuffix(".tsv"))
    where = f"{path} (its JSON)"
    fix = "BIDS wants it in the .json of the same name, or in one further up."
    listed = sidecar.get("Columns")
    if not isinstance(listed, list) or not listed:
        raise DatasetError("Columns is missing, or no list", where, fix)
    kind = _word(sidecar, "PhysioType") or "eyetrack"
    if kind != "eyetrack":
        raise DatasetError(f"PhysioType is {kind}", where, "Give the file of the eye tracker.")
    system = _word(sidecar, "SampleCoordinateSystem") or "gaze-on-screen"
    if system not in ("gaze-on-screen", "custom"):
        only = "Only gaze on the screen can be placed on the video."
        raise DatasetError(f"the coordinates are {system}, not on the screen", where, only)
    names = [plain(str(name)) for name in listed]
    rate, start = _number(sidecar, "SamplingFrequency"), _number(sidecar, "StartTime")
    rate = rate if rate is not None and 0 < rate < 10**6 else None
    screen, origin = _screen(path)
    clock = next((name for name in ("timestamp", "time") if name in names), "")
    if not clock and "system_time_stamp" not in names and rate is None:
        raise DatasetError("SamplingFrequency is missing, or no number", where, fix)
    if not clock and "system_time_stamp" not in names and start is None:
        what = "StartTime is missing, or no number, and no column holds times"
        zero = "Write it there, in seconds; 0 if --video-start counts from the first sample."
        raise DatasetError(what, where, zero)
    text = _text(path)
    said = bool(options.space or "space" in options.mapping)
    form, declared = "table", _declared(sidecar, names, clock, origin, said, where)
    if "left_gaze_point_on_display_area_x" in names:
        form, declared = "tobii-4c", {}
    elif not clock:
        assert rate is not None
        assert start is not None
        lines = [line for line in text.splitlines() if line.strip()]
        times = (str(whole_nanoseconds(start + Fraction(n) / rate)) for n in range(len(lines)))
        text = "\n".join(f"{line}\t{time}" for line, time in zip(lines, times, strict=True))
        names.append("sample [ns]")
    mapping = mapping_of(form, {**declared, **options.mapping})
    found = read_rows(io.StringIO(text), path, mapping, options, names)
    eye = _word(sidecar, "RecordedEye")
    zero_ns = 0
    if clock and len(found):  # onsets of events.tsv count from the run's start, as StartTime does
        zero_ns = int(found.time_ns[0]) - whole_nanoseconds(start or Fraction(0))
    return replace(
        found,
        screen=screen or found.screen,
        zero_ns=zero_ns,
        rate_hz=float(rate) if rate is not None else None,
        eyes=f"{eye} eye, as the file says" if eye in ("left", "right") else found.eyes,
    )


def _word(content: dict[str, Any], key: str) -> str:
    """A text of a JSON file in lower case; "" where it is missing, n/a or of another type."""
    value = content.get(key)
    word = value.strip().lower() if isinstance(value, str) else ""
    return "" if word in FILLERS else word


def _number(content: dict[str, Any], key: str) -> Fraction | None:
    """A number of a JSON file, written as one or as text; None where there is none."""
    value = content.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return fraction(str(value).replace(",", "."))
    except ValueError:
        return None


def _space(units: set[str], where: str) -> str:
    """What coordinates of some units are; BIDS' usual pixels where none is told."""
    spaces = {LENGTHS.get(unit, "") for unit in units or {"pixel"}}
    if len(spaces) > 1 or "" in spaces:
        listed = " and ".join(f"'{unit[:40]}'" for unit in sorted(units))
        fix = "Say what they are with --space, such as screen for pixels of the screen."
        raise ConfigError(f"the coordinates' Units are {listed}", where, fix)
    return spaces.pop()


def _declared(
    sidecar: dict[str, Any], names: list[str], clock: str, origin: str, said: bool, where: str
) -> dict[str, Any]:
    def units(name: str) -> str:
        described = sidecar.get(name)
        found = _word(described, "Units") if isinstance(described, dict) else ""
        return plain(found)

    x = next((name for name in ("x_coordinate", "x") if name in names), "x_coordinate")
    y = next((name for name in ("y_coordinate", "y") if name in names), "y_coordinate")
    unit = TIMES.get(units(clock), units(clock)) if clock else ""
    return {
        "time": clock or "sample [ns]",
        "time_unit": unit if unit in UNITS else "",
        "x": x,
        "y": y,
        "space": ("screen" if said else _space({units(x), units(y)} - {""}, where),),
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
    shown = _inherited(path, "_".join([*entities, "events"])).get("StimulusPresentation")
    shown = shown if isinstance(shown, dict) else {}
    words = shown.get("ScreenOrigin")
    origin = tuple(str(word).lower() for word in words) if isinstance(words, list) else ()
    origin = ("top", "left") if set(origin) <= FILLERS else origin
    if origin not in ORIGINS:
        fix = "Known are top left, bottom left and center center."
        raise DatasetError(f"ScreenOrigin {list(origin)} is unknown", str(path), fix)
    size = shown.get("ScreenResolution")
    sides = [_number({"side": side}, "side") for side in size] if isinstance(size, list) else []
    if len(sides) != 2 or not all(side is not None and 0 < side < 10**6 for side in sides):
        return None, ORIGINS[origin]
    return (float(sides[0] or 0), float(sides[1] or 0)), ORIGINS[origin]


def _inherited(path: Path, stem: str) -> dict[str, Any]:
    """Keys of all JSON files that describe a file of this stem; nearer ones win."""
    content: dict[str, Any] = {}
    for folder in reversed(list(_folders(path.parent))):
        files = [f for f in folder.glob("*.json") if _describes(f.stem, stem)]
        for file in sorted(files, key=lambda f: len(f.stem)):
            try:
                found = json.loads(file.read_text(encoding="utf-8-sig"))
            except (ValueError, RecursionError) as error:
                what = f"is no valid JSON: {str(error)[:80]}"
                raise DatasetError(what, str(file), "Correct it.") from None
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

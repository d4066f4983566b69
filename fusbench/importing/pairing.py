"""A recording to import: a video, the gaze on it, and how the two belong together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from fusbench.data.folder import IDENTIFIER
from fusbench.data.scan import SPLITS
from fusbench.errors import ConfigError, unknown
from fusbench.footage.box import Box, parse_box
from fusbench.footage.clock import parse_time
from fusbench.footage.crop import parse_crop
from fusbench.importing.finding import KINDS, Finding
from fusbench.importing.geometry import parse_size
from fusbench.importing.recording import ReadOptions
from fusbench.numerals import fraction, is_whole, number


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """A video and the gaze recorded on it.

    Parameters
    ----------
    scan : str
        Id of the examination; the only name that enters the data set.
    video : Path
        A video file, a DICOM file, or a folder of pictures.
    gaze : Path
        The eye tracker's file.
    gaze_format : str
        A key of `fusbench.importing.gaze_file.FORMATS`.
    options : ReadOptions
        How to read the gaze file.
    split : str
        "train", "val" or "test"; of a scan that is there already, its own.
    video_start_ns : int, optional
        Time of the first frame in the gaze file's clock.
    video_start_event : str, optional
        Regular expression; the first event that it fits tells that time.
    screen : (float, float), optional
        Width and height of the screen in pixels, where the gaze file does not tell.
    display_rect : Box or {"fit", "full"}, optional
        Where on the screen the video was shown: a rectangle, the largest one of the video's shape,
        or the whole screen. Not needed where the video is as large as the screen.
    screen_mm, distance_mm : optional
        For gaze in degrees.
    crop : Box or "region", optional
        What of the picture is kept; "region" is the image that a DICOM file declares, "region-2"
        the second one.
    crop_file : Path, optional
        In place of it a table of times of the video and rectangles, each from its time on.
    no_banner : bool
        True says that the whole picture shows no identity and may be kept.
    frame_rate_hz : Fraction, optional
        Of sources without times.
    blink_margin_ns : int
        Samples this near to a blink that the file marks are taken as lost.
    observer : str
        Who watched, where several people watched the same video.
    video_end_ns, video_end_event : optional
        The same for the moment at which the video's last frame leaves the screen.
    event_number : int, optional
        Which of the events that `video_start_event` fits, from 1.
    anchors : Path, optional
        A table of pairs: a time of the video, the same moment in the gaze file's clock.
    frame_event : str, optional
        Regular expression whose group is a frame's number, of events at each frame's showing.
    first_frame : {"", "0", "1"}
        Number of the first frame, where frames are counted.
    events : Path, optional
        A file of events beside the gaze file.
    from_ns, to_ns : int, optional
        The part of the video that is taken in.
    row : str
        Where a manifest describes it.
    remarks : tuple of Finding
        What was decided for it.
    accept : tuple of str
        Kinds of findings, keys of `fusbench.importing.finding.KINDS`, that do not refuse it.

    Examples
    --------
    >>> Pairing(
    ...     scan="s1", video=Path("s1.mp4"), gaze=Path("s1.tsv"), gaze_format="tobii-pro",
    ...     video_start_event="VideoStart", no_banner=True).split
    'train'
    """

    scan: str
    video: Path
    gaze: Path
    gaze_format: str
    options: ReadOptions = field(default_factory=ReadOptions)
    split: str = "train"
    video_start_ns: int | None = None
    video_start_event: str | None = None
    screen: tuple[float, float] | None = None
    display_rect: Box | str | None = None
    screen_mm: tuple[float, float] | None = None
    distance_mm: float | None = None
    crop: Box | str | None = None
    crop_file: Path | None = None
    no_banner: bool = False
    frame_rate_hz: Fraction | None = None
    blink_margin_ns: int = 0
    observer: str = ""
    video_end_ns: int | None = None
    video_end_event: str | None = None
    event_number: int | None = None
    anchors: Path | None = None
    frame_event: str | None = None
    first_frame: str = ""
    events: Path | None = None
    from_ns: int | None = None
    to_ns: int | None = None
    row: str = ""
    remarks: tuple[Finding, ...] = ()
    accept: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not IDENTIFIER.fullmatch(self.scan):
            fix = "Use letters, digits, '.', '_' and '-'."
            raise ConfigError(f"the scan '{self.scan}' is no identifier", fix=fix)
        if self.observer and not IDENTIFIER.fullmatch(self.observer):
            fix = "Use letters, digits, '.', '_' and '-'."
            raise ConfigError(f"the observer '{self.observer}' is no identifier", fix=fix)
        if self.split not in SPLITS:
            raise unknown("split", self.split, SPLITS)
        for kind in self.accept:
            if kind not in KINDS:
                raise unknown("finding to accept", kind, tuple(KINDS))
        time, box = "Give the time or the event.", "Give the rectangle or the file."
        for one, other, what, fix in (
            (self.video_start_ns, self.video_start_event, "the video starts twice", time),
            (self.video_end_ns, self.video_end_event, "the video ends twice", time),
            (self.crop, self.crop_file, "the crop is given twice", box),
        ):
            if one is not None and other is not None:
                raise ConfigError(what, f"scan '{self.scan}'", fix)
        if self.crop is None and self.crop_file is None and not self.no_banner:
            raise ConfigError(
                "nothing says whether the picture shows a name",
                f"scan '{self.scan}'",
                "Give --crop X,Y,W,H to keep the image alone, or --no-banner if none is burnt in.",
            )


def _word(*words: str) -> Callable[[str], Box | str]:
    def parse(text: str) -> Box | str:
        return text if text in words else parse_box(text, " or ".join(words) + " or rectangle")

    return parse


def _kinds(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\s,;]+", text))


def _count(text: str) -> int:
    if not is_whole(text) or not 0 < int(text) < 10**6:
        raise ConfigError(f"'{text}' is no number of an event", fix="Give 1 for the first.")
    return int(text)


def _zero_or_one(text: str) -> str:
    if text not in ("0", "1"):
        raise ConfigError(f"the first frame is '{text}'", fix="Give 0 or 1.")
    return text


def _rate(text: str) -> Fraction:
    try:
        rate = fraction(text)
    except ValueError:
        rate = Fraction(0)
    if not 0 < rate <= 10_000:
        raise ConfigError(f"the frame rate '{text}' is none", fix="Give 30, 29.97 or 30000/1001.")
    return rate


def _distance(text: str) -> float:
    try:
        distance = number(text)
    except ValueError:
        distance = 0.0
    if not 0 < distance < 1e5:
        raise ConfigError(f"the distance '{text}' is none", fix="Give millimetres, such as 600.")
    return distance


def _flag(text: str) -> bool:
    if text.lower() not in ("", "0", "1", "true", "false", "yes", "no"):
        raise ConfigError(f"'{text}' is neither yes nor no", fix="Write yes or no.")
    return text.lower() in ("1", "true", "yes")


PARSERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "scan": ("scan", str),
    "gaze_format": ("gaze_format", str),
    "split": ("split", str),
    "video_start": ("video_start_ns", parse_time),
    "video_start_event": ("video_start_event", str),
    "screen_size": ("screen", lambda text: parse_size(text, "the screen's size")),
    "display_rect": ("display_rect", _word("fit", "full")),
    "screen_mm": ("screen_mm", lambda text: parse_size(text, "the screen's size")),
    "distance_mm": ("distance_mm", _distance),
    "crop": ("crop", parse_crop),
    "no_banner": ("no_banner", _flag),
    "frame_rate": ("frame_rate_hz", _rate),
    "blink_margin": ("blink_margin_ns", lambda text: parse_time(text, "ms")),
    "observer": ("observer", str),
    "video_end": ("video_end_ns", parse_time),
    "video_end_event": ("video_end_event", str),
    "event_number": ("event_number", _count),
    "frame_event": ("frame_event", str),
    "first_frame": ("first_frame", _zero_or_one),
    "from": ("from_ns", parse_time),
    "to": ("to_ns", parse_time),
    "accept": ("accept", _kinds),
}
READ_OPTIONS = ("time_unit", "space", "origin", "eye", "encoding", "recording", "participant")
PATHS = ("video", "gaze", "mapping", "anchors", "events", "crop_file")
COLUMNS = (*PARSERS, *READ_OPTIONS, "sort_time", *PATHS)
REQUIRED = ("scan", "video", "gaze", "gaze_format")


def pairing_of(
    texts: Mapping[str, str], folder: Path = Path(), changes: Mapping[str, str] | None = None
) -> Pairing:
    """A pairing from texts, keyed like the command's options.

    Parameters
    ----------
    texts : mapping of str to str
        Empty texts are left out.
    folder : Path
        What relative paths start from.
    changes : mapping, optional
        Keys of a table's mapping, laid over the file's.

    Raises
    ------
    ConfigError, UnknownName
    """
    from fusbench.importing.mapping import read_mapping

    given = {key.replace("-", "_"): text.strip() for key, text in texts.items() if text.strip()}
    for key in REQUIRED:
        if key not in given:
            option = key.replace("_", "-")
            raise ConfigError(f"the {option} is missing", fix=f"Give --{option}, or its column.")
    values = {name: parse(given[key]) for key, (name, parse) in PARSERS.items() if key in given}
    mapping = read_mapping(folder / given["mapping"]) if "mapping" in given else {}
    reading: dict[str, Any] = {key: given[key] for key in READ_OPTIONS if key in given}
    reading["sort_time"] = _flag(given.get("sort_time", ""))
    options = ReadOptions(**reading, mapping={**mapping, **(changes or {})})
    video, gaze = folder / given["video"], folder / given["gaze"]
    for key in ("anchors", "events", "crop_file"):
        values[key] = folder / given[key] if key in given else None
    return Pairing(**values, video=video, gaze=gaze, options=options)

"""Imports of the known recording with something changed about it."""

import numpy as np

from fusbench.importing.pairing import pairing_of
from fusbench.importing.study import import_recordings
from support import recordings

BASE = {
    "scan": "S01", "crop": "40,30,240,180", "screen_size": "1920,1080", "display_rect": "fit",
    "gaze_format": "tobii-pro", "video_start_event": "VideoStimulusStart",
}  # fmt: skip


def line(error):
    """The text of an error, which is one line."""
    text = str(error.value)
    assert "\n" not in text
    return text


def imported(folder, video, gaze, accept="", changes=None, **options):
    """What an import of one recording says of its quality; an option of None is left out."""
    texts = {**BASE, "video": str(video), "gaze": str(gaze), **options}
    texts = {key: value for key, value in texts.items() if value is not None}
    one = pairing_of({**texts, "accept": accept}, changes=changes)
    return import_recordings(folder / "out", [one])[0]


def rows(folder, times_ms, x, y, name="log.csv"):
    """A table of gaze as the mapping COLUMNS reads it."""
    file = folder / name
    table = "".join(f"{t},{a},{b}\n" for t, a, b in zip(times_ms, x, y, strict=True))
    file.write_text("t [ms],x,y\n" + table)
    return file


COLUMNS = {"time": "t [ms]", "x": "x", "y": "y", "space": "screen"}
TABLE = {"gaze_format": "table", "video_start_event": None, "video_start": "0"}


def known_rows(folder, **changes):
    """The known gaze without its lost samples, as such a table."""
    time_us, x, y = recordings.samples()
    keep = np.isfinite(x)
    values = {"times_ms": time_us[keep] / 1000, "x": x[keep], "y": y[keep]} | changes
    return rows(folder, **values)

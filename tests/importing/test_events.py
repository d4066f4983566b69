"""Events as other programs write them: where a video starts and ends."""

import numpy as np
import pytest
from support.gaze_texts import MS, SILENT, pairing

from fusbench.errors import ConfigError
from fusbench.importing.anchoring import Anchors, timeline_of
from fusbench.importing.events import ENDED, first_frame_number, partner, read_events
from fusbench.importing.finding import NOTE, WARN

EVENTS = {
    "utf-16": ("time [s]\tevent\n10\tvideo\n", "utf-16"),
    "decimal comma": ("time [s];event\n10,0;video\n", "utf-8"),
    "western": ("time [s];event\n10;video\n12;gr\u00f6\u00dfe\n", "cp1252"),
    "capitals": ("Time [s],Event\n10,video\n", "utf-8"),
    "comments": ("# of my program\n\ntime [ms],event\n10000,video\n", "utf-8"),
    "studio": ("RecordingTimestamp\tStudioEvent\tStudioEventData\n10000\tvideo\t\n", "utf-8"),
    "lab": ("Recording timestamp\tEvent\tEvent value\n10000\tvideo\t\n", "utf-8"),
    "microseconds": ("timestamp [us],event\n10000000,video\n", "utf-8"),
    "onset of a message": ("onset,message\n10,video\n", "utf-8"),
    "no time": ("time [s],event\nn/a,other\n10,video\n", "utf-8"),
}


@pytest.mark.parametrize("kind", EVENTS)
def test_events_of_other_programs_are_read(kind, tmp_path):
    text, encoding = EVENTS[kind]
    (tmp_path / "e.csv").write_text(text, encoding=encoding)
    found = read_events(tmp_path / "e.csv", SILENT, "ms")
    assert found[0] == (10_000 * MS, "video")


def test_events_without_a_unit_ask_for_it(tmp_path):
    (tmp_path / "e.tsv").write_text("Recording timestamp\tEvent\n10000\tvideo\n")
    with pytest.raises(ConfigError, match="--time-unit"):
        read_events(tmp_path / "e.tsv", SILENT)


def test_an_event_that_lasts_is_compared_with_the_video(tmp_path):
    (tmp_path / "e.tsv").write_text(
        "onset\tduration\ttrial_type\n10\t8.16\tscan 1\n20\tn/a\trest\n"
    )
    events = read_events(tmp_path / "e.tsv", SILENT)
    assert events == (
        (10_000 * MS, "scan 1"), (18_160 * MS, "scan 1" + ENDED), (20_000 * MS, "rest"),
    )  # fmt: skip
    anchors = Anchors(start_ns=10_000 * MS, events=events)
    frames = np.arange(200, dtype=np.int64) * 40 * MS
    _, remarks = timeline_of(anchors, pairing(), frames, 8_000 * MS)
    assert (
        "are 8.160 s apart, the video lasts 8.000 s: it was shown +2.00% longer" in remarks[0].text
    )


@pytest.mark.parametrize(
    ("shown_ms", "told"),
    [
        (8_000, []),
        (8_019, []),
        (
            8_040,
            [(NOTE, "8.040 s apart, the video lasts 8.000 s: gaze near its end may be 1.0 fr")],
        ),
        (
            7_930,
            [(NOTE, "7.930 s apart, the video lasts 8.000 s: gaze near its end may be 1.8 fr")],
        ),
        (8_081, [(WARN, "8.081 s apart, the video lasts 8.000 s: it was shown +1.01% longer")]),
    ],
)
def test_a_little_longer_or_shorter_than_the_video_is_told_as_well(shown_ms, told):
    anchors = Anchors(start_ns=0, events=((0, "video on"), (shown_ms * MS, "video off")))
    frames = np.arange(200, dtype=np.int64) * 40 * MS
    _, remarks = timeline_of(anchors, pairing(), frames, 8_000 * MS)
    assert [remark.level for remark in remarks] == [level for level, _ in told]
    assert all(text in remark.text for remark, (_, text) in zip(remarks, told, strict=True))


@pytest.mark.parametrize(
    ("start", "end", "pattern"),
    [
        ("stimulus on", "stimulus off", r"stimulus\\ off"),
        ("video_started", "video_stopped", "video_stopped"),
        ("VIDEO BEGIN", "VIDEO FINISHED", r"VIDEO\\ FINISHED"),
        ("play", "stop", "stop"),
        ("MovieStart a.avi", "MovieEnd a.avi", "MovieEnd"),
        ("Video 1 start", "Video 1 end", r"Video\\ 1\\ end"),
    ],
)
def test_an_end_is_found_by_its_start_and_named_so_that_it_fits_alone(start, end, pattern):
    events = ((0, start), (1_000 * MS, f"{start.split()[0]} 17"), (8_160 * MS, end))
    assert partner(events, 0) == (start, 8_160 * MS, end)
    anchors = Anchors(start_ns=0, events=events)
    frames = np.arange(200, dtype=np.int64) * 40 * MS
    _, (remark,) = timeline_of(anchors, pairing(), frames, 8_000 * MS)
    assert remark.text.endswith(f"--video-end-event '{pattern}'".replace(r"\\", "\\"))


@pytest.mark.parametrize(
    ("numbers", "first"),
    [((0, 3, 199), 0), ((1, 200), 1), ((-1, 1, 200), 1), ((-13, 212), 0), ((1, 199), None),
     ((0, 200), None), ((-13, 200), 0),
     ((1, 150), None), ((5, 150), None), ((-1, 1, 150), None)],
)  # fmt: skip
def test_frames_are_counted_from_what_their_numbers_allow_or_it_is_asked(numbers, first):
    if first is not None:
        assert first_frame_number(list(numbers), 200, "", "S1") == first
        return
    with pytest.raises(ConfigError, match="--first-frame"):
        first_frame_number(list(numbers), 200, "", "S1")
    assert first_frame_number(list(numbers), 200, "0", "S1") == 0

"""The formats of gaze files, one entry each: tables are described as data.

Names are candidates, tried in order. A rule is "COLUMN is A|B", or "COLUMN >= NUMBER".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class GazeFormat:
    """A program's files of gaze.

    Parameters
    ----------
    about : str
        What the files are, for a person.
    columns : dict
        What the columns of a table hold, as `fusbench.importing.mapping.Mapping` reads it.
    reader : str
        ``module:name`` of a function of the file's path, the format's name and `ReadOptions`.
    """

    about: str
    columns: dict[str, Any] = field(default_factory=dict)
    reader: str = "fusbench.importing.table:read_table"


FORMATS: dict[str, GazeFormat] = {
    "table": GazeFormat(about="any CSV or TSV file, described by --mapping or --map"),
    "tobii-pro": GazeFormat(
        about="Tobii Pro Lab or Studio export, TSV or CSV",
        columns={
            "time": (
                "Recording timestamp [μs]",
                "Recording timestamp [ms]",
                "Recording timestamp",
                "RecordingTimestamp",
            ),
            "x": (
                "Gaze point X [DACS px]",
                "Gaze point X",
                "GazePointX (ADCSpx)",
                "Gaze point X [MCS px]",
                "Gaze point X (MCSpx)",
                "GazePointX (MCSpx)",
                "Gaze point X [MCS norm]",
                "Gaze point X (MCSnorm)",
            ),
            "y": (
                "Gaze point Y [DACS px]",
                "Gaze point Y",
                "GazePointY (ADCSpx)",
                "Gaze point Y [MCS px]",
                "Gaze point Y (MCSpx)",
                "GazePointY (MCSpx)",
                "Gaze point Y [MCS norm]",
                "Gaze point Y (MCSnorm)",
            ),
            "space": (
                "screen", "screen", "screen", "pixel", "pixel", "pixel", "picture", "picture",
            ),
            "left_x": (
                "Gaze point left X [DACS px]", "Gaze point left X", "GazePointLeftX (ADCSpx)",
            ),
            "left_y": (
                "Gaze point left Y [DACS px]", "Gaze point left Y", "GazePointLeftY (ADCSpx)",
            ),
            "right_x": (
                "Gaze point right X [DACS px]", "Gaze point right X", "GazePointRightX (ADCSpx)",
            ),
            "right_y": (
                "Gaze point right Y [DACS px]", "Gaze point right Y", "GazePointRightY (ADCSpx)",
            ),
            "valid_left": (
                "Validity left is Valid|0|1", "ValidityLeft is Valid|0|1",
                "Validity left eye is Valid|0|1",
            ),
            "valid_right": (
                "Validity right is Valid|0|1", "ValidityRight is Valid|0|1",
                "Validity right eye is Valid|0|1",
            ),
            "other_time": (
                "Eyetracker timestamp*", "Eye tracker timestamp*", "EyeTrackerTimestamp",
            ),
            "keep": "Sensor is Eye Tracker|Eyetracker",
            "event": ("Event", "Event value", "StudioEvent", "StudioEventData"),
            "recording": ("Recording name", "RecordingName"),
            "participant": ("Participant name", "ParticipantName"),
            "screen_width": ("Recording resolution width [px]", "Recording resolution width"),
            "screen_height": ("Recording resolution height [px]", "Recording resolution height"),
            "eyes": "the mean of the valid eyes, as the tracker computed it",
        },
    ),
    "tobii-4c": GazeFormat(
        about="log of the Tobii SDK, as labs write it for the 4C",
        columns={
            "time": ("system_time_stamp",),
            "time_unit": "us",
            "other_time": ("device_time_stamp",),
            "left_x": (
                "left_gaze_point_on_display_area_x", "left_gaze_point_on_display_area[0]",
                "left_gaze_x",
            ),
            "left_y": (
                "left_gaze_point_on_display_area_y", "left_gaze_point_on_display_area[1]",
                "left_gaze_y",
            ),
            "right_x": (
                "right_gaze_point_on_display_area_x", "right_gaze_point_on_display_area[0]",
                "right_gaze_x",
            ),
            "right_y": (
                "right_gaze_point_on_display_area_y", "right_gaze_point_on_display_area[1]",
                "right_gaze_y",
            ),
            "space": ("normalised",),
            "valid_left": (
                "left_gaze_point_validity is 1|True", "left_gaze_point_valid is 1|True",
                "left_gaze_validity is 1|True",
            ),
            "valid_right": (
                "right_gaze_point_validity is 1|True", "right_gaze_point_valid is 1|True",
                "right_gaze_validity is 1|True",
            ),
        },
    ),
    "gazepoint": GazeFormat(
        about="Gazepoint all_gaze.csv",
        columns={
            "time": ("TIME", "TIME(*", "Time (in secs)"),
            "time_unit": "s",
            "x": ("BPOGX",),
            "y": ("BPOGY",),
            "space": ("normalised",),
            "valid": ("BPOGV is 1|1.0",),
            "event": ("USER",),
            "eyes": "the tracker's best point of gaze (BPOG), not its running fixation (FPOG)",
        },
    ),
    "smi": GazeFormat(
        about="SMI samples as text, as its IDF converter writes them",
        columns={
            "time": ("Time", "RecordingTime [ms]"),
            "time_unit": "us",
            "left_x": ("L POR X [px]", "Point of Regard Left X [px]"),
            "left_y": ("L POR Y [px]", "Point of Regard Left Y [px]"),
            "right_x": ("R POR X [px]", "Point of Regard Right X [px]"),
            "right_y": ("R POR Y [px]", "Point of Regard Right Y [px]"),
            "space": ("screen",),
            "keep": "Type is SMP",
        },
    ),
    "eyetribe": GazeFormat(
        about="EyeTribe or PyGaze log, TSV",
        columns={
            "time": ("time",),
            "time_unit": "ms",
            "x": ("avgx",),
            "y": ("avgy",),
            "space": ("screen",),
            "eyes": "the tracker's smoothed mean of both eyes (avgx, avgy)",
        },
    ),
    "iohub": GazeFormat(
        about="HDF5 store of PsychoPy's ioHub",
        columns={
            "time": ("time",),
            "time_unit": "s",
            "x": ("gaze_x",),
            "y": ("gaze_y",),
            "left_x": ("left_gaze_x",),
            "left_y": ("left_gaze_y",),
            "right_x": ("right_gaze_x",),
            "right_y": ("right_gaze_y",),
            "valid_left": ("status is 0|2",),
            "valid_right": ("status is 0|20",),
            "recording": ("session_id",),
        },
    ),
    "lsl": GazeFormat(
        about="XDF of the Lab Streaming Layer's recorder; --map names its channels",
        columns={
            "time": ("time_stamps",),
            "time_unit": "s",
        },
    ),
    "pupil-surface": GazeFormat(
        about="Pupil Core, gaze_positions_on_surface_*.csv",
        columns={
            "time": ("gaze_timestamp",),
            "time_unit": "s",
            "x": ("x_norm",),
            "y": ("y_norm",),
            "space": ("normalised",),
            "origin": "bottom-left",
            "valid": ("on_surf is True|true|1", "confidence >= 0.6"),
            "eyes": "as Pupil Capture combined them; confidence of 0.6 or more",
        },
    ),
    "neon-surface": GazeFormat(
        about="Pupil Cloud marker mapper, gaze.csv",
        columns={
            "time": ("timestamp [ns]",),
            "x": ("gaze position on surface x [normalized]",),
            "y": ("gaze position on surface y [normalized]",),
            "space": ("normalised",),
            "valid": ("gaze detected on surface is True|true|1", "blink id is "),
            "recording": ("recording id",),
            "eyes": "as Pupil Cloud combined them; samples within its blinks are lost",
        },
    ),
    "eyelink-asc": GazeFormat(
        about="SR Research EyeLink, converted by edf2asc",
        reader="fusbench.importing.eyelink:read_asc",
    ),
    "bids": GazeFormat(
        about="BIDS eye tracking, *_physio.tsv.gz with its JSON",
        reader="fusbench.importing.bids:read_bids",
    ),
}  # fmt: skip

UNITS_OF = {"RecordingTimestamp": "ms", "EyeTrackerTimestamp": "us"}
"""Columns whose program documents a unit that the name does not hold: Tobii Studio's."""

SCENE = (
    "Map the gaze onto the screen first (Pupil: surface tracker or marker mapper), and give that."
)
SAMPLES = "Export the gaze samples: a list of fixations has lost where the eye was in between."
REFUSED: tuple[tuple[tuple[str, ...], tuple[str, ...], str, str], ...] = (
    (
        ("start_timestamp", "duration", "norm_pos_x"), (),
        "is a list of fixations, not of gaze samples", SAMPLES,
    ),
    (
        ("norm_pos_x", "norm_pos_y"), ("x_norm",),
        "holds gaze in the scene camera's picture, not on the screen", SCENE,
    ),
    (
        ("gaze x [px]", "gaze y [px]"), (),
        "holds gaze in the scene camera's picture, not on the screen", SCENE,
    ),
    (("fixation x [px]",), (), "is a list of fixations, not of gaze samples", SAMPLES),
    (
        ("fixation x [normalized]",), (),
        "is a list of fixations, not of gaze samples", SAMPLES,
    ),
    (("CURRENT_FIX_X",), (), "is a list of fixations, not of gaze samples", SAMPLES),
    (("FPOGX",), ("BPOGX",), "is a list of fixations, not of gaze samples", SAMPLES),
    (
        ("Fixation point X",), ("Gaze point X",),
        "is a list of fixations, not of gaze samples", SAMPLES,
    ),
)  # fmt: skip
"""Columns that show another kind of file, columns that clear it of that, what it is, the remedy."""

"""Headers of BIDS, DICOM and EyeLink with fields of any kind: a right result or one clear line."""

import json
import os
import warnings
from fractions import Fraction

import numpy as np
import pytest
from support import recordings
from support.parts import PART, PARTS

from fusbench.cli.ending import line_of
from fusbench.errors import FusbenchError
from fusbench.footage.open import open_footage
from fusbench.importing.gaze_file import read_gaze

pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as some

EXAMPLES = max(10, int(os.environ.get("FUSBENCH_FUZZ", "300")) // 10 // PARTS)
FUZZED = settings(
    max_examples=EXAMPLES, deadline=20_000, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
NUMBERS = some.one_of(
    some.integers(-(10**30), 10**30), some.floats(), some.sampled_from(["33,3", "n/a", "1e999980"])
)
WORDS = some.one_of(
    some.text(max_size=30),
    some.sampled_from(["", "pixel", "degrees", "top", "eyetrack", "left", "NaN", "9" * 500]),
)
LEAVES = some.one_of(some.none(), some.booleans(), NUMBERS, WORDS)
VALUES = some.recursive(
    LEAVES,
    lambda inner: some.one_of(
        some.lists(inner, max_size=4), some.dictionaries(WORDS, inner, max_size=3)
    ),
    max_leaves=12,
)


def sound(read):
    """What was read; None where it was refused in one line."""
    try:
        return read()
    except FusbenchError as error:
        line = line_of(error)
        assert line
        assert "\n" not in line
        assert len(line) < 1000
        return None


def ordered(gaze):
    """Whether a recording that was read is one: times rise, and each has a position."""
    return (np.diff(gaze.time_ns) > 0).all() and len(gaze.x) == len(gaze.y) == len(gaze.time_ns)


BIDS = (
    "SamplingFrequency", "StartTime", "Columns", "PhysioType", "RecordedEye",
    "SampleCoordinateSystem", "x_coordinate", "y_coordinate", "timestamp",
)  # fmt: skip
SCREEN = ("ScreenResolution", "ScreenOrigin", "ScreenSize", "ScreenDistance")


@pytest.mark.parametrize("clock", [True, False])
def test_sidecars_of_bids(clock, tmp_path):
    file = recordings.bids(tmp_path, clock=clock)
    sidecar, events = (tmp_path / f"task-scan_{kind}.json" for kind in ("physio", "events"))
    told, shown = json.loads(sidecar.read_text()), json.loads(events.read_text())
    assert ordered(read_gaze(file, "bids"))

    @FUZZED
    @seed(PART)
    @given(
        some.dictionaries(some.sampled_from(BIDS), VALUES, max_size=3),
        some.dictionaries(some.sampled_from(SCREEN), VALUES, max_size=2),
        some.one_of(some.none(), VALUES),
    )
    def read(fields, screen, whole):
        sidecar.write_text(json.dumps({**told, **fields}))
        place = {**shown["StimulusPresentation"], **screen} if whole is None else whole
        events.write_text(json.dumps({"StimulusPresentation": place}))
        found = sound(lambda: read_gaze(file, "bids"))
        assert found is None or ordered(found)

    read()


EYELINK = some.one_of(
    some.builds(
        "{}\t{}\t{}".format,
        some.sampled_from(["MSG", "START", "END", "SAMPLES", "EBLINK R", "INPUT", "BUTTON", "1"]),
        some.one_of(NUMBERS, WORDS),
        some.one_of(
            WORDS,
            some.builds("DISPLAY_COORDS {} {} {} {}".format, *[NUMBERS] * 4),
            some.builds("LEFT\tRIGHT\tRATE\t{}".format, NUMBERS),
            some.builds("GAZE\tLEFT\tRATE\t{}".format, NUMBERS),
        ),
    ),
    some.lists(some.one_of(NUMBERS, WORDS), max_size=8).map(
        lambda words: "\t".join(map(str, words))
    ),
)


def test_lines_of_eyelink(tmp_path):
    file = recordings.eyelink(tmp_path)
    lines = file.read_text().splitlines()[:60]
    assert ordered(read_gaze(file, "eyelink-asc"))

    @FUZZED
    @seed(PART)
    @given(some.lists(some.tuples(some.integers(0, 12), EYELINK), min_size=1, max_size=3))
    def read(changes):
        changed = list(lines)
        for at, line in changes:
            changed[at : at + 1] = [line]
        file.write_text("\n".join(changed) + "\n", encoding="utf-8", errors="replace")
        found = sound(lambda: read_gaze(file, "eyelink-asc"))
        assert found is None or ordered(found)

    read()


DICOM = (
    "FrameTime", "FrameTimeVector", "NumberOfFrames", "Rows", "Columns", "BitsStored",
    "BitsAllocated", "HighBit", "WindowCenter", "WindowWidth", "PhotometricInterpretation",
    "PixelRepresentation", "FrameIncrementPointer", "SamplesPerPixel", "PlanarConfiguration",
    "BurnedInAnnotation", "RescaleSlope", "RescaleIntercept", "CineRate", "LossyImageCompression",
)  # fmt: skip
DICOM_VALUES = some.one_of(
    some.none(),
    some.tuples(some.just("US"), some.integers(0, 2**16 - 1)),
    some.tuples(some.just("UL"), some.integers(0, 2**32 - 1)),
    some.tuples(some.just("FD"), some.floats()),
    some.tuples(some.sampled_from(["LO", "CS", "UT", "ST"]), some.one_of(NUMBERS, WORDS).map(str)),
)


def test_headers_of_dicom(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    from pydicom.data import get_testdata_file

    file = tmp_path / "changed.dcm"
    good = pydicom.dcmread(get_testdata_file("MR_small.dcm"))

    @FUZZED
    @seed(PART)
    @given(some.dictionaries(some.sampled_from(DICOM), DICOM_VALUES, min_size=1, max_size=3))
    def read(fields):
        header = pydicom.Dataset(good)
        header.file_meta = good.file_meta
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, value in fields.items():
                tag = pydicom.datadict.tag_for_keyword(name)
                header.pop(tag, None)
                if value is not None:
                    header[tag] = pydicom.DataElement(
                        tag, *value, validation_mode=pydicom.config.IGNORE
                    )
            try:
                header.save_as(file)
            except (ValueError, TypeError, AttributeError, OverflowError, UnicodeError):
                return  # what no program can write
        sound(lambda: sum(1 for _ in open_footage(file, Fraction(30)).read()))

    read()

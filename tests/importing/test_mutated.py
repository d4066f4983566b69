"""Headers and gaze files of real life, damaged at random: one line or a result, never a traceback.

`MUTATIONS` a format; with FUSBENCH_MUTATIONS=300, say, as many as that.
"""

import gzip
import json
import os
import random
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support import recordings

from fusbench.errors import FusbenchError
from fusbench.footage.open import open_footage
from fusbench.importing.gaze_file import read_gaze
from fusbench.importing.recording import ReadOptions

MUTATIONS = int(os.environ.get("FUSBENCH_MUTATIONS", "40"))
CASES = Path(__file__).parent / "cases"
ODD = (
    "n/a", "", "NaN", "-", "1,5", "1.001,09", "0", "-1", "1e999", "999999999999999999999", "null",
    "abc", "12:00:01.5", "\u00b5", "\x00", "1_000", "(0.1, 0.2)", "\t", ";", "MSG", '"', "Inf",
)  # fmt: skip
VALUES = (
    None,
    "n/a",
    "",
    [],
    {},
    True,
    -1,
    0,
    1e300,
    "90,0",
    "1e9",
    ["a"],
    [1],
    {"Units": 3},
    float("nan"),
)
TABLE = {"time": "t", "x": "gx", "y": "gy", "space": "screen"}
TEXTS = {
    "tobii-pro": (recordings.tobii_pro, {}),
    "tobii-4c": (recordings.tobii_4c, {}),
    "eyelink-asc": (recordings.eyelink, {}),
    "gazepoint": (recordings.gazepoint, {}),
    "pupil-surface": (recordings.pupil_surface, {}),
    "neon-surface": (recordings.neon_surface, {}),
    "table": (recordings.table, TABLE),
}


def sound(read):
    """The result of reading, or None where it was refused in one line."""
    told = ""
    try:
        return read()
    except FusbenchError as error:
        told = str(error)
    assert told
    assert "\n" not in told
    assert len(told) < 1500
    return None


def mutated(text, rng):
    """A text with one to three faults: a cell changed, a line dropped, doubled, cut or moved."""
    lines = text.split("\n")
    for _ in range(rng.randint(1, 3)):
        at = rng.choice([0, 1, rng.randrange(len(lines))])
        at = min(at, len(lines) - 1)
        cells = lines[at].replace(",", "\t").replace(";", "\t").split("\t")
        way = rng.randrange(6)
        if way <= 1 and cells[0]:
            cell = rng.choice(cells)
            lines[at] = lines[at].replace(cell, rng.choice(ODD), 1) if cell else lines[at] + "\t"
        elif way == 2:
            lines.pop(at)
        elif way == 3:
            lines.insert(at, lines[rng.randrange(len(lines))])
        elif way == 4:
            lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
        else:
            lines[at] += rng.choice(ODD)
        lines = lines or [""]
    return "\n".join(lines)


@pytest.mark.parametrize("form", TEXTS)
def test_mutated_gaze_files(form, tmp_path):
    make, mapping = TEXTS[form]
    file = make(tmp_path)
    encoding = "utf-8-sig" if form == "tobii-pro" else "cp1252" if form == "table" else "utf-8"
    text = file.read_text(encoding=encoding)
    text = "\n".join(text.split("\n")[:80])
    rng = random.Random(form)
    read = 0
    for _ in range(MUTATIONS):
        file.write_text(mutated(text, rng), encoding="utf-8")
        options = ReadOptions(time_unit="ms" if form == "table" else "", mapping=mapping)
        found = sound(lambda options=options: read_gaze(file, form, options))
        if found is not None:
            read += 1
            assert (np.diff(found.time_ns) > 0).all()
            assert found.x.shape == found.y.shape == found.time_ns.shape
    assert read >= MUTATIONS // 10


def test_mutated_headers_of_bids(tmp_path):
    file = recordings.bids(tmp_path)
    headers = [tmp_path / "task-scan_physio.json", tmp_path / "task-scan_events.json"]
    texts = [json.loads(header.read_text()) for header in headers]
    table = gzip.decompress(file.read_bytes()).decode("utf-8-sig")
    rng = random.Random(7)
    for _ in range(MUTATIONS):
        for header, content in zip(headers, texts, strict=True):
            changed = json.loads(json.dumps(content))
            place = changed.get("StimulusPresentation", changed)
            key = rng.choice(list(place))
            place[key] = rng.choice(VALUES)
            if rng.random() < 0.3:
                changed.pop(rng.choice(list(changed)))
            header.write_text(json.dumps(changed))
        if rng.random() < 0.3:
            file.write_bytes(gzip.compress(mutated(table, rng).encode()))
        sound(lambda: read_gaze(file, "bids"))


def test_mutated_headers_of_dicom(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    rng = random.Random(3)
    fields = (
        "FrameTime", "FrameTimeVector", "NumberOfFrames", "Rows", "Columns", "BitsStored",
        "BitsAllocated", "WindowCenter", "WindowWidth", "PhotometricInterpretation",
        "PixelRepresentation", "FrameIncrementPointer", "SamplesPerPixel", "BurnedInAnnotation",
        "RescaleSlope", "SequenceOfUltrasoundRegions",
    )  # fmt: skip
    values = ("n/a", "33,33", "", "0", "-1", "1e9", "abc", "12\\13", None)
    sources = sorted((CASES / "dicom").glob("*.dcm"))
    target = tmp_path / "m.dcm"
    for _ in range(MUTATIONS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = pydicom.dcmread(rng.choice(sources))
            for name in rng.sample(fields, rng.randint(1, 3)):
                tag = pydicom.datadict.tag_for_keyword(name)
                if rng.random() < 0.3:
                    header.pop(tag, None)
                elif name == "SequenceOfUltrasoundRegions":
                    for region in header.get(name, []):
                        region.pop(rng.choice([0x00186012, 0x00186018, 0x0018601C]), None)
                else:
                    header[tag] = pydicom.DataElement(tag, "LO", rng.choice(values))
            header.save_as(target)
            rate = rng.choice([None, Fraction(30)])

            def read(rate=rate):
                return sum(1 for _ in open_footage(target, rate).read())

            sound(read)

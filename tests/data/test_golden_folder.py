"""A committed folder of awkward numbers and names: its fingerprint under every library allowed.

The sessions `oldest` and `fast` of nox run this with the oldest and the newest pandas and NumPy.
"""

import csv
import hashlib
import struct
from fractions import Fraction
from pathlib import Path

import pytest

from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset

FOLDER = Path(__file__).parent / "golden_folder"
FINGERPRINTS = {
    "train": "ac8db6e6e5dea8446f83e6041deca2188367a0600b8124e206be1df4b90a1449",
    "val": "99ac5d4783655bf1aba55c42410f89008cb8d4f4f700215dec6e1842ddd01e7b",
    "test": "dd7ab24ecc7a843101efc947010b703e7c86144c4f18348f6cc34d3d6c34342e",
}
FORMS = {"frame": "<i", "time_s": "<d", "x_px": "<d", "y_px": "<d"}


def combined(*texts):
    data = b"".join(struct.pack("<Q", len(text)) + text.encode() for text in texts)
    return hashlib.sha256(data).hexdigest()


def by_hand(split):
    """The fingerprint without NumPy and pandas: a number is the float nearest to its decimals."""
    clips, gaze = (
        list(csv.DictReader((FOLDER / name).read_text().splitlines()))
        for name in ("clips.csv", "gaze.csv")
    )
    scans = {}
    for clip in (clip for clip in clips if clip["split"] == split):
        rows = [row for row in gaze if row["clip_id"] == clip["clip_id"]]
        columns = b"".join(
            struct.pack(form, (int if form == "<i" else float)(Fraction(row[name])))
            for name, form in FORMS.items()
            for row in rows
        )
        frames = hashlib.sha256((FOLDER / clip["file"]).read_bytes()).hexdigest()
        digest = combined(frames, clip["n_frames"], hashlib.sha256(columns).hexdigest())
        scans.setdefault(clip["scan_id"], []).append(digest)
    return combined(
        "(6, 8)", "29.97", "1.7", *sorted(combined(*sorted(parts)) for parts in scans.values())
    )


@pytest.mark.parametrize("split", FINGERPRINTS)
def test_the_fingerprint_is_that_of_every_reader(split):
    assert open_dataset(FOLDER).fingerprint(split) == FINGERPRINTS[split] == by_hand(split)


def test_the_folder_is_sound_and_its_names_are_texts():
    assert check_dataset(FOLDER) == []
    names = {clip.scan_id for clip in open_dataset(FOLDER).clips}
    assert names == {"NA", "null", "1e5", "007", "True"}

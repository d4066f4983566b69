"""Recordings taken in with packed frames."""

import cv2
import numpy as np
import pytest

from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.importing.described import Study
from fusbench.importing.pairing import pairing_of
from fusbench.importing.study import import_recordings

COLUMNS = {"time": "t", "time_unit": "ms", "x": "x", "y": "y", "space": "pixel"}


@pytest.fixture(scope="module")
def pairings(tmp_path_factory):
    """Two scans of 25 pictures, the first seen by two observers."""
    place = tmp_path_factory.mktemp("sources")
    rng = np.random.default_rng(0)
    for scan in ("s1", "s2"):
        (place / scan).mkdir()
        for number in range(25):
            picture = cv2.GaussianBlur(rng.integers(0, 256, (48, 64), np.uint8), (9, 9), 3)
            cv2.imwrite(f"{place}/{scan}/{number:02}.png", picture)
    for name, x in (("a", 20), ("b", 30), ("c", 40)):
        rows = [f"{10 * n},{x + n % 9},24" for n in range(80)]
        (place / f"{name}.csv").write_text("\n".join(["t,x,y", *rows]))

    def pairing(scan, gaze, **changes):
        texts = {
            "scan": scan, "video": scan, "gaze": f"{gaze}.csv", "gaze_format": "table",
            "no_banner": "yes", "video_start": "0s", "frame_rate": "30", **changes,
        }  # fmt: skip
        return pairing_of(texts, place, COLUMNS)

    return pairing("s1", "a", observer="a"), pairing("s1", "b", observer="b"), pairing("s2", "c")


def test_the_store_changes_no_fingerprint_and_mixes(pairings, tmp_path):
    first, second, other = pairings
    packed, raw = Study(store="zstd", clip_length=10), Study(clip_length=10)
    dry = import_recordings(tmp_path / "none", [first], packed, dry_run=True)
    done = import_recordings(tmp_path / "packed", [first], packed)
    files = sorted((tmp_path / "packed" / "frames").iterdir())
    assert [file.name for file in files] == ["s1-001.npy.zst", "s1-002.npy.zst"]  # a rest of 5
    assert done.size_bytes == sum(file.stat().st_size for file in files) == dry.size_bytes
    assert done.size_bytes < 20 * 48 * 64 / 2
    import_recordings(tmp_path / "packed", [second], raw)  # adds gaze alone
    import_recordings(tmp_path / "packed", [other], raw)
    assert import_recordings(tmp_path / "packed", [first], raw).skipped == ("s1",)
    import_recordings(tmp_path / "raw", [first, second, other], raw)
    assert {clip.store for clip in open_dataset(tmp_path / "packed").clips} == {"npy", "zstd"}
    one, two = (open_dataset(tmp_path / name).fingerprint("train") for name in ("packed", "raw"))
    assert one == two
    assert check_dataset(tmp_path / "packed") == []

"""Damaged video and DICOM: read as far as they are whole, or refused in one line; no hang."""

import os
import random
import subprocess
import sys

import pytest
from support import recordings

COUNT = int(os.environ.get("FUSBENCH_FUZZ", "300")) // 50
READ = """
import sys
from pathlib import Path
from fusbench.errors import FusbenchError
from fusbench.footage.open import open_footage
for name in sys.argv[1:]:
    try:
        count = sum(1 for _ in open_footage(Path(name)).read())
        print("frames", count)
    except FusbenchError as error:
        assert chr(10) not in str(error)
        print("refused")
"""


def damaged(path, data, seed):
    rng = random.Random(seed)
    data = bytearray(data)
    for _ in range(rng.randint(3, 60)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data[: rng.randint(len(data) // 2, len(data))] if seed % 3 == 0 else data)
    return path


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_damaged_video_never_hangs(codec, tmp_path):
    good = recordings.write_video(tmp_path / "good.mp4", codec=codec).read_bytes()
    files = [damaged(tmp_path / f"{codec}-{n}.mp4", good, n) for n in range(COUNT)]
    done = subprocess.run(
        [sys.executable, "-c", READ, *map(str, files)],
        capture_output=True, text=True, timeout=20 * COUNT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == COUNT


def test_a_dicom_file_that_declares_more_frames_than_bytes_is_refused(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    from pydicom.data import get_testdata_file

    header = pydicom.dcmread(get_testdata_file("examples_ybr_color.dcm"))
    header.NumberOfFrames = "2000000000"
    header.save_as(tmp_path / "many.dcm")
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path / "many.dcm")],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["refused"], done.stderr

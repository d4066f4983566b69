"""Tables of a data set: names are texts, numbers exact, and no library has a say in either."""

import subprocess
import sys
from fractions import Fraction
from itertools import cycle

import numpy as np
import pytest
from support.small_dataset import small_clip, small_info

from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.data.split import fold_scans, split_scans
from fusbench.data.tables import numbers
from fusbench.data.writer import write_dataset

GOLDEN = {
    "train": "c212643f225b8498f93c72d51ad1228b34b23472d21f39315a4aa5a10b39476c",
    "test": "d4ba2306a32c49c16c8cb08dd2f6dd689a07b334f340f5444ff473718cf75bdd",
}


@pytest.mark.parametrize("name", ["NA", "null", "None", "nan", "NaN", "True", "007", "1e5", "-"])
def test_a_scan_may_be_called_anything_that_is_an_identifier(name, tmp_path):
    clip = small_clip(1, "test")
    if name == "-":
        name = "n-a"
    clips = [type(clip)(**{**vars(clip), "scan_id": name, "clip_id": f"{name}-1"})]
    clips += [small_clip(number, "train") for number in (2, 3)]
    root = write_dataset(tmp_path / "set", small_info(), clips)
    assert check_dataset(root) == []
    data = open_dataset(root)
    assert name in [clip.scan_id for clip in data.clips]
    split_scans(root, data.clips, seed=2)
    fold_scans(root, data.clips, 3)
    assert name in [clip.scan_id for clip in open_dataset(root, fold=1).clips]


def test_numbers_are_the_nearest_there_are():
    rng = np.random.default_rng(5)
    values = rng.uniform(-0.5, 287.4, 2000)
    texts = [
        f"{value:.{digits}f}" for value, digits in zip(values, cycle(range(1, 18)), strict=False)
    ]
    for text, value in zip(texts, numbers(texts), strict=True):
        exact = Fraction(text)
        near = (np.nextafter(value, -np.inf), np.nextafter(value, np.inf))
        assert all(abs(Fraction(value) - exact) <= abs(Fraction(n) - exact) for n in near)


def test_a_fingerprint_needs_no_pandas_and_is_the_golden_one(tmp_path):
    """Of frames and gaze that whole numbers make, so that nothing but the reader counts."""
    clips = [golden_clip(n, split) for n, split in enumerate(("train", "val", "test"))]
    root = write_dataset(tmp_path / "set", small_info(), clips)
    script = (
        "import sys; sys.modules['pandas'] = None\n"
        "from fusbench.data.dataset import open_dataset\n"
        f"data = open_dataset({str(root)!r})\n"
        "print(data.fingerprint('train'), data.fingerprint('test'))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == [GOLDEN["train"], GOLDEN["test"]], done.stderr


def golden_clip(number, split):
    clip = small_clip(number, split)
    n_frames, (height, width) = clip.n_frames, clip.frames.shape[1:]
    at = np.arange(n_frames * height * width).reshape(clip.frames.shape)
    frame = np.arange(n_frames, dtype=np.int32)
    gaze = type(clip.gaze)(
        frame=frame,
        time_s=(frame * 7919 % 1000003) / 1000003,
        x_px=(frame * 104729 + number) % 999983 / 999983 * (width - 1),
        y_px=(frame * 15485863 + number) % 999979 / 999979 * (height - 1),
    )
    frames = (at * 2654435761 // 65536 % 256).astype(np.uint8)
    return type(clip)(**{**vars(clip), "frames": frames, "gaze": gaze})

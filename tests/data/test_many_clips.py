"""More clips than a process may have files open; and what is said where files cannot be opened."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest
from support.small_dataset import small_clip, small_info

from fusbench.data import stored
from fusbench.data.dataset import open_dataset
from fusbench.data.writer import write_dataset
from fusbench.errors import DatasetError

LIMIT, CLIPS = 300, 640
LOOK_AT_ALL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]),) * 2)
from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.data.samples import Samples
from fusbench.data.window import Window
data = open_dataset(sys.argv[1])
samples = Samples(data, "test", Window())
print(len(check_dataset(data.root)), sum(int(sample.frames.sum()) for sample in samples))
"""


def test_a_data_set_may_have_more_clips_than_files_may_be_open(tmp_path):
    clips = [small_clip(n, "test" if n % 2 else "train", n_frames=6) for n in range(1, CLIPS + 1)]
    root = write_dataset(tmp_path / "many", small_info(), clips)
    done = subprocess.run(
        [sys.executable, "-c", LOOK_AT_ALL, str(root), str(LIMIT)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    findings, total = map(int, done.stdout.split())
    assert findings == 0
    assert total == sum(
        int(clip.frames[np.unique(clip.gaze.frame)].sum()) for clip in clips if clip.split == "test"
    )


def test_maps_stay_open_no_longer_than_they_are_used(folder):
    """A clip has its array again after others pushed its map out, and the same file once."""
    clip = open_dataset(folder).clips[0]
    first = clip.frames
    assert clip.frames.base is first.base  # one map, not one a look
    stored.mapped.cache_clear()
    np.testing.assert_array_equal(clip.frames, first)
    assert clip.frames.base is not first.base


@pytest.mark.parametrize(
    ("number", "fix"),
    [
        (errno.EMFILE, "'ulimit -n 4096'"),
        (errno.ENOMEM, "no memory left"),
        (errno.EACCES, "permissions"),
    ],
)
def test_what_the_system_refuses_is_no_damage(folder, monkeypatch, number, fix):
    def refused(path):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(stored, "open_array", refused)
    stored.mapped.cache_clear()
    with pytest.raises(DatasetError) as caught:
        _ = open_dataset(folder).clips[0].frames
    assert f"cannot be read: {os.strerror(number)}" in str(caught.value)
    assert fix in caught.value.fix
    assert "truncated" not in str(caught.value)

"""How far an import of several recordings is, all of them together."""

from contextlib import contextmanager
from fractions import Fraction

import cv2
import numpy as np

from fusbench.importing.pairing import Pairing
from fusbench.importing.recording import ReadOptions
from fusbench.importing.study import import_recordings

COLUMNS = {"time": "t", "time_unit": "ms", "x": "x", "y": "y", "space": "pixel"}


def recording(folder, scan, n_frames, level):
    video = folder / scan
    video.mkdir()
    for n in range(n_frames):
        cv2.imwrite(f"{video}/{n:02}.png", np.full((24, 32), level + n, np.uint8))
    gaze = folder / f"{scan}.csv"
    gaze.write_text("\n".join(["t,x,y", *(f"{10 * n},{9 + n % 9},12" for n in range(50))]))
    return Pairing(
        scan=scan, video=video, gaze=gaze, gaze_format="table", frame_rate_hz=Fraction(30),
        video_start_ns=0, no_banner=True, options=ReadOptions(mapping=COLUMNS),
    )  # fmt: skip


def telling(told):
    """Keeps what an import tells of its progress: scan, frames done, frames in all."""

    @contextmanager
    def progress(name):
        yield lambda done, total, note: told.append((note, done, total))

    return progress


def test_frames_are_counted_over_all_recordings(tmp_path):
    pairings = [recording(tmp_path, f"s{n}", 12 + n, 20 * n + 20) for n in range(3)]
    told = []
    import_recordings(tmp_path / "out", pairings, progress=telling(told))
    assert told[0] == ("s0", 1, 12 + 13 + 14)
    assert told[-1] == ("s2", 39, 39)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert {total for _, _, total in told} == {39}
    told.clear()
    again = [*pairings, recording(tmp_path, "s9", 15, 100)]
    import_recordings(tmp_path / "out", again, progress=telling(told))
    assert told[-1] == ("s9", 15, 15)  # those that are in already count no more

"""A study of thirty half-minute recordings, two of whose rows are wrong: how soon that is told."""

import resource

import av
import numpy as np
import pytest

from fusbench.footage.apart import end_idle
from fusbench.importing.manifest import read_manifest
from fusbench.importing.preflight import Failed
from fusbench.importing.study import import_recordings

ROWS, FRAMES, RATE = 30, 750, 25
HEAD = "scan,video,gaze,gaze_format,video_start,crop"
COLUMNS = {"time": "t", "time_unit": "ms", "x": "x", "y": "y", "space": "pixel"}
TOLD_S = 10


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A manifest; row 13 has a crop that leaves the picture, row 25 a gaze file that is not."""
    folder = tmp_path_factory.mktemp("study")
    speckle = np.random.default_rng(1).integers(30, 200, (72, 96), np.uint8)
    with av.open(str(folder / "v.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        stream.height, stream.width, stream.pix_fmt = 72, 96, "yuv420p"
        for k in range(FRAMES):
            view = np.roll(speckle, k, 1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(view, format="gray")))
        container.mux(stream.encode(None))
    rows, video = [HEAD], (folder / "v.mp4").read_bytes()
    for n in range(ROWS):
        (folder / f"v{n}.mp4").write_bytes(video + b"\0\0\0\x09free" + bytes([n]))
        gaze = [f"{t},{40 + t // 10 % 30},{30 + n / 10}" for t in range(0, 30_000, 16)]
        (folder / f"g{n}.csv").write_text("\n".join(["t,x,y", *gaze]))
        crop = "8,4,800,64" if n == 11 else "8,4,80,64"
        file = "typo.csv" if n == 23 else f"g{n}.csv"
        rows.append(f'S{n:02},v{n}.mp4,{file},table,0s,"{crop}"')
    (folder / "study.csv").write_text("\n".join(rows))
    return [row.pairing for row in read_manifest(folder / "study.csv", {}, COLUMNS)]


def used_s():
    """Processor time of this process and of all that have ended."""
    own, ended = (resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def test_wrong_rows_are_told_before_a_frame_is_read(benchmark, study, tmp_path):
    end_idle()

    def told():
        with pytest.raises(Failed) as error:
            import_recordings(tmp_path / "out", study)
        end_idle()
        return [str(one) for one in error.value.errors]

    before = used_s()
    errors = benchmark.pedantic(told, rounds=1)
    taken = used_s() - before
    benchmark.extra_info |= {"s of processor time for 30 rows": round(taken, 1)}
    assert ["row 13" in errors[0], "row 25" in errors[1], len(errors)] == [True, True, 2]
    assert taken <= TOLD_S
    some = [study[n] for n in (3, 11, 17, 23)]
    found = import_recordings(tmp_path / "out", some, keep_going=True)
    assert [(quality.scan, quality.frames) for quality in found] == [("S03", 750), ("S17", 750)]
    assert len(found.errors) == 2

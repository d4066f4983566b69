"""Frames of a video decoded in a process of its own, against the same decoder in this one."""

import resource

import av
import cv2
import numpy as np
import pytest
from support.figures import note
from support.stopwatch import best

from fusbench.footage.apart import end_idle
from fusbench.footage.open import open_footage
from fusbench.footage.source import open_source
from fusbench.importing.pairing import pairing_of
from fusbench.importing.study import import_recordings

COUNT, LONG = 60, 300
CROPPED = (
    "A cut frame crosses from the decoder's process and is written and hashed, and one in a "
    "hundred is searched for text."
)


@pytest.fixture(scope="module", params=[(480, 640), (1080, 1920)], ids=["480p", "1080p"])
def video(request, tmp_path_factory):
    """A picture of speckle that moves by a pixel a frame, as H.264."""
    height, width = request.param
    noise = np.random.default_rng(0).integers(0, 256, (height + COUNT, width + COUNT), np.uint8)
    speckle = cv2.normalize(cv2.GaussianBlur(noise, (9, 9), 3), None, 0, 255, cv2.NORM_MINMAX)
    path = tmp_path_factory.mktemp("video") / "video.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "veryfast"})
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        for k in range(COUNT):
            view = np.ascontiguousarray(speckle[k : k + height, k : k + width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(view, format="gray")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Ten and two seconds of 1080p with gaze, each as a recording to import at 960 x 720."""
    folder = tmp_path_factory.mktemp("long")
    noise = np.random.default_rng(0).integers(0, 256, (1080 + COUNT, 1920 + COUNT), np.uint8)
    speckle = cv2.normalize(cv2.GaussianBlur(noise, (9, 9), 3), None, 0, 255, cv2.NORM_MINMAX)
    return [recording(folder, speckle, count) for count in (LONG, COUNT)]


def recording(folder, speckle, count):
    """A video of so many frames, and its pairing with gaze."""
    name = f"v{count}.mp4"
    with av.open(str(folder / name), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "veryfast"})
        stream.height, stream.width, stream.pix_fmt = 1080, 1920, "yuv420p"
        for k in range(count):
            at = k % COUNT
            view = np.ascontiguousarray(speckle[at : at + 1080, at : at + 1920])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(view, format="gray")))
        container.mux(stream.encode(None))
    rows = [f"{10 * n},{900 + n % 99},500" for n in range(count * 10 // 3)]
    (folder / f"g{count}.csv").write_text("\n".join(["t,x,y", *rows]))
    texts = {
        "scan": f"s{count}", "video": name, "gaze": f"g{count}.csv", "gaze_format": "table",
        "video_start": "0s", "crop": "480,120,960,720",
    }  # fmt: skip
    columns = {"time": "t", "time_unit": "ms", "x": "x", "y": "y", "space": "pixel"}
    return folder / name, pairing_of(texts, folder, columns)


def test_decoding_apart(benchmark, video):
    def apart():
        return sum(int(frame.flat[0]) for _, frame in open_footage(video).read())

    def here():
        return sum(int(frame.flat[0]) for _, frame in open_source(video).read())

    assert apart() == here()
    height = next(open_source(video).read())[1].shape[0]
    benchmark(apart)
    times = best({"apart": apart, "here": here})
    ratio = times["apart"] / times["here"]
    spread = times.spread("apart", "here")
    what = f"video of {height} rows decoded apart, times here"
    note(benchmark, what, ratio, spread=spread, at_most=2.5)


def used_s():
    """Processor time of this process and of all that have ended."""
    own, ended = (resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def test_import(benchmark, videos, tmp_path):
    """Whole imports against plain decoding to grey at the crop; and by frame against decoding."""
    (video, long), (_, short) = videos
    end_idle()

    def plain():
        with av.open(str(video)) as container:
            frames = container.decode(container.streams.video[0])
            cuts = (frame.to_ndarray(format="gray")[120:840, 480:1440] for frame in frames)
            return sum(int(cut[0, 0]) for cut in cuts)

    def alone():
        with av.open(str(video)) as container:
            return sum(1 for _ in container.decode(container.streams.video[0]))

    def imported(pairing):
        import_recordings(tmp_path / pairing.scan, [pairing])
        end_idle()

    def used(function, *given):
        before = used_s()
        function(*given)
        return used_s() - before

    of_plain, of_alone = (min(used(each) for _ in range(2)) for each in (plain, alone))
    of_short = used(imported, short)
    before = used_s()
    benchmark.pedantic(imported, (long,), rounds=1)
    of_long = used_s() - before
    most_mb = sum(
        resource.getrusage(of).ru_maxrss / 1024
        for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    benchmark.extra_info |= {"MB": round(most_mb)}
    # 1.3 a frame, and two seconds for any length: a process, the search for text
    note(benchmark, "import of a video, times plain decoding", of_long / of_plain, at_most=3)
    by_frame = (of_long - of_short) / (LONG - COUNT) / (of_alone / LONG)
    what = "import of 1080p, a frame, times decoding alone"
    note(benchmark, what, by_frame, at_most=464 / 364, holds=2.5, why=CROPPED)

"""Frames of a video decoded in a process of its own, against the same decoder in this one."""

import av
import cv2
import numpy as np
import pytest
from support.stopwatch import best

from fusbench.footage.open import open_footage
from fusbench.footage.source import open_source

COUNT = 60


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


def test_decoding_apart(benchmark, video):
    def apart():
        return sum(int(frame[0, 0, 0]) for _, frame in open_footage(video).read())

    def here():
        return sum(int(frame[0, 0, 0]) for _, frame in open_source(video).read())

    assert apart() == here()
    benchmark(apart)
    times = best({"apart": apart, "here": here})
    ratio = times["apart"] / times["here"]
    benchmark.extra_info |= {"times as long as in one process": round(ratio, 2)}
    assert ratio <= 2.5

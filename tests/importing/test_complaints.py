"""Damage that only FFmpeg's own errors tell of is a finding, and sound files have none."""

import av
import numpy as np
import pytest

from fusbench.footage.open import open_footage

COUNT, SHAPE = 40, (96, 128)
CHECKED = {"ffv1": {"level": "3", "slicecrc": "1"}}  # which older encoders leave out by themselves


def written(path, codec):
    noise = np.random.default_rng(0).integers(0, 256, (SHAPE[0] + COUNT, SHAPE[1]), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=20, options=CHECKED.get(codec, {}))
        stream.height, stream.width, stream.pix_fmt = *SHAPE, "yuv420p"
        for k in range(COUNT):
            picture = np.ascontiguousarray(noise[k : k + SHAPE[0]])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="gray")))
        container.mux(stream.encode(None))
    return path


def remarks(path):
    footage = open_footage(path)
    assert sum(1 for _ in footage.read()) == COUNT
    return [text for level, text in footage.remarks if level == "warn"]


@pytest.mark.parametrize("codec", ["libx264", "ffv1", "mpeg4", "mpeg2video"])
def test_a_sound_file_is_complained_of_by_none(codec, tmp_path):
    assert remarks(written(tmp_path / "v.mkv", codec)) == []


def test_a_wrong_checksum_is_told_with_its_place(tmp_path):
    path = written(tmp_path / "v.mkv", "ffv1")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x55
    path.write_bytes(content)
    (text,) = remarks(path)
    assert text.startswith("FFmpeg met 1 error in decoding, the first near ")
    place_s = float(text.split("near ")[1].split(" s")[0])
    assert 0.7 < place_s < 1.3  # of 2 s; frames come some packets later
    assert text.endswith("pictures may be wrong from there on")
    sound = written(tmp_path / "w.mkv", "ffv1")
    assert remarks(sound) == []  # by the same decoder

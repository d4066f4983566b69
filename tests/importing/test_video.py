"""Videos as a player shows them: turned, interlaced, with oblong pixels."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from av.stream import Disposition
from support import recordings

from fusbench.data.dataset import open_dataset
from fusbench.errors import DatasetError
from fusbench.footage.open import open_footage
from fusbench.importing.pairing import pairing_of
from fusbench.importing.study import import_recordings

UPRIGHT = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
MATRICES = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0), "mirror": (-1, 0, 0, 1)}


def displayed(file, how, make):
    """Write a video whose header tells a player to turn (clockwise) or mirror the pictures."""
    recordings.write_video(file, make=make)
    a, b, c, d = (n << 16 for n in MATRICES[how])
    content = file.read_bytes()
    assert content.count(UPRIGHT) >= 1
    at = content.index(UPRIGHT, content.index(b"tkhd"))
    matrix = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    file.write_bytes(content[:at] + matrix + content[at + len(matrix) :])
    return file


def imported(folder, video):
    texts = {
        "scan": "S1", "video": str(video), "gaze": str(recordings.eyelink(folder)),
        "gaze_format": "eyelink-asc", "video_start_event": "VIDEO_START", "display_rect": "fit",
        "crop": ",".join(map(str, recordings.CROP)),
    }  # fmt: skip
    (quality,) = import_recordings(folder / "out", [pairing_of(texts)])
    return quality, open_dataset(folder / "out").clips[0]


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_video_comes_in_as_a_player_shows_it(degrees, tmp_path):
    quarter = degrees // 90

    def stored(number):
        return np.ascontiguousarray(np.rot90(recordings.picture(number), quarter))

    _, clip = imported(tmp_path, displayed(tmp_path / "turned.mp4", degrees, stored))
    for number in (0, 20, 50):
        x, y = recordings.path((recordings.FRAME_MS[number] + 16) / 1000)
        rows, columns = np.nonzero(clip.frames[number] > 150)
        assert columns.mean() == pytest.approx(x, abs=0.6)
        assert rows.mean() == pytest.approx(y, abs=0.6)
    x, y = recordings.path(clip.gaze.time_s)
    assert np.abs(clip.gaze.x_px - x).max() < 0.5
    assert np.abs(clip.gaze.y_px - y).max() < 0.5


def test_a_mirrored_video_is_refused(tmp_path):
    video = displayed(tmp_path / "mirrored.mp4", "mirror", recordings.picture)
    with pytest.raises(DatasetError, match="stored mirrored. Convert it"):
        open_footage(video)


def test_oblong_pixels_count_where_the_video_is_fitted_to_the_screen(tmp_path):
    aspect = Fraction(3, 2)
    file = recordings.write_video(tmp_path / "oblong.mp4", aspect=aspect)
    assert open_footage(file).pixel_aspect == aspect
    quality, clip = imported(tmp_path, file)
    # shown as 480 x 240 on 1920 x 1080: 960 rows high, 60 from the top, 4 screen pixels each
    x, y = recordings.path(clip.gaze.time_s)
    x_screen = (x + 0.5 + recordings.CROP[0]) * recordings.SCALE + recordings.RECT[0]
    y_screen = (y + 0.5 + recordings.CROP[1]) * recordings.SCALE + recordings.RECT[1]
    there = clip.gaze.x_px
    assert there == pytest.approx(x_screen / 6 - recordings.CROP[0] - 0.5, abs=0.01)
    assert clip.gaze.y_px == pytest.approx((y_screen - 60) / 4 - recordings.CROP[1] - 0.5, abs=0.01)
    assert "1.5 times as wide as high" in " ".join(f.text for f in quality.findings)


def test_an_interlaced_video_is_told(tmp_path):
    video = recordings.write_video(tmp_path / "interlaced.mp4", interlaced=True)
    quality, _ = imported(tmp_path, video)
    found = [f for f in quality.findings if f.level == "warn"]
    assert [f.text for f in found] == ["the video is interlaced: moving edges are combed"]


def tracks(file, covers=0, videos=1):
    """A file of videos whose frames are all as bright as their track's number times 50."""
    with av.open(str(file), "w") as container:
        streams = []
        for number in range(covers + videos):
            stream = container.add_stream("mjpeg" if number < covers else "mpeg4", rate=25)
            stream.height, stream.width = 32, 48
            stream.pix_fmt = "yuvj420p" if number < covers else "yuv420p"
            if number < covers:
                stream.disposition = Disposition.attached_pic.value
            streams.append(stream)
        for time in range(10):
            for number, stream in enumerate(streams):
                if number < covers and time:
                    continue
                picture = np.full((32, 48), 50 * (number + 1), np.uint8)
                frame = av.VideoFrame.from_ndarray(picture, format="gray")
                frame.pts, frame.time_base = time, Fraction(1, 25)
                container.mux(stream.encode(frame.reformat(format=stream.pix_fmt)))
        for stream in streams:
            container.mux(stream.encode(None))
    return open_footage(file)


def test_of_two_videos_in_a_file_the_first_is_taken_and_it_is_told(tmp_path):
    footage = tracks(tmp_path / "two.mkv", videos=2)
    ((level, text),) = footage.remarks
    assert level == "warn"
    assert "the file holds 2 videos: the first was taken, of 48 x 32" in text
    assert all(abs(int(np.median(frame)) - 50) < 6 for _, frame in footage.read())


def test_a_cover_is_no_video(tmp_path):
    footage = tracks(tmp_path / "cover.mp4", covers=1)
    frames = [frame for _, frame in footage.read()]
    assert len(frames) == 10
    assert all(abs(int(np.median(frame)) - 100) < 6 for frame in frames)
    assert not footage.remarks

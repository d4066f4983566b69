"""Gaze that does not fit its video or its screen: a line, or a finding that is told."""

import numpy as np
import pytest
from support import recordings
from support.imported import COLUMNS, TABLE, imported, known_rows, line, rows

from fusbench.errors import ConfigError, DatasetError
from fusbench.importing.quality import LowQuality


def test_gaze_of_another_recording(video, tmp_path):
    gaze = recordings.tobii_pro(tmp_path)
    with pytest.raises(DatasetError) as error:
        imported(tmp_path, video, gaze, video_start_event=None, video_start="90s")
    assert "gaze and video share no time: counted from the video's first frame, the gaze" in line(
        error
    )
    with pytest.raises(ConfigError) as error:
        imported(tmp_path, video, gaze, video_start_event=None)
    assert "when the video starts is not said; the gaze runs from 1.278 s to" in line(error)
    assert "events begin with: VideoStimulusStart" in line(error)
    with pytest.raises(ConfigError, match=r"no event of the gaze file fits 'Stop'"):
        imported(tmp_path, video, gaze, video_start_event="Stop")


def test_fillers_count_as_lost(video, tmp_path):
    time_us, x, y = recordings.samples()
    x, y = np.nan_to_num(x), np.nan_to_num(y)
    x[100:103] = y[100:103] = -1
    gaze = rows(tmp_path, time_us / 1000, x, y)
    quality = imported(tmp_path, video, gaze, changes=COLUMNS, **TABLE)
    assert quality.lost_to_fillers == 9
    assert "9 samples at exactly 0,0 or -1,-1 count as lost" in [f.text for f in quality.findings]


def test_degrees_without_geometry(video, tmp_path):
    gaze = recordings.bids(tmp_path, units="degree")
    with pytest.raises(ConfigError) as error:
        imported(tmp_path, video, gaze, gaze_format="bids", video_start_event=None, video_start="5")
    assert "degrees cannot be placed without the screen's geometry. Give --screen-size" in line(
        error
    )


def test_a_wrong_unit_is_noticed(video, tmp_path):
    gaze = recordings.tobii_pro(tmp_path, label=False)
    with pytest.raises(LowQuality, match="the time unit looks wrong"):
        imported(
            tmp_path, video, gaze, time_unit="ns", video_start_event=None, video_start="1500us"
        )


def test_normalised_read_as_pixels_and_the_reverse(video, tmp_path):
    _, x, y = recordings.samples()
    small = known_rows(tmp_path, x=(x / 1920)[np.isfinite(x)], y=(y / 1080)[np.isfinite(x)])
    with pytest.raises(LowQuality, match="shares of the screen, not pixels"):
        imported(tmp_path, video, small, changes=COLUMNS, **TABLE)
    large = known_rows(tmp_path)
    with pytest.raises(LowQuality, match="they are pixels, not shares of the screen"):
        imported(tmp_path, video, large, changes={**COLUMNS, "space": "normalised"}, **TABLE)


def test_a_mirrored_axis_is_noticed(tmp_path):
    """The picture is lit below only, and the gaze, on the lit part, is read upside down."""

    def lit_below(number):
        image = np.zeros((240, 320), np.uint8)
        image[150:230, 60:260] = 100 + number
        return image

    clear = recordings.write_video(tmp_path / "lit.mkv", "ffv1", "gray", make=lit_below)
    time_ms = np.arange(0, 2000, 10)
    x = np.linspace(70, 250, len(time_ms))
    y = 190 + 30 * np.sin(time_ms / 300)
    log = rows(tmp_path, time_ms, x, y)
    options = {**TABLE, "crop": None, "no_banner": "yes"}
    columns = {**COLUMNS, "space": "pixel"}
    with pytest.raises(LowQuality, match="y looks mirrored: 0% of the gaze is on the image"):
        imported(tmp_path, clear, log, changes={**columns, "origin": "bottom-left"}, **options)
    assert imported(tmp_path, clear, log, changes=columns, **options).refused == ()


def test_low_shares_refuse_unless_accepted(video, tmp_path):
    time_us, x, y = recordings.samples()
    x[60:180] = y[60:180] = np.nan
    lost = rows(tmp_path, time_us / 1000, x, y)
    with pytest.raises(LowQuality) as error:
        imported(tmp_path, video, lost, changes=COLUMNS, **TABLE)
    assert "only 3" in line(error)
    assert "% of the samples during the video are valid" in line(error)
    quality = imported(tmp_path, video, lost, "lost-gaze", changes=COLUMNS, **TABLE)
    assert not quality.refused
    assert [f.level for f in quality.findings if f.kind == "lost-gaze"] == ["warn"]
    beside = known_rows(tmp_path)
    with pytest.raises(LowQuality, match=r"only \d+% of the gaze lies in the image"):
        imported(tmp_path / "b", video, beside, changes=COLUMNS, **{**TABLE, "crop": "40,30,40,30"})


def test_blink_margins_drop_what_is_near(video, tmp_path):
    gaze = recordings.eyelink(tmp_path)
    options = {"gaze_format": "eyelink-asc", "video_start_event": "VIDEO_START"}
    plain = imported(tmp_path, video, gaze, **options)
    (tmp_path / "b").mkdir()
    wide = imported(tmp_path / "b", video, gaze, **options, blink_margin="50")
    assert wide.valid < plain.valid
    assert wide.frames_without_gaze > plain.frames_without_gaze

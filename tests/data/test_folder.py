"""The specification on disk: what is written is read back, and every breach is told in one line."""

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.fake_board import fake_board
from support.small_dataset import small_clip, small_clips, small_info

from fusbench.board.rules import read_board
from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.data.writer import write_dataset
from fusbench.errors import ConfigError, DatasetError, FusbenchError, OutputError, UnknownName


def edit(path, old, new, count=1):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, count))


def message(folder):
    """The one line that opening or looking at the folder ends with."""
    with pytest.raises(FusbenchError) as error:
        data = open_dataset(folder)
        for clip in data.clips:
            clip.check()
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("text", ["".join(map(chr, range(256))), "\u2028 \U0001f9e0 \\u007f"])
def test_any_text_comes_back_out_of_toml(tmp_path, text):
    """Of a data set and of a board: U+007F is allowed in JSON's texts, and not in TOML's."""
    info = replace(small_info(), description=text)
    assert open_dataset(write_dataset(tmp_path / "set", info, small_clips())).info == info
    board = fake_board(tmp_path / "board", title=text)
    assert read_board(board.root).rules == board.rules


def test_half_a_character_is_refused_in_a_line(tmp_path):
    with pytest.raises(ConfigError, match=r"citation = .* is no text. Give it in UTF-8."):
        write_dataset(tmp_path / "set", replace(small_info(), citation="\udcff"), small_clips())
    assert not (tmp_path / "set").exists()


def test_what_is_written_is_read_back(folder):
    data = open_dataset(folder)
    assert data.info == small_info()
    for made, read in zip(small_clips(), data.clips, strict=True):
        assert (made.clip_id, made.scan_id, made.split) == (read.clip_id, read.scan_id, read.split)
        assert isinstance(read.frames, np.memmap)
        np.testing.assert_array_equal(made.frames, read.frames)
        for column in ("frame", "time_s", "x_px", "y_px"):
            np.testing.assert_array_equal(getattr(made.gaze, column), getattr(read.gaze, column))
        assert read.segment(4) == "dwell"
        assert read.segment(5) == "sweep"
    assert check_dataset(folder) == []


def test_colour_frames_and_observers(tmp_path):
    clip = small_clip(1, "test")
    colour = np.repeat(clip.frames[..., None], 3, axis=-1)
    clips = [type(clip)(**{**vars(clip), "frames": colour})]
    info = small_info(frame_shape=(24, 32, 3))
    data = open_dataset(write_dataset(tmp_path / "colour", info, clips))
    assert data.clips[0].frames.shape == (10, 24, 32, 3)
    path = tmp_path / "colour" / "gaze.csv"
    table = pd.read_csv(path)
    table["observer_id"] = "007"
    table.to_csv(path, index=False)
    assert set(open_dataset(tmp_path / "colour").clips[0].gaze.observer_id) == {"007"}


def test_fingerprint_is_of_content_not_of_names(tmp_path, folder):
    first = open_dataset(folder).fingerprint("test")
    renamed = [
        type(c)(**{**vars(c), "clip_id": "x" + c.clip_id, "scan_id": "y" + c.scan_id})
        for c in reversed(small_clips())
    ]
    other = write_dataset(tmp_path / "renamed", small_info(name="other"), renamed)
    assert open_dataset(other).fingerprint("test") == first
    assert open_dataset(folder).fingerprint("train") != first
    edit(folder / "gaze.csv", "s3-c1,9,", "s3-c1,8,")
    assert open_dataset(folder).fingerprint("test") != first


def test_fingerprint_sees_sigma_and_the_grouping_into_scans(tmp_path, folder):
    first = open_dataset(folder).fingerprint("train")
    clips = [type(c)(**{**vars(c), "scan_id": c.clip_id}) for c in small_clips()]
    split = write_dataset(tmp_path / "split", small_info(), clips)
    assert open_dataset(split).fingerprint("train") != first
    wide = write_dataset(tmp_path / "wide", small_info(sigma_px=3.0), small_clips())
    assert open_dataset(wide).fingerprint("train") != first


def test_gaze_without_frames(tmp_path):
    clip = small_clip(1, "train")
    bare = type(clip)(**{**vars(clip), "frames": None})
    data = open_dataset(write_dataset(tmp_path / "bare", small_info(), [bare]))
    assert len(data.clips[0].gaze) == len(clip.gaze)
    with pytest.raises(DatasetError, match="holds the clip's gaze but not its frames"):
        _ = data.clips[0].frames
    assert check_dataset(tmp_path / "bare") == []


def test_a_missing_data_set(tmp_path):
    with pytest.raises(UnknownName, match=r"no data set is called .*Did you mean 'phantom'"):
        open_dataset("phantm")
    assert str(check_dataset(tmp_path / "none")[0]).endswith("names the embedded data sets.")


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("dataset.toml", "schema = 1", "schema = 7", "schema 7 is unknown. This version"),
        ("dataset.toml", "sigma_px = 2.0", "", "the key 'sigma_px' is missing"),
        ("dataset.toml", "sigma_px = 2.0", "sigma_px = 0", "not all positive numbers"),
        ("dataset.toml", "sigma_px = 2.0", "sigma_px = 2.0\nsgma = 1", "the key 'sgma' is unknown"),
        ("dataset.toml", "[24, 32]", "[24, 32, 4]", "is neither [rows, columns] nor"),
        ("dataset.toml", "[24, 32]", '"big"', "frame_shape = 'big' is a text, not a list"),
        ("dataset.toml", "schema", "= schema", "is not valid TOML"),
        ("clips.csv", "s2,val", "s1,val", "row 4, clip 's2-c1': scan 's1' is in two splits"),
        ("clips.csv", "s2-c1,s2", "s1-c1,s2", "row 4, clip 's1-c1': the clip_id occurs twice"),
        ("clips.csv", "s2,val", "s2,dev", "split 'dev' is unknown. Use one of train, val, test"),
        ("clips.csv", "frames/s2-c1.npy", "../s2-c1.npy", "leaves the data set's folder"),
        ("clips.csv", "frames/s2-c1.npy", "/etc/passwd", "leaves the data set's folder"),
        ("clips.csv", "s2-c1,s2", "s2/c1,s2", "clip_id 's2/c1' is no identifier"),
        ("clips.csv", "val,10", "val,-1", "n_frames -1 is no positive whole number"),
        ("clips.csv", "val,10", "val,12", "holds uint8 10 x 24 x 32 where uint8 12 x 24 x 32"),
        ("clips.csv", "sha256", "sha1", "the column 'sha256' is missing"),
        ("gaze.csv", "s2-c1,9,", "s2-c1,10,", "the frame is outside the clip"),
        ("gaze.csv", "s2-c1,9,", "s9-c1,9,", "clip 's9-c1': the clip is not in clips.csv"),
        ("gaze.csv", "x_px", "x", "the column 'x_px' is missing"),
    ],
)
def test_breaches(folder, file, old, new, words):
    edit(folder / file, old, new)
    assert words in message(folder)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "row 5, clip 's1-c1': a value is missing or not finite"),
        (float("inf"), "row 5, clip 's1-c1': a value is missing or not finite"),
        (31.6, "row 5, clip 's1-c1': the point lies outside the 24 x 32 image"),
        (-0.6, "row 5, clip 's1-c1': the point lies outside the 24 x 32 image"),
    ],
)
def test_impossible_gaze(folder, value, words):
    path = folder / "gaze.csv"
    table = pd.read_csv(path)
    table.loc[3, "x_px"] = value
    table.to_csv(path, index=False)
    assert words in message(folder)


def test_damaged_frame_files(folder):
    path = folder / "frames" / "s3-c1.npy"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    assert "s3-c1.npy: the file is truncated or no .npy file" in message(folder)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert "content does not match its sha256" in message(folder)
    np.save(path, np.zeros((10, 24, 32), np.float32))
    assert "holds float32 10 x 24 x 32 where uint8" in message(folder)
    np.save(path, np.array([{"a": 1}], object), allow_pickle=True)
    assert "truncated or no .npy file" in message(folder)
    path.unlink()
    assert "the file is missing. Restore it" in message(folder)


def test_a_link_out_of_the_folder_is_refused(folder, tmp_path):
    secret = tmp_path / "secret.npy"
    np.save(secret, np.zeros((10, 24, 32), np.uint8))
    path = folder / "frames" / "s3-c1.npy"
    path.unlink()
    os.symlink(secret, path)
    assert "leaves the data set's folder" in message(folder)


def test_check_tells_everything_at_once(folder):
    edit(folder / "clips.csv", "s2,val", "s2,dev")
    edit(folder / "gaze.csv", "s3-c1,9,", "s3-c1,99,")
    (folder / "frames" / "s4-c1.npy").unlink()
    findings = [str(error) for error in check_dataset(folder)]
    for words in ("split 'dev'", "outside the clip", "not in clips.csv", "s4-c1.npy: the file is"):
        assert sum(words in finding for finding in findings) == 1
    assert len(findings) == 4


def test_an_empty_split_is_told(folder):
    edit(folder / "clips.csv", "s2,val", "s2,test")
    with pytest.raises(DatasetError, match="the val split is empty. Assign scans to it"):
        open_dataset(folder).split("val")


def test_nothing_half_written_stays(tmp_path):
    def breaks():
        yield small_clip(1, "train")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "half", small_info(), breaks())
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_kept(folder):
    before = (folder / "clips.csv").read_bytes()
    with pytest.raises(OutputError, match="already exists. Choose another folder"):
        write_dataset(folder, small_info(), [])
    assert (folder / "clips.csv").read_bytes() == before


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("fusbench.data.writer.save_array", full)
    with pytest.raises(OutputError, match=r"cannot be written: No space left on device. Free some"):
        write_dataset(tmp_path / "full", small_info(), small_clips())
    assert list(tmp_path.iterdir()) == []

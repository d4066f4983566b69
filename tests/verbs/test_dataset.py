"""Data sets are made, dealt out, copied and shown in Python as by ``fusbench dataset``."""

import hashlib
import json
import shutil

import pytest
from support.command import run as command

import fusbench


def bytes_of(folder):
    """Every file of a folder by its name, hashed."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_a_data_set_is_made_to_the_same_bytes(tmp_path):
    made = fusbench.make_dataset("phantom-tiny", tmp_path / "a", seed=3, lag_s=0.1)
    command("dataset", "make", "phantom-tiny", tmp_path / "b", "--seed", 3, "--lag-s", 0.1)
    assert bytes_of(made.root) == bytes_of(tmp_path / "b")
    assert "lag of 100 ms" in made.info.description
    other = fusbench.open_dataset("phantom-tiny")
    assert made.fingerprint("test") != other.fingerprint("test")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "phantom-tyni"}, "no phantom is called 'phantom-tyni'. Did you mean"),
        ({"lag_s": 1.5}, r"a lag of 1.5 s is outside 0\.\.1"),
        ({"seed": -1}, "the seed -1 is negative"),
    ],
)
def test_what_cannot_be_made_is_told(tmp_path, given, words):
    with pytest.raises(fusbench.FusbenchError, match=words):
        fusbench.make_dataset(**{"name": "phantom-tiny", "out": tmp_path / "a", **given})


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({"shares": (50, 25, 25), "seed": 2}, ("--shares", "50,25,25", "--seed", 2)),
        ({"folds": 3, "patients": {f"s{n}": f"p{n}" for n in range(1, 5)}}, ("--folds", 3)),
        ({}, ()),
    ],
)
def test_scans_are_dealt_out_the_same(folder, tmp_path, given, options):
    copy = shutil.copytree(folder, tmp_path / "copy")
    parts = fusbench.split_dataset(folder, **given)
    told = json.loads(command("dataset", "split", copy, *options, "--json").stdout)
    assert told["scans"] == dict(parts.scans)
    assert bytes_of(folder) == bytes_of(copy)
    clips = fusbench.open_dataset(folder).clips
    for part, scans, n_clips, frames, share in parts.frame.itertuples():
        mine = [clip for clip in clips if parts.scans[clip.scan_id] == part]
        counted = len({clip.scan_id for clip in mine}), len(mine), sum(c.n_frames for c in mine)
        assert (scans, n_clips, frames) == counted
        assert share == frames / sum(clip.n_frames for clip in clips)
    shown = command("dataset", "split", copy, *options).stdout
    assert all(remark in shown for remark in parts.remarks)
    assert bool(parts.remarks) == ("folds" not in given)
    cells = [cell for line in parts.table()[1] for cell in line]
    assert all(f"<td>{cell}</td>" in parts._repr_html_() for cell in cells)
    assert all(cell in shown for cell in cells)


def test_a_fold_and_shares_at_once_and_no_folder_are_told(folder, tmp_path):
    with pytest.raises(fusbench.FusbenchError, match="shares and folds exclude each other"):
        fusbench.split_dataset(folder, shares=(1, 1, 1), folds=3)
    for shares, words in (((1, 2), "not three"), ((1, 2, float("nan")), "not all positive")):
        with pytest.raises(fusbench.FusbenchError, match=f"are {words}. Use 60,20,20"):
            fusbench.split_dataset(folder, shares=shares)
    with pytest.raises(fusbench.FusbenchError, match="the embedded ones keep their splits"):
        fusbench.split_dataset("phantom-tiny")


def test_gaze_is_withheld_to_the_same_bytes(folder, tmp_path):
    data = fusbench.open_dataset(folder)
    mine = fusbench.withhold_gaze(data, str(tmp_path / "a"))
    shown = command("dataset", "withhold", folder, tmp_path / "b").stdout
    assert bytes_of(mine) == bytes_of(tmp_path / "b")
    assert data.fingerprint("test") in shown
    public = fusbench.open_dataset(mine)
    assert [len(clip.gaze) for clip in public.split("test")] == [0, 0]


def test_it_is_shown_the_same(folder):
    found = fusbench.show_dataset(folder)
    told = json.loads(command("dataset", "show", folder, "--json").stdout)
    for split in ("train", "val", "test"):
        row = found.frame.loc[split]
        for key, value in {**told["splits"][split], **told["quality"][split]}.items():
            assert list(row[key]) == value if isinstance(value, list) else row[key] == value
    assert told["info"]["name"] in found._repr_html_()
    assert len(found.plot().axes[0].images) == 4  # scans

"""A board's rules: which frames and models they leave, and what is wrong with them."""

import numpy as np
import pytest
from support.fake_board import add_fake, fake_board, fake_scores

from fusbench.board.clips import TargetClip
from fusbench.board.rules import Board, check_data, new_board, read_board
from fusbench.board.standings import read_table
from fusbench.data.dataset import open_dataset
from fusbench.data.window import Window
from fusbench.errors import ConfigError, DatasetError, UnknownName


def test_a_margin_leaves_frames_where_windows_are_complete():
    """Against the windows themselves, for every placement and every length up to margin + 1."""
    n, margin, horizon = 30, 4, 3
    clip = TargetClip(scan_id="s", clip_id="c", n_frames=n, with_gaze=np.arange(n))
    rules = fake_rules(margin=margin, horizon=0)
    kept = set(np.flatnonzero(Board(root=None, rules=rules, clips=(clip,)).counted))
    complete = [
        set(Window(length=length, placement=placement).complete_targets(n))
        for length in range(1, margin + 2)
        for placement in ("before", "around", "after")
    ]
    assert kept == set.intersection(*complete)
    rules = fake_rules(margin=margin, horizon=horizon)
    kept = set(np.flatnonzero(Board(root=None, rules=rules, clips=(clip,)).counted))
    ahead = set(Window(length=margin + 1, horizon=horizon).complete_targets(n))
    assert kept == ahead & set(range(n - margin))


def fake_rules(**changes):
    from fusbench.board.rules import Rules
    from fusbench.metrics import signature

    return Rules(
        title="", dataset="", dataset_version="", split="test", synthetic=True, fingerprint="",
        profile="tuebingen", signature=signature("tuebingen", 2.0), **changes,
    )  # fmt: skip


def test_a_margin_changes_the_numbers_without_a_new_run(tmp_path):
    board = fake_board(tmp_path / "board", scans=6, frames=12, margin=3)
    add_fake(board, "model")
    (row,) = read_table(board).standings
    scores = fake_scores(board)
    middle = scores[(scores["frame"] >= 3) & (scores["frame"] < 9)]
    assert row.intervals[0, 0] == pytest.approx(middle["kld"].mean(), rel=1e-12)
    assert read_table(board).n_frames == 36


def test_a_horizon_is_asked_of_models_alone(tmp_path):
    board = fake_board(tmp_path / "board", frames=20, horizon=5)
    window = {"length": 6, "placement": "before", "stride": 1, "horizon": 5}
    assert add_fake(board, "ahead", window=window) == []
    assert add_fake(board, "now") == ["the model's horizon is 0 frames, the board's 5"]
    assert add_fake(board, "uniform", role="floor") == []
    assert add_fake(board, "hint", role="hint") != []
    assert add_fake(board, "hint15", role="hint", window=window | {"horizon": 15}) == []


def test_a_new_board_follows_from_its_data(folder, tmp_path):
    data = open_dataset(folder)
    board = new_board(tmp_path / "board", data, title="Small", split="test", margin=1)
    again = read_board(tmp_path / "board")
    assert again.rules == board.rules
    assert [c.clip_id for c in again.clips] == ["s3-c1", "s4-c1"]
    for old, new in zip(board.clips, again.clips, strict=True):
        np.testing.assert_array_equal(old.with_gaze, new.with_gaze)
    assert again.rules.fingerprint == data.fingerprint("test")
    assert int(again.counted.sum()) == 8 + 6


def test_another_version_of_the_data_is_refused_by_its_number(folder, tmp_path):
    board = new_board(tmp_path / "board", open_dataset(folder), title="Small", split="test")
    text = (folder / "dataset.toml").read_text()
    info = open_dataset(folder).info
    (folder / "dataset.toml").write_text(
        text.replace(f'version = "{info.version}"', 'version = "9"')
    )
    check_data(board, open_dataset(folder))  # the same content under another number
    (folder / "dataset.toml").write_text(
        text.replace(f'version = "{info.version}"', 'version = "9"').replace(
            f"sigma_px = {info.sigma_px}", f"sigma_px = {info.sigma_px + 1}"
        )
    )
    words = (
        f"this is {info.name} 9, and the board is of {info.version}. Scores of the two are never"
    )
    with pytest.raises(DatasetError, match=words):
        check_data(board, open_dataset(folder))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("schema = 1", "schema = 9", "schema 9 is unknown"),
        ("margin = 0", "margin = -1", "margin -1 is negative"),
        ("margin = 0", 'margin = "0"', "margin = '0' is a text, not a whole number"),
        ("margin = 0", "margin = 8", "leave no frame. Use a smaller margin"),
        ("margin = 0", "margni = 0", "the key 'margni' is unknown. Did you mean 'margin'"),
        ('primary = "kld"', 'primary = "klt"', "no metric of this signature is called 'klt'"),
        ('split = "test"\n', "", "the key 'split' is missing"),
        ("schema = 1", "schema", "is not valid TOML"),
    ],
)
def test_faulty_rules_are_told(tmp_path, old, new, words):
    board = fake_board(tmp_path / "board")
    path = board.root / "board.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises((ConfigError, UnknownName), match=words):
        read_board(board.root)


def test_faulty_places_are_told(tmp_path, folder):
    with pytest.raises(ConfigError, match="holds no board.toml. Make a board with"):
        read_board(tmp_path)
    board = fake_board(tmp_path / "board")
    with pytest.raises(ConfigError, match="already exists"):
        new_board(board.root, open_dataset(folder), title="", split="test")
    clips = board.root / "clips.csv"
    clips.write_text(clips.read_text().replace("1-7", "7-1", 1))
    with pytest.raises(ConfigError, match="clips.csv, row 2: is no clip of a board"):
        read_board(board.root)

"""A text in a file is the number that it shows, or none, whoever reads it."""

import math
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from support.fake_board import fake_board

import fusbench
from fusbench.board.clips import read_clips
from fusbench.board.rules import read_board
from fusbench.board.scores import read_scores
from fusbench.cli import cli
from fusbench.data.checking import check_dataset
from fusbench.data.dataset import open_dataset
from fusbench.data.split import count_folds, fold_scans
from fusbench.data.tables import numbers as table_numbers
from fusbench.errors import CheckpointError, ConfigError, DatasetError, UnknownName
from fusbench.evaluation.results import read_scores as read_run_scores
from fusbench.footage.clock import clock_ns, nanoseconds, parse_time
from fusbench.footage.header import number as header_number
from fusbench.footage.kinds import natural
from fusbench.importing.cells import numbers as cell_numbers
from fusbench.importing.mapping import Rule
from fusbench.numerals import fraction, is_whole, number, numbers, whole
from fusbench.reading import read_json, read_toml
from fusbench.searching.grid import numbers as listed_numbers
from fusbench.zoo.checkpoint import network_of, read_checkpoint, write_checkpoint
from fusbench.zoo.entries import card
from fusbench.zoo.weights import bundled, training_facts

ODD = (
    "1_0", "\u0663", "\uff11\uff10", "\u00b2", "nan", "inf", "-Infinity", "0x1F", "1e", "--1", "",
    " ", "1 0", "\u00a01", "1\u2009", "1.2.3", "1d5", "True", "\udcff",
)  # fmt: skip
"""Some of which Python takes for numbers."""
PADDED = ("\u00a01", "1\u2009")
READERS = {
    "number": number,
    "whole": whole,
    "fraction": fraction,
    "list": lambda text: listed_numbers(text, "--m"),
    "numbers": lambda text: finite(numbers([text])[0]),
    "table": lambda text: finite(table_numbers([text])[0]),
    "time": lambda text: nanoseconds([text], "s")[0],
    "header": lambda text: finite(float(header_number(text) or math.nan)),
}


def finite(value):
    if not math.isfinite(value):
        raise ValueError(value)
    return value


@pytest.mark.parametrize("text", ODD)
def test_what_shows_no_decimal_number_is_none(text):
    for name, reader in READERS.items():
        if name == "time" and text in PADDED:  # by what trackers' tables are padded with
            continue
        with pytest.raises((ValueError, ConfigError)):
            print(name, reader(text))
    values = cell_numbers(pd.Series([text, "2"], dtype=object)).values
    assert values[1] == 2
    assert np.isnan(values[0]) or text in PADDED


def test_numbers_are_what_they_show():
    draw = random.Random(3)
    texts = [f"{draw.uniform(-1e3, 1e3):.{draw.randrange(1, 18)}f}" for _ in range(500)]
    texts += ["+1", ".5", "5.", "1e3", "1E-3", "-0", " 2 ", "\t2", "00012"]
    for text, value in zip(texts, numbers(texts), strict=True):
        assert value == number(text) == float(Fraction(text.strip())) == float(fraction(text))
    assert numbers(["1", "1_0", "2"])[::2] == [1.0, 2.0]
    assert numbers(["1e999"]) == [math.inf]
    assert (whole("0"), whole("012"), is_whole("9" * 18), is_whole("9" * 19)) == (
        0,
        12,
        True,
        False,
    )
    assert fraction("30000/1001") == Fraction(30000, 1001)
    for text in ("1/0", "1/2/3", "-1/2", "1.5/2", "1e999999999", "1" * 500):
        with pytest.raises(ValueError, match="is no number"):
            fraction(text)


def test_scores_of_a_run_are_as_they_are_shown(folder, tmp_path):
    """`compare`, `view` and `reproduce` read them so."""
    scores = fusbench.evaluate("uniform", folder, runs=tmp_path / "runs").folder / "scores.csv"
    head, row, *rows = scores.read_text().splitlines(keepends=True)
    cells = row.split(",")
    for place, odd in ((3, "1_0"), (3, "\u0661"), (2, "1_1"), (3, "infinity")):
        damaged = ",".join([*cells[:place], odd, *cells[place + 1 :]])
        scores.write_text("".join([head, damaged, *rows]))
        with pytest.raises(DatasetError, match="is no (whole )?number"):
            read_run_scores(scores.parent)


def test_a_board_reads_no_odd_numbers(tmp_path):
    board = read_board(fake_board(tmp_path / "board").root)
    lines = (board.root / "clips.csv").read_text().splitlines()
    scan, clip, count, gaze = lines[1].split(",")
    for odd in (f"{count[:1]}_{count[1:]}", f" {count}", f"+{count}", "\u0665"):
        (board.root / "clips.csv").write_text("\n".join([lines[0], f"{scan},{clip},{odd},{gaze}"]))
        with pytest.raises(ConfigError, match="is no clip of a board"):
            read_clips(board.root / "clips.csv")
    head = ["scan_id,clip_id,frame,kld,sim,nss,cc"]
    keys = list(zip(*board.keys[:2], board.keys[2].tolist(), strict=True))
    good = [f"{scan},{clip},{frame},1.0,0.5,1.0,0.5" for scan, clip, frame in keys]
    assert read_scores("\n".join(head + good) + "\n", board).covers
    for odd in ("1_0", "\u0661", "nan", "infinity"):
        damaged = [good[0].replace(",1.0,0.5,1.0,", f",{odd},0.5,1.0,"), *good[1:]]
        with pytest.raises(DatasetError, match=r"does not hold a number|is no number|not finite"):
            read_scores("\n".join(head + damaged) + "\n", board)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("clips.csv", ",10,", ",1_0,", "n_frames 1_0 is no positive whole number"),
        ("gaze.csv", "s1-c1,5,", "s1-c1,\u0665,", "a value is missing or not finite"),
        ("gaze.csv", "s1-c1,5,", "s1-c1,0_5,", "a value is missing or not finite"),
        ("segments.csv", ",0,4,", ",0,0_4,", "first_frame and last_frame are no range"),
        ("dataset.toml", "sigma_px = 2.0", "sigma_px = inf", "inf is no finite number"),
        ("dataset.toml", "frame_rate_hz = 30.0", "frame_rate_hz = nan", "nan is no finite number"),
    ],
)
def test_a_data_set_reads_no_odd_numbers(file, old, new, words, folder):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    assert words in str(check_dataset(folder)[0])


def test_folds_are_digits(folder):
    fold_scans(folder, open_dataset(folder).clips, 3)
    table = folder / "folds.csv"
    table.write_text(table.read_text().replace(",1\n", ",0_1\n", 1))
    with pytest.raises(DatasetError, match="is no table of scan_id and fold"):
        count_folds(folder)


def test_toml_and_json_hold_finite_numbers(tmp_path):
    path = tmp_path / "a"
    for text in ("a = nan", "a = -inf", "a = [{b = 1e999}]"):
        path.write_text(text)
        with pytest.raises(ConfigError, match="is no finite number"):
            read_toml(path, ConfigError)
    path.write_text("a = 1_000.5\nb = 1e3")  # as TOML writes numbers
    assert read_toml(path, ConfigError) == {"a": 1000.5, "b": 1000.0}
    for text in ('{"a": NaN}', '{"a": [-Infinity]}', '{"a": 1e999}', '{"a": 1_0}'):
        path.write_text(text)
        with pytest.raises(ConfigError, match="is no valid JSON"):
            read_json(path, ConfigError)


def test_times_are_digits():
    for text in ("1\u0660:00", "10:0\u0660:00", "1_0", "\u0661s"):
        assert clock_ns(text) is None
        with pytest.raises(ConfigError, match="is no time"):
            parse_time(text)


def test_names_with_other_digits_are_sorted():
    names = ["f9.png", "f10.png", "f\u00b2.png", "f\u0663.png", f"{9 * 10**18}", f"{10**19}"]
    assert [path.name for path in sorted(map(Path, reversed(names)), key=natural)] == names


def test_a_rule_with_two_points_is_told():
    assert Rule.parse("a >= .5").least == 0.5
    with pytest.raises(ConfigError, match="cannot be read"):
        Rule.parse("a >= 1.2.3")


@pytest.mark.parametrize(
    ("key", "value"),
    [("steps", "1_0"), ("steps", "x"), ("val_loss", "nan"), ("history", "inf"), ("recipe", "[]"),
     ("seed", 3), ("best_step", "-1")],
)  # fmt: skip
def test_metadata_of_a_stranger_are_told_in_a_line(key, value, tmp_path):
    of_torch = {"backend": "torch", "loader": "fusbench_torch.model:load", "learner": None}
    unet = card("unet", **of_torch)  # without the plug-in
    stored = read_checkpoint(bundled(unet.checkpoint, unet.name))
    path = tmp_path / "a.safetensors"
    write_checkpoint(path, stored.weights, {**stored.metadata, key: value})
    with pytest.raises(CheckpointError, match="do not tell of a training"):
        training_facts(replace(unet, checkpoint=str(path)), path)
    for odd in ("1_6", "\u0664", " 4"):
        with pytest.raises(CheckpointError, match="name no network"):
            network_of({**stored.metadata, "base": odd})


def test_options_are_the_numbers_that_they_show(tmp_path):
    line = ["train", "--model", "unet-torch", "--dataset", "none", "--out", str(tmp_path / "a")]
    told = CliRunner().invoke
    for option, odd in (
        ("--max-steps", "1_0"), ("--seed", "\u0663"), ("--max-steps", " 3"),
        ("--learning-rate", "nan"), ("--learning-rate", "1_0"), ("--learning-rate", "inf"),
    ):  # fmt: skip
        done = told(cli, [*line, option, odd])
        assert done.exit_code == 2
        assert f"Invalid value for '{option}': '{odd}' is no" in done.output
    config = tmp_path / "c.toml"
    for setting in ("max-steps = 1.7", "max-steps = true", "max-steps = '1_0'"):
        config.write_text(f"[train]\n{setting}\n")
        done = told(cli, [*line, "--config", str(config)])
        assert done.exit_code == 2
        assert "is no whole number" in done.output
    for option, good in (("--max-steps", "3"), ("--learning-rate", "1e-3")):
        assert isinstance(told(cli, [*line, option, good]).exception, UnknownName)

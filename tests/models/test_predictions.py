"""Predictions that another program has made: scored by the same code, and refused with a reason."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest
from support import fake_models
from support.command import error_of, run

from fusbench.data.dataset import open_dataset
from fusbench.doors.registry import load_model
from fusbench.errors import PredictionError
from fusbench.evaluation.job import Evaluation
from fusbench.evaluation.results import read_scores
from fusbench.evaluation.run import evaluate
from fusbench.models.densities import densities
from fusbench.models.predictions import Predictions, predictions


@pytest.fixture
def data(folder):
    return open_dataset(folder)


@pytest.fixture
def made(data, tmp_path):
    """What a model predicts for the test split, as another program would leave it."""
    card = fake_models.card("Brightness")
    folder = tmp_path / "My Program"
    folder.mkdir()
    for clip in data.split("test"):
        targets = np.arange(clip.n_frames)
        maps = np.stack(list(densities(load_model(card), card, clip, targets)))
        np.save(folder / f"{clip.clip_id}.npy", maps)
    return folder


def evaluated(folder, data, runs, **options):
    entrant = predictions(folder, data, "test", **options)
    job = Evaluation(card=entrant.card, dataset=data, source=entrant.source, owner=entrant.owner)
    return evaluate(job, runs, load=lambda: entrant.load(data))


def test_they_score_like_the_model_that_made_them(made, data, tmp_path):
    result, run_folder = evaluated(made, data, tmp_path / "runs")
    job = Evaluation(card=fake_models.card("Brightness"), dataset=data)
    _, model_folder = evaluate(job, tmp_path / "runs")
    scores = [read_scores(place) for place in (run_folder, model_folder)]
    pd.testing.assert_frame_equal(*scores, rtol=1e-12)
    assert result.model.name == "my-program"
    assert result.model.distribution == "predictions"
    assert (run_folder / "frames.png").exists() is False  # the command line draws it


def test_the_command_line_shows_them_in_the_table(made, folder, tmp_path):
    done = run(
        "evaluate", f"--predictions=mine={made}", "--predictions", made, "--model", "uniform",
        "--dataset", folder, "--out", tmp_path / "runs",
    )  # fmt: skip
    rows = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert [r for r in rows if r in ("mine", "my-program", "uniform", "mean-map")] == [
        "mean-map",
        "uniform",
        "mine",
        "my-program",
    ]
    assert list((tmp_path / "runs").glob("mine-*/frames.png"))


def test_npz_and_other_sizes_are_taken(made, data, tmp_path):
    path = made / "s3-c1.npy"
    maps = np.load(path)
    small = maps.reshape(10, 12, 2, 16, 2).sum((2, 4))
    path.unlink()
    np.savez_compressed(made / "s3-c1.npz", small.astype(np.float32))
    found = Predictions(folder=made).predict_gaze(data.split("test")[0], np.array([2, 5]))
    assert found.shape == (2, 24, 32)
    np.testing.assert_allclose(found.sum((1, 2)), 1)
    middle = found[1].reshape(12, 2, 16, 2).sum((1, 3))
    assert np.corrcoef(middle.ravel(), small[5].ravel())[0, 1] > 0.9


def test_frames_without_gaze_may_hold_anything(made, data, tmp_path):
    maps = np.load(made / "s3-c1.npy")
    maps[0] = np.nan  # frame 0 has no gaze
    np.save(made / "s3-c1.npy", maps)
    assert evaluated(made, data, tmp_path)[0].n_frames == 16


def test_the_key_follows_the_content(made, data, tmp_path):
    first = evaluated(made, data, tmp_path)[0].key
    assert evaluated(made, data, tmp_path)[0].key == first
    maps = np.load(made / "s4-c1.npy")
    np.save(made / "s4-c1.npy", maps[::-1])
    assert evaluated(made, data, tmp_path)[0].key != first


def test_integer_maps_need_a_flag_and_are_warned_of(made, folder, tmp_path):
    for path in made.glob("*.npy"):
        maps = np.load(path)
        whole = np.round(255 * maps / maps.max((1, 2), keepdims=True)).astype(np.uint8)
        np.save(path, whole)
    base = ("evaluate", "--predictions", made, "--dataset", folder, "--out", tmp_path / "runs")
    assert "holds uint8 maps, whose rounding shifts KLD by more than models differ. Write" in (
        error_of(*base)
    )
    done = run(*base, "--allow-8-bit", "--json")
    assert done.stderr.startswith("warning: ")
    assert "their rounding shifts KLD" in done.stderr
    assert json.loads(done.stdout)["model"]["title"].endswith("of integer maps")


def test_pictures_are_maps_of_integers(made, data):
    path = made / "s4-c1.npy"
    maps = np.load(path)
    whole = np.round(255 * maps / maps.max((1, 2), keepdims=True)).astype(np.uint8)
    path.unlink()
    (made / "s4-c1").mkdir()
    for number, picture in enumerate(whole):
        cv2.imwrite(str(made / "s4-c1" / f"map{number + 5}.png"), picture)  # 5..12: not by text
    with pytest.raises(PredictionError, match="holds uint8 maps"):
        predictions(made, data, "test")
    entrant = predictions(made, data, "test", integers=True)
    found = entrant.load(data).predict_gaze(data.split("test")[1], np.arange(8))
    np.testing.assert_allclose(found, whole / whole.sum((1, 2), keepdims=True, dtype=float))


@pytest.mark.parametrize("name", ["map7.png", "map12.png"])
def test_a_picture_that_is_none_is_told_of_its_decoder(made, data, name):
    (made / "s4-c1.npy").unlink()
    (made / "s4-c1").mkdir()
    for number in range(8):
        cv2.imwrite(str(made / "s4-c1" / f"map{number + 5}.png"), np.full((24, 32), 9, np.uint16))
    deep = predictions(made, data, "test", integers=True).load(data)
    assert deep.predict_gaze(data.split("test")[1], np.arange(8)).shape == (8, 24, 32)
    (made / "s4-c1" / name).write_bytes(b"no picture")
    with pytest.raises(PredictionError, match=rf"{name}: is no grey picture like the first. Wri"):
        predictions(made, data, "test", integers=True)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda maps: maps[:-1], "holds 9 x 24 x 32 numbers, not 10 x rows x columns. Write a"),
        (lambda maps: np.concatenate([maps, maps]), "holds 20 x 24 x 32 numbers, not 10 x rows"),
        (lambda maps: maps.transpose(0, 2, 1), "holds maps of 32 x 24, whose sides are not those"),
        (lambda maps: maps.transpose(1, 0, 2), "holds 24 x 10 x 32 numbers, not 10 x rows"),
        (lambda maps: maps.astype(np.float16), "holds float16 maps, whose small values are lost"),
        (lambda maps: maps[0], "holds 24 x 32 numbers, not 10 x rows x columns"),
        (lambda maps: np.where(np.arange(10)[:, None, None] == 4, maps / 2, maps),
         r"s3-c1.npy, frame 4: the density sums to 0.5000, not 1. Normalise"),
        (lambda maps: -maps, "s3-c1.npy, frame 1: the density has negative values"),
        (lambda maps: maps.astype(np.int64), "holds int64. Write float32 densities"),
        (lambda maps: (0 * maps).astype(np.uint8), "frame 1: the map is black"),
        (lambda maps: np.array([{}], dtype=object), "is truncated or no array of numbers"),
    ],
)  # fmt: skip
def test_what_is_no_prediction_is_refused(made, data, tmp_path, spoil, words):
    path = made / "s3-c1.npy"
    np.save(path, spoil(np.load(path)), allow_pickle=True)
    with pytest.raises(PredictionError, match=words):
        evaluated(made, data, tmp_path, integers="black" in words)


def test_missing_and_damaged_files_are_told(made, data):
    path = made / "s3-c1.npy"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(PredictionError, match="s3-c1.npy: is truncated or no array of numbers"):
        predictions(made, data, "test")
    path.unlink()
    np.savez(made / "s3-c1.npz", a=np.ones(2), b=np.ones(2))
    with pytest.raises(PredictionError, match="holds 2 arrays, not one"):
        predictions(made, data, "test")
    (made / "s3-c1.npz").unlink()
    with pytest.raises(PredictionError) as error:
        predictions(made, data, "test")
    assert str(error.value).endswith(
        "holds no predictions for 1 of 2 clips (s3-c1). Write s3-c1.npy, a density for each frame"
        " of the clip."
    )
    np.save(made / "s3-c1.npy", np.ones(2))
    (made / "s3-c1.npz").touch()
    with pytest.raises(PredictionError, match=r"s3-c1.npy and s3-c1.npz predict one clip. Keep"):
        predictions(made, data, "test")
    with pytest.raises(PredictionError, match="no folder is here"):
        predictions(made / "none", data, "test")


def test_a_control_that_needs_a_model_is_wrong_usage(made, folder):
    done = run("evaluate", "--predictions", made, "--dataset", folder, "--freeze-history", code=2)
    assert "--freeze-history needs a model" in done.stderr

"""What a page is made of: sources, the choice of clips, sheets, and names that are harmless."""

import base64
import json
import shutil
import sys

import cv2
import numpy as np
import pandas as pd
import pytest
from support.command import error_of, run
from support.fake_models import card
from support.small_dataset import small_clips, small_info

from fusbench import open_dataset
from fusbench.data.frames import fit_density
from fusbench.data.writer import write_dataset
from fusbench.errors import PredictionError, UnknownName
from fusbench.evaluation.results import read_scores
from fusbench.metrics import signature
from fusbench.view.content import _all_maps, choose_clips, content
from fusbench.view.page import render
from fusbench.view.sheet import COLUMNS, ROWS, fitted_shape, frame_sheets, map_sheets
from fusbench.view.source import Source, folder_source
from fusbench.web.document import embedded

SIGNATURE = signature("tuebingen", 2.0)


def decoded(uri):
    data = base64.b64decode(uri.partition(",")[2])
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def source(scores, name="model"):
    table = pd.DataFrame(scores, columns=["clip_id", "kld"])
    return Source(name=name, title=name, scores=table, summary={})


def test_maps_keep_the_root_of_each_share():
    rng = np.random.default_rng(0)
    densities = rng.random((COLUMNS * ROWS + 2, 48, 64)) ** 8
    densities /= densities.sum((1, 2), keepdims=True)
    maps = map_sheets(densities, (12, 16))
    first, second = (decoded(uri) for uri in maps.sheets)
    assert first.shape == (12 * ROWS, 16 * COLUMNS)
    assert second.shape == (12, 16 * COLUMNS)  # no taller than it must be
    tiles = {0: first[:12, :16], 7: first[12:24, 16:32], 31: second[:12, 16:32]}
    for number, tile in tiles.items():
        want = fit_density(densities[number], (12, 16))
        share = (tile / 255.0) ** 2
        assert np.abs(share - want / want.max()).max() <= 2 / 255
        assert maps.peaks[number] == pytest.approx(densities[number].max(), rel=1e-3)


def test_frames_keep_their_look_and_colour():
    frames = np.zeros((2, 40, 60, 3), np.uint8)
    frames[0, :, :, 0] = 200  # red
    frames[1, :, :, 2] = 200  # blue
    sheet = decoded(frame_sheets(frames, (20, 30))[0])
    red, blue = sheet[10, 15].astype(int), sheet[10, 45].astype(int)  # in OpenCV's order
    assert np.abs(red - (0, 0, 200)).max() < 12
    assert np.abs(blue - (200, 0, 0)).max() < 12
    assert fitted_shape((40, 60), 320) == (40, 60)  # never enlarged


def test_half_the_clips_are_the_worst_and_half_the_best(folder):
    data = open_dataset(folder)
    rows = [("s1-c1", 1.0), ("s1-c1", 3.0), ("s1-c2", 5.0)]
    (worst, best) = choose_clips(data, "train", [source(rows)], 2)
    assert (worst.clip_id, best.clip_id) == ("s1-c2", "s1-c1")
    (worst,) = choose_clips(data, "train", [source(rows)], 1)
    assert worst.clip_id == "s1-c2"
    assert len(choose_clips(data, "train", [source(rows)], 0)) == 2
    only = source(rows[:2])
    assert [c.clip_id for c in choose_clips(data, "train", [only], 9)] == ["s1-c1"]
    assert [c.clip_id for c in choose_clips(data, "test", [], 2)] == ["s3-c1", "s4-c1"]
    named = choose_clips(data, "test", [], 1, ["s4-c1", "s3-c1"])
    assert [c.clip_id for c in named] == ["s4-c1", "s3-c1"]
    with pytest.raises(UnknownName, match="no clip is called 's4-c2'. Did you mean 's4-c1'"):
        choose_clips(data, "test", [], 1, ["s4-c2"])


def test_a_folder_of_predictions_has_the_scores_of_the_run(folder, tmp_path):
    """Two ways to the same numbers: `evaluate`, and `predict` scored by the page."""
    done = run("evaluate", "--model", "mean-map", "--dataset", folder, "--json", "--out", tmp_path)
    scores = read_scores(tmp_path / json.loads(done.stdout)["key"])
    run(
        "predict",
        "--model",
        "mean-map",
        "--dataset",
        folder,
        "--out",
        tmp_path / "p",
        "--no-overlay",
    )
    again = folder_source(tmp_path / "p", open_dataset(folder), "test", SIGNATURE).scores
    pd.testing.assert_frame_equal(again, scores, rtol=1e-5, atol=1e-6)


def test_content_of_a_run(folder, tmp_path):
    done = run("evaluate", "--model", "mean-map", "--dataset", folder, "--json", "--out", tmp_path)
    result = json.loads(done.stdout)
    out = tmp_path / "page.html"
    done = run(
        "view", folder, "--result", tmp_path / result["key"], "--out", out, "--frames", 5, "--json"
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert told["bytes"] == out.stat().st_size
    page = out.read_text(encoding="utf-8")
    start = page.index('id="data">') + len('id="data">')
    shown = json.loads(page[start : page.index("</script>", start)])
    for key, row in shown["models"][0]["summary"].items():
        assert row == {end: result["summary"][key][end] for end in ("mean", "low", "high")}
    assert [clip["id"] for clip in shown["clips"]] == told["clips"]
    scores = read_scores(tmp_path / result["key"])
    for clip in shown["clips"]:
        mine = scores[scores["clip_id"] == clip["id"]]
        assert clip["n"] == 5
        assert clip["scores"][0]["frame"] == mine["frame"][mine["frame"] < 5].tolist()
        assert clip["scores"][0]["mean"]["kld"] == pytest.approx(mine["kld"].mean())
        assert len(clip["gaze"]) == 5
        assert clip["gaze"][0] == []  # the first frame has none
        assert len(clip["maps"][0]["peaks"]) == 5


@pytest.mark.parametrize("text", ["</script><script>x", "<!--", "&lt;", "\u2028", 'a"b\\'])
def test_strings_stay_strings(text):
    made = embedded({"name": text})
    assert json.loads(made) == {"name": text}
    assert not set(made) & set("<>&\u2028\u2029")


def test_the_page_holds_no_markup_of_a_stranger(tmp_path):
    hostile = "</script></title><img src=x onerror=alert(1)>{{data}}"
    root = write_dataset(tmp_path / "d", small_info(name=hostile, licence=hostile), small_clips())
    data = open_dataset(root)
    shown = content(
        data, "test", data.split("test"), [], signature=hostile, n_frames=9, side=64
    )  # fmt: skip
    page = render(shown)
    assert "<img" not in page
    assert page.count("</script>") == 2
    assert page.count("</title>") == 1
    assert "https:" not in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_frameworks_never_share_a_process(folder):
    """Two fakes that refuse to be loaded where the other one was."""
    data = open_dataset(folder)
    clips = data.split("test")

    def faked(backend):
        made = card("Framework", backend=backend, input_shape=(12, 16))
        return Source(name=backend, title=backend, scores=pd.DataFrame(), summary={}, card=made)

    both = _all_maps(data, clips, [faked("one"), faked("two")], 4, (12, 16), None)
    assert [[len(maps.peaks) for maps in of_source] for of_source in both] == [[4, 4], [4, 4]]
    assert not {"framework-one", "framework-two"} & set(sys.modules)


@pytest.fixture
def made(folder, tmp_path):
    """A data set and the folder of a finished run on it."""
    done = run("evaluate", "--model", "uniform", "--dataset", folder, "--json", "--out", tmp_path)
    return folder, tmp_path / json.loads(done.stdout)["key"]


def test_what_is_no_run(made, tmp_path):
    folder, result = made
    out = ("--out", tmp_path / "page.html")
    line = error_of("view", folder, "--result", tmp_path, *out)
    assert "holds no result.json." in line
    line = error_of("view", folder, "--result", result, "--split", "val", *out)
    assert "was made on other data (small, test split) than small, val split. Name the" in line
    line = error_of("view", folder, "--predictions", result, *out)
    assert "holds no predictions for the clips of small, test split. Give the folder" in line
    content = json.loads((result / "result.json").read_text())
    other = tmp_path / "other"
    shutil.copytree(result, other)
    changed = content | {"signature": "another", "profile": "mit"}
    (other / "result.json").write_text(json.dumps(changed))
    line = error_of("view", folder, "--result", result, "--result", other, *out)
    assert "the runs were scored in two ways: another and kld+sim" in line
    summary = content["summary"] | {"cc": {}}
    (other / "result.json").write_text(json.dumps(content | {"summary": summary}))
    line = error_of("view", folder, "--result", other, *out)
    assert "result.json: its summary lacks a mean. Run the evaluation again" in line
    (other / "result.json").write_text(json.dumps(content))
    whole = (other / "scores.csv").read_text()
    for spoilt, words in (
        (whole.replace("nss", "nsss"), "scores.csv: has no column 'nss'."),
        (whole.replace("s3-c1", "s9-c1"), "names frames that the data set does not hold."),
        (whole.replace(",9,", ",99,"), "names frames that the data set does not hold."),
        (whole.splitlines()[0], "scores.csv: holds no scores."),
    ):
        (other / "scores.csv").write_text(spoilt)
        assert words in error_of("view", folder, "--result", other, *out)
    (other / "scores.csv").write_text(whole)
    content["model"] |= {"weights_sha256": "12" * 32}
    content["config"] |= {"checkpoint": "mine.safetensors"}
    (other / "result.json").write_text(json.dumps(content))
    line = error_of("view", folder, "--result", other, *out)
    assert "the weights of this run (mine.safetensors, SHA-256 121212121212...) are not at" in line
    content["model"] |= {"name": "gone-model"}
    (other / "result.json").write_text(json.dumps(content))
    assert "no model is called 'gone-model'." in error_of("view", folder, "--result", other, *out)
    assert not (tmp_path / "page.html").exists()


def test_predictions_as_other_programs_write_them(folder, tmp_path):
    data = open_dataset(folder)
    run("evaluate", "--model", "uniform", "--dataset", folder, "--out", tmp_path / "runs")
    flat = np.full((10, 12, 16), 1 / (12 * 16), np.float32)
    np.savez(tmp_path / "s3-c1.npz", flat)
    source = folder_source(tmp_path, data, "test", SIGNATURE)
    uniform = read_scores(next((tmp_path / "runs").glob("uniform-*")))
    uniform = uniform[uniform["clip_id"] == "s3-c1"].reset_index(drop=True)
    pd.testing.assert_frame_equal(source.scores, uniform, rtol=1e-5, atol=1e-6)
    np.savez(tmp_path / "s3-c1.npz", np.full((10, 12, 16), 7, np.uint8))
    with pytest.raises(PredictionError, match="holds uint8 maps"):
        folder_source(tmp_path, data, "test", SIGNATURE)
    source = folder_source(tmp_path, data, "test", SIGNATURE, integers=True)
    pd.testing.assert_frame_equal(source.scores, uniform, rtol=1e-5, atol=1e-6)


def test_predictions_that_are_no_densities(folder, tmp_path):
    np.save(tmp_path / "s3-c1.npy", np.zeros((10, 24, 32), np.float32))
    with pytest.raises(PredictionError, match="s3-c1.npy, frame 1: the density sums to 0"):
        folder_source(tmp_path, open_dataset(folder), "test", SIGNATURE)

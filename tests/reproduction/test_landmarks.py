"""The mass on landmarks, from a run's file to the verdict on the paper's claims."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.small_dataset import SHAPE, small_clip, small_info

import fusbench
from fusbench.data.dataset import open_dataset
from fusbench.data.writer import write_dataset
from fusbench.errors import DatasetError
from fusbench.evaluation.landmarks import REACH, landmark_mass
from fusbench.evaluation.results import read_landmarks
from fusbench.reproduction.board import KEYS, read_board
from fusbench.reproduction.found import find_claims
from fusbench.reproduction.landmarks import BETTER, Kind, judge_landmarks, kinds, means
from fusbench.reproduction.page import to_page
from fusbench.reproduction.rows import SPATIAL
from fusbench.reproduction.sections import landmark_section
from fusbench.reproduction.segments import segments
from fusbench.reproduction.verdicts import FAILS, HOLDS, NOT_TRAINED, OPEN

NAMES = ("nasal bone", "palate", "nuchal translucency", "rump")


def disk(x, y, radius_px, shape=SHAPE):
    """Every pixel's distance, looked at one by one."""
    return np.array(
        [[np.hypot(c - x, r - y) <= radius_px for c in range(shape[1])] for r in range(shape[0])]
    )


@pytest.mark.parametrize("place", [(3.2, 4.9), (0, 0), (31.4, 23), (-1.5, 10), (500, 2), (40, -9)])
def test_mass_is_the_sum_over_a_disk(place):
    density = np.random.default_rng(1).random(SHAPE)
    found = landmark_mass(density, np.array([[*place, 0.5]]), 4.0)
    assert found == pytest.approx([density[disk(*place, 4.0)].sum()], rel=1e-12)


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """Ten test scans; the gaze rests on the nasal bone in even frames, on the rump in odd ones."""
    rng = np.random.default_rng(5)
    clips = [small_clip(9, "train")]
    for scan in range(11, 21):
        clip = small_clip(scan, "test", n_frames=24)
        places = np.empty((24, len(NAMES), 3), np.float32)
        places[..., :2] = [(6, 6), (16, 12), (16, 20), (26, 6)]
        places[..., :2] += rng.uniform(-1, 1, (24, 1, 2))
        places[..., 2] = 1
        places[:8, 2, 2] = 0.2  # the nuchal translucency comes into view
        at = places[clip.gaze.frame, np.where(clip.gaze.frame % 2, 3, 0)]
        gaze = replace(
            clip.gaze, x_px=np.round(at[:, 0], 2) + 0.0, y_px=np.round(at[:, 1], 2) + 0.0
        )
        clips.append(replace(clip, gaze=gaze, landmarks=places))
    clips[0] = replace(clips[0], landmarks=np.zeros((10, len(NAMES), 3), np.float32))
    info = small_info(landmarks=NAMES)
    return open_dataset(write_dataset(tmp_path_factory.mktemp("marked") / "data", info, clips))


@pytest.fixture(scope="module")
def floors(marked, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return {
        name: (fusbench.evaluate(name, dataset=marked, split="test", runs=folder).folder,)
        for name in ("uniform", "mean-map")
    }


@pytest.fixture(scope="module")
def scored(marked, floors):
    return read_board(floors, marked, margin=2)


def test_a_run_tells_the_mass_on_landmarks(marked, floors):
    """That of the uniform density is the share of pixels in the disk."""
    folder = floors["uniform"][0]
    table = read_landmarks(folder)
    scores = pd.read_csv(folder / "scores.csv")
    pd.testing.assert_frame_equal(table[KEYS], scores[KEYS])
    assert list(table.columns) == [*KEYS, *NAMES]
    clip = marked.split("test")[2]
    rows = table[table["clip_id"] == clip.clip_id].set_index("frame")
    for frame in (3, 10):
        for name, (x, y, _) in zip(NAMES, clip.landmarks[frame], strict=True):
            share = disk(x, y, REACH * 2.0).mean()
            assert rows.loc[frame, name] == pytest.approx(share, rel=1e-9)


def test_a_cut_file_of_masses_is_told(marked, floors, tmp_path):
    folder = shutil.copytree(floors["uniform"][0], tmp_path / "cut")
    path = folder / "landmarks.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-30]))
    with pytest.raises(DatasetError, match=r"landmarks.csv: does not tell of all landmarks"):
        read_board({"uniform": (folder,)}, marked, margin=2)


def test_which_frames_are_judged(marked, scored):
    found = {kind.landmark: kind for kind in kinds(marked, scored)}
    frame = scored.frames["frame"].to_numpy()
    assert found["nasal bone"].looked_at
    assert not found["nuchal translucency"].looked_at
    np.testing.assert_array_equal(found["nasal bone"].frames, frame % 2 == 0)
    np.testing.assert_array_equal(found["rump"].frames, frame % 2 == 1)
    np.testing.assert_array_equal(found["nuchal translucency"].frames, frame >= 8)
    assert means(scored, list(found.values())).keys() == {"uniform", "mean-map"}


def test_data_without_such_landmarks_have_no_claims_on_them(scans, found):
    assert {one.letter for one in found.findings} == set("abcdefg")
    assert kinds(scans, replace(found.board, info=scans.info)) == ()
    assert "knows no such landmarks" in to_page(found, command="x")


def invented(scored, gain, spread=0.02):
    """Masses of all rows: the two seeds of the cLSTMU-Net are better by `gain` on all landmarks."""
    rng = np.random.default_rng(2)
    base = rng.uniform(0.3, 0.5, (len(scored.frames), len(NAMES)))
    sign = np.array([1, 1, -1, 1])
    masses = {key: [base + rng.normal(0, spread, base.shape)] for key in SPATIAL}
    masses[BETTER] = [base + gain * sign + rng.normal(0, spread, base.shape) for _ in range(2)]
    return replace(scored, landmarks=masses)


@pytest.mark.parametrize(("gain", "verdict"), [(0.1, HOLDS), (-0.1, FAILS), (0.0, OPEN)])
def test_the_claims_on_landmarks(marked, scored, gain, verdict):
    changed = invented(scored, gain)
    found = judge_landmarks(changed, kinds(marked, scored))
    assert [one.verdict for one in found] == [verdict, verdict]
    assert [len(one.comparisons) for one in found] == [6, 3]
    rump = next(c for c in found[0].comparisons if "rump" in c.metric and c.worse == SPATIAL[0])
    odd = scored.frames["frame"].to_numpy() % 2 == 1
    ours, theirs = (
        np.mean(changed.landmarks[key], 0)[odd, 3].mean() for key in (BETTER, SPATIAL[0])
    )
    assert rump.found.mean == pytest.approx(ours - theirs, abs=1e-12)


def test_dead_and_missing_rows_decide_nothing(marked, scored):
    told, asked = invented(scored, 0.1), kinds(marked, scored)
    dead = judge_landmarks(replace(told, history={BETTER: [0.0001]}), asked)
    assert {one.verdict for one in dead} == {NOT_TRAINED}
    missing = judge_landmarks(scored, asked)
    assert {one.verdict for one in missing} == {OPEN}
    assert missing[0].missing == tuple(sorted((BETTER, *SPATIAL)))
    none = [Kind(landmark="rump", looked_at=True, frames=np.zeros(len(scored.frames), bool))]
    assert judge_landmarks(told, none)[0].comparisons[0].found is None


def test_the_page_tells_them(scans, found, marked, scored):
    told, asked = invented(scored, 0.1), kinds(marked, scored)
    claims = find_claims(told, segments(marked, scored.frames), (), asked)
    text = to_page(claims, command="x")
    assert "### (h) cLSTMU-Net finds nasal bone and rump" in text
    assert "| mass on rump, looked at |" in text
    mass = np.mean(told.landmarks[BETTER], axis=0)[asked[1].frames, 3].mean()
    lines = text[text.index("## Landmarks") :].splitlines()
    line = next(line for line in lines if line.startswith("| cLSTMU-Net"))
    assert f"{mass:.3f}" in line
    nowhere = replace(asked[1], frames=np.zeros(len(scored.frames), bool))
    line = landmark_section(told, (nowhere, asked[1])).splitlines()[-1]
    assert line.split("|")[2].strip() == "-"

"""Several observers of one video: pooled, each in turn, and the human ceiling."""

from dataclasses import replace

import numpy as np
import pytest
from support.small_dataset import SHAPE, small_clip, small_info

import fusbench
from fusbench.data.dataset import open_dataset
from fusbench.data.gaze import GazePoints, saliency_map
from fusbench.data.writer import write_dataset
from fusbench.doors.registry import load_model, model_card
from fusbench.errors import DatasetError, UnknownName
from fusbench.evaluation.viewing import viewings
from fusbench.metrics import kld
from fusbench.models.inter_observer import fit_agreement
from fusbench.models.mean_map import mean_map
from fusbench.verbs.board import Board

FRAMES, SIGMA = 10, 2.0


def watched(clip, observers=("a", "b", "c"), apart=1.0):
    """A clip on which all look near one spot that wanders; "b" loses the last two frames."""
    rng = np.random.default_rng([len(clip.clip_id), len(observers), int(clip.scan_id[1:])])
    spot = np.stack([rng.uniform(6, 25, FRAMES), rng.uniform(6, 17, FRAMES)])
    rows = [
        (frame, who, *(spot[:, frame] + rng.normal(0, apart, 2)))
        for frame in range(FRAMES)
        for who in observers
        if not (who == "b" and frame >= FRAMES - 2)
    ]
    frame, who, x, y = (np.array(column) for column in zip(*rows, strict=True))
    gaze = GazePoints(
        frame=frame.astype(np.int32), time_s=np.round(frame / 30, 6),
        x_px=np.round(x, 2), y_px=np.round(y, 2), observer_id=who,
    )  # fmt: skip
    return replace(clip, gaze=gaze)


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """Three train scans and two test scans, each seen by three people."""
    clips = [watched(small_clip(n, "train" if n < 4 else "test")) for n in (1, 2, 3, 4, 5)]
    return write_dataset(tmp_path_factory.mktemp("several") / "data", small_info(), clips)


def scores_of(name, folder, runs, **options):
    return fusbench.evaluate(name, folder, runs=runs, metrics=("kld", "nss"), **options).scores


def test_each_observer_in_turn_is_the_mean_over_maps_of_their_own(several, tmp_path):
    data = open_dataset(several)
    scores = scores_of("mean-map", several, tmp_path, observers="each")
    pooled = scores_of("mean-map", several, tmp_path)
    mean = mean_map(data)
    for row, whole in zip(scores.itertuples(), pooled.itertuples(), strict=True):
        clip = next(c for c in data.clips if c.clip_id == row.clip_id)
        at = clip.gaze.frame == row.frame
        each = [
            (saliency_map(np.array([x]), np.array([y]), SHAPE, SIGMA), x, y)
            for x, y in zip(clip.gaze.x_px[at], clip.gaze.y_px[at], strict=True)
        ]
        assert row.kld == pytest.approx(np.mean([kld(mean, one) for one, _, _ in each]), rel=1e-12)
        assert whole.kld < row.kld  # the map of all is flatter than each one's
        standard = (mean - mean.mean()) / mean.std()
        found = [standard[round(float(y)), round(float(x))] for _, x, y in each]
        assert row.nss == pytest.approx(np.mean(found), rel=1e-9)
        assert whole.nss == pytest.approx(row.nss, rel=1e-9)  # linear in the points


@pytest.mark.parametrize("observers", ["each", "pooled"])
def test_the_ceiling_predicts_nobody_from_themselves(several, tmp_path, observers):
    """Derived again: of three who look, the density of the ones and the map of the others."""
    data = open_dataset(several)
    model = load_model(model_card("inter-observer"), dataset=data)
    mean = mean_map(data)
    scores = scores_of("inter-observer", several, tmp_path, observers=observers)
    assert len(scores) == 2 * FRAMES
    for row in scores.itertuples():
        clip = next(c for c in data.clips if c.clip_id == row.clip_id)
        points = {
            who: (clip.gaze.x_px[at], clip.gaze.y_px[at])
            for who in "abc"
            if (at := (clip.gaze.frame == row.frame) & (clip.gaze.observer_id == who)).any()
        }
        assert len(points) == (2 if row.frame >= FRAMES - 2 else 3)
        found = []
        for who, own in points.items():
            rest = np.concatenate([xy for other, xy in points.items() if other != who], axis=1)
            seen, target = (rest, own) if observers == "each" else (own, rest)
            stay, spread_px = model.together if observers == "each" else model.alone
            near = saliency_map(*seen, SHAPE, np.hypot(spread_px, SIGMA))
            density = stay * near + (1 - stay) * mean
            found.append(kld(density, saliency_map(*target, SHAPE, SIGMA)))
        assert row.kld == pytest.approx(np.mean(found), rel=1e-9)


def test_agreement_is_fitted_to_the_train_split(several):
    """People 1 px apart from one spot lie sqrt(2) px apart from each other, nearly always."""
    model = load_model(model_card("inter-observer"), dataset=open_dataset(several))
    assert model.alone[0] > 0.9
    assert model.alone[1] == pytest.approx(np.sqrt(2), rel=0.2)
    assert model.together[1] < model.alone[1]  # of two others, one is the nearer


def test_the_fit_is_the_likeliest_of_a_grid():
    rng = np.random.default_rng(0)
    known = []
    for _ in range(400):
        others = rng.uniform(0, 30, (2, 3))
        own = others[:, 0] + rng.normal(0, 3, 2) if rng.random() < 0.7 else rng.uniform(0, 30, 2)
        known.append((((own[:, None] - others) ** 2).sum(axis=0), np.array(1 / 900)))

    squares = np.array([squares for squares, _ in known])

    def likelihood(stay, spread_px):
        near = np.exp(-squares / (2 * spread_px**2)).mean(axis=1)
        return np.log(stay * near / (2 * np.pi * spread_px**2) + (1 - stay) / 900).sum()

    stay, spread_px = fit_agreement(known)
    best = likelihood(stay, spread_px)
    grid = [(s, w) for s in np.linspace(0.05, 0.95, 19) for w in np.linspace(1, 8, 29)]
    assert best >= max(likelihood(*pair) for pair in grid)


def test_frames_that_one_person_watched_fall_back_to_the_mean_map(several):
    data = open_dataset(several)
    clip = data.split("test")[0]
    one = replace(clip, gaze=clip.gaze.of("a"))
    for mode in ("pooled", "each"):
        (view,) = viewings(one, mode, "others")
        assert len(view.seen.gaze) == 0
        assert view.frames.tolist() == list(range(FRAMES))
        assert view.targets_at(3)[0].gaze.at(3) == one.gaze.at(3)
    model = load_model(model_card("inter-observer"), dataset=data)
    np.testing.assert_array_equal(model.predict_gaze(view.seen, np.array([3]))[0], mean_map(data))


def test_the_ceiling_stands_in_tables_and_boards(several, tmp_path):
    rows = fusbench.evaluate(
        ["uniform"], several, baselines=True, observers="each", runs=tmp_path / "runs"
    )
    names = [run.name for run in rows.runs]
    assert names[-1] == "inter-observer"
    kld_of = {run.name: run.summary.loc["kld", "mean"] for run in rows.runs}
    assert kld_of["inter-observer"] < min(kld_of[name] for name in names[:-1])
    board = Board.new(tmp_path / "board", several, observers="each", published=False)
    fusbench.evaluate("uniform", several, board=board.folder, runs=tmp_path / "runs")
    assert dict(board.frame["role"])["inter-observer"] == "ceiling"
    assert board.check() == []
    text = (board.folder / "README.md").read_text()
    assert "inter-observer predicts each observer from all others" in text
    assert "No ceiling is known" not in text
    assert "observers:each" in board.rules.signature


def test_who_looked_counts_in_the_fingerprint_and_names_do_not(several, tmp_path):
    def kept(names):
        clips = [
            replace(c, gaze=replace(c.gaze, observer_id=names(c.gaze.observer_id)))
            for c in [watched(small_clip(4, "test"))]
        ]
        folder = write_dataset(tmp_path / str(len(list(tmp_path.iterdir()))), small_info(), clips)
        return open_dataset(folder).fingerprint("test")

    same = kept(lambda who: who)
    assert kept(lambda who: np.char.add(who, "x")) == same
    assert kept(lambda who: np.where(who == "a", "b", who)) != same
    assert kept(lambda who: np.full(len(who), "a")) == kept(lambda who: None)


def test_data_of_one_observer_has_no_human_ceiling(folder, tmp_path):
    with pytest.raises(DatasetError, match="no frame was watched by two observers"):
        fusbench.evaluate("inter-observer", folder, runs=tmp_path)
    with pytest.raises(UnknownName, match="no way to score observers is called 'all'"):
        fusbench.evaluate("uniform", folder, runs=tmp_path, observers="all")

"""Models whose densities follow from the whole clip so far: asked for nothing but that."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from support.fake_models import BrightnessByClip, card
from support.streamers import (
    FADE,
    KnowsTheLength,
    NeverForgets,
    NoisyLater,
    SeesWhatIsBright,
    StepsElsewhere,
    StretchesTheClip,
    Trail,
)

import fusbench
from fusbench import Stream, Window
from fusbench.data.dataset import open_dataset
from fusbench.errors import ConfigError, PluginError, PredictionError
from fusbench.evaluation.job import Evaluation
from fusbench.models.densities import densities
from fusbench.testing import measures
from fusbench.testing.trial import Trial

FILE = '''"""A trail that fades, in a file without a card."""

def step(frame, past):
    trail = frame + 1.0 if past is None else 0.8 * past + 0.2 * (frame + 1.0)
    return trail / trail.sum(), trail
'''
WHOLE = (
    FILE
    + """
import numpy as np

def predict_clip(frames):
    found, past = [], None
    for frame in frames:
        density, past = step(frame, past)
        found.append(density)
    return np.stack(found)
"""
)

WINDOWED = """
from fusbench import ModelCard, Window

class Model:
    def __init__(self, card, checkpoint=None, device="cpu"):
        pass

    def step(self, frame, past):
        return frame / frame.sum(), past

card = ModelCard(name="trail", title="Trail", loader="trail:Model", window=Window())
"""


@pytest.fixture
def trail(tmp_path):
    path = tmp_path / "trail.py"
    path.write_text(FILE)
    return path


def expected(frames):
    """The average written out: weights 0.8^t for the first frame, 0.2 0.8^(t-k) for frame k."""
    t = np.arange(len(frames))
    weights = np.where(t[None] <= t[:, None], (1 - FADE) * FADE ** (t[:, None] - t[None]), 0.0)
    weights[:, 0] = FADE**t
    found = np.tensordot(weights, frames + 1.0, axes=1)
    return found / found.sum((1, 2), keepdims=True)


def on_trial(model, tmp_path, **changes):
    """A trial of a model in this process."""
    methods = [m for m in ("predict", "predict_clip", "step") if hasattr(model, m)]
    model.methods, model.card = methods, card("Trail", memory="clip", **changes)
    trial = Trial(None, lambda: SimpleNamespace(card=model.card), str(tmp_path))
    trial.model = model
    return trial


FAULTS = {
    KnowsTheLength: "causal",
    SeesWhatIsBright: "causal",
    NeverForgets: "deterministic",
    NoisyLater: "deterministic",
    StepsElsewhere: "fast_path",
    StretchesTheClip: "causal",
}
RULES = ("shape", "sum", "blank", "deterministic", "batch", "fast_path", "causal")


@pytest.mark.parametrize("kind", [Trail, *FAULTS])
def test_the_check_finds_each_fault_of_a_streamer(kind, tmp_path):
    found = {rule: getattr(measures, rule)(on_trial(kind(), tmp_path / rule))[0] for rule in RULES}
    broken = {rule for rule, passed in found.items() if passed is False}
    assert broken >= {FAULTS[kind]} if kind in FAULTS else not broken
    assert found["batch"] is None  # windows are never asked for
    assert (found["fast_path"] is None) == (not {"step", "predict_clip"} <= {*dir(kind)})


def test_only_cutting_or_only_altering_finds_some(monkeypatch, tmp_path):
    """Each of the two looks is needed: without it a peeking model would pass."""
    passed = measures.causal(on_trial(SeesWhatIsBright(), tmp_path / "a"))[0]
    assert not passed
    monkeypatch.setattr(measures, "_other_futures", lambda *_: ())
    assert measures.causal(on_trial(SeesWhatIsBright(), tmp_path / "b"))[0]
    assert not measures.causal(on_trial(KnowsTheLength(), tmp_path / "c"))[0]


def test_a_file_that_steps_is_scored_and_followed_live(trail, folder, tmp_path):
    run = fusbench.evaluate(trail, folder, runs=tmp_path / "runs")
    assert run.result.model.memory == "clip"
    whole = tmp_path / "whole.py"
    whole.write_text(WHOLE)
    assert fusbench.evaluate(whole, folder, runs=tmp_path / "runs").summary.equals(run.summary)
    frames = np.random.default_rng(0).integers(0, 255, (7, 12, 16), np.uint8)
    with Stream(trail) as stream:
        live = np.stack([stream.predict(frame) for frame in frames])
        stream.reset()
        again = stream.predict(frames[3])
    np.testing.assert_allclose(live, expected(frames), atol=1e-12)
    np.testing.assert_allclose(again, expected(frames[3:4])[0], atol=1e-12)


WINDOWS = [Window(), Window(length=4, horizon=2)] + [
    Window(length=4, placement=placement) for placement in ("before", "around", "after")
]


@pytest.mark.parametrize("targets", [np.arange(10), np.array([1, 2, 2, 8]), np.array([7, 0, 9])])
@pytest.mark.parametrize("window", WINDOWS, ids=repr)
def test_a_long_clip_is_given_in_stretches(folder, monkeypatch, window, targets):
    """Windows that reach over a stretch's edge see the frames beyond; out of order, all is held."""
    clip = open_dataset(folder).split("test")[0]
    shown = card("BrightnessByClip", window=window)
    model = BrightnessByClip(shown)
    want = model.predict(clip.frames[window.indices(targets, clip.n_frames)])
    monkeypatch.setattr(BrightnessByClip, "predict_clip", noted := noting(model.predict_clip))
    monkeypatch.setattr("fusbench.models.densities.STRETCH", 4)
    got = np.stack(list(densities(model, shown, clip, targets)))
    np.testing.assert_allclose(got, want, atol=1e-12)
    ordered = (np.diff(targets) >= 0).all()
    assert max(noted.given) == (4 + window.length - 1 if ordered else clip.n_frames)


def test_a_long_clip_is_followed_in_stretches(folder, monkeypatch):
    """By steps where there are some, since what a whole clip asks for grows with its length."""
    clip = open_dataset(folder).split("test")[0]
    monkeypatch.setattr("fusbench.models.densities.STRETCH", 4)
    monkeypatch.setattr(Trail, "predict_clip", noted := noting(Trail().predict_clip))
    shown, targets = card("Trail", memory="clip"), np.array([0, 3, 4, 9])
    got = np.stack(list(densities(Trail(), shown, clip, targets)))
    np.testing.assert_allclose(got, expected(np.asarray(clip.frames))[targets], atol=1e-12)
    assert not noted.given


def noting(call):
    """A method that calls this, and notes how many frames it is given."""

    def method(_self, frames):
        method.given.append(len(frames))
        return call(frames)

    method.given = []
    return method


@pytest.mark.parametrize("horizon", [0, 2])
def test_densities_of_a_clip(folder, horizon):
    """By steps and as a whole; frozen, every frame before the current one is the current one."""
    clip = open_dataset(folder).split("test")[0]
    stepping = type("Stepping", (), {"step": Trail.step})()
    targets = np.array([1, 4, 7])
    shown = card("Trail", memory="clip", window=Window(horizon=horizon))
    want = expected(np.asarray(clip.frames))[np.maximum(targets - horizon, 0)]
    for model in (Trail(), stepping):
        got = np.stack(list(densities(model, shown, clip, targets)))
        np.testing.assert_allclose(got, want, atol=1e-12)
    frozen = np.stack(list(densities(Trail(), shown, clip, targets, freeze_history=True)))
    alone = clip.frames[np.maximum(targets - horizon, 0)] + 1.0
    np.testing.assert_allclose(frozen, alone / alone.sum((1, 2), keepdims=True), atol=1e-12)


def test_what_is_wrong_is_told(trail, folder, tmp_path):
    with pytest.raises(PluginError, match="the window names some"):
        card("Trail", memory="clip", window=Window(length=3))
    with pytest.raises(PluginError, match="sees='clip'"):
        card("Trail", memory="clip", sees="clip")
    with pytest.raises(PluginError, match="memory is not one of window, clip"):
        card("Trail", memory="scan")
    with pytest.raises(ConfigError, match=r"whole clip's memory and no method step\(frame, past\)"):
        Stream(KnowsTheLength())
    short = type("Short", (), {"predict_clip": lambda _, frames: Trail().predict_clip(frames)[1:]})
    with pytest.raises(PredictionError, match="densities came for 10 frames"):
        fusbench.evaluate(short(), folder, runs=tmp_path / "runs")
    trail.write_text(
        "def step(frame, past):\n    d = frame[past or 0 :] + 1.\n    return d / d.sum(), 1\n"
    )
    with pytest.raises(PredictionError, match="densities of several sizes came for 10 frames"):
        fusbench.evaluate(trail, folder, runs=tmp_path / "runs")
    rows = fusbench.evaluate([trail, "uniform"], folder, runs=tmp_path / "runs")
    assert [run.name for run in rows.runs] == ["uniform"]
    trail.write_text("def step(frame, past):\n    return frame / frame.sum()\n")
    with pytest.raises(PluginError, match=r"step returned no pair\. Return \(density, what the"):
        Stream(trail).predict(np.ones((12, 16), np.uint8))
    trail.write_text(WINDOWED)
    words = (
        r"without a method predict\(frames\)\. Its step\(.*\) is asked where the card says memory="
    )
    with pytest.raises(PluginError, match=words):
        Stream(trail)


def test_keys_of_models_with_windows_stay(folder):
    plain = Evaluation(card=card("Trail"), dataset=open_dataset(folder))
    assert "memory" not in plain._asked["card"]
    assert plain.key() != replace(plain, card=card("Trail", memory="clip")).key()

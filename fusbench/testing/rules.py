"""The rules: what each demands of a model, how that is measured, and what to do if it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fusbench.data.frames import fit_frames
from fusbench.guest import NOT_DATA
from fusbench.metrics.density import TOLERANCE
from fusbench.testing.trial import OTHER_SHAPE, Trial

Measured = tuple[bool | None, str]
MODULES = 800
SAME = 1e-6
ALIKE = 1e-4


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Parameters
    ----------
    name, demand : str
    limit : str
        What the measured value may be.
    fix : str
        What the author does about a breach.
    measure : callable
        Given a `Trial`, returns whether the rule holds (None where it does not apply) and the
        measured value.
    stops : bool
        Whether nothing more can be measured after a breach.
    """

    name: str
    demand: str
    limit: str
    fix: str
    measure: Callable[[Trial], Measured]
    stops: bool = False


def _card(trial: Trial) -> Measured:
    return True, f"{trial.entrant.owner} {trial.entrant.version}".strip()


def _light(trial: Trial) -> Measured:
    told = trial.entrant.told
    heavy = ", ".join(told["frameworks"])
    measured = f"{told['modules']} modules" + (f", {heavy} among them" if heavy else "")
    return not heavy and told["modules"] <= MODULES, measured


def _data(trial: Trial) -> Measured:
    odd = [name for name, value in trial.entrant.told["card"].items() if NOT_DATA in str(value)]
    return not odd, f"objects in {', '.join(odd)}" if odd else "plain data"


def _loads(trial: Trial) -> Measured:
    wanted = "predict_gaze" if trial.entrant.card.sees == "clip" else "predict"
    methods = trial.model.methods
    return wanted in methods, ", ".join(methods)


def _answers(trial: Trial) -> Measured:
    return True, f"{trial.first.dtype} {_times(trial.first.shape)}"


def _shape(trial: Trial) -> Measured:
    have, want = trial.first.shape, (len(trial.targets), *trial.frames.shape[1:3])
    return have == want, f"{_times(have)} for {_times(want)}"


def _finite(trial: Trial) -> Measured:
    odd = int((~np.isfinite(trial.first)).sum())
    return odd == 0, f"{odd} values are NaN or infinite"


def _positive(trial: Trial) -> Measured:
    low = float(trial.first.min())
    return low >= 0, f"least value {low:.3g}"


def _sum(trial: Trial) -> Measured:
    sums = trial.first.sum((1, 2), dtype=np.float64)
    worst = sums[np.abs(sums - 1).argmax()]
    return bool(abs(worst - 1) <= TOLERANCE), f"worst sum {worst:.6f}"


def _blank(trial: Trial) -> Measured:
    if trial.card.sees == "clip":
        return None, "it does not look at frames"
    off = 0.0
    for value in (0, 255):
        density = trial.predict(trial.targets[:2], np.full_like(trial.frames, value))
        good = np.isfinite(density).all() and (density >= 0).all()
        sums = density.sum((1, 2), dtype=np.float64)
        off = max(off, float(np.abs(sums - 1).max()) if good else float("inf"))
    return off <= TOLERANCE, f"off by {off:.2g} on black or white"


def _any_size(trial: Trial) -> Measured:
    if trial.card.input_shape is not None or trial.card.sees != "frames":
        return None, "the card names one size"
    frames = fit_frames(trial.frames, OTHER_SHAPE, trial.card.channels)
    shape = trial.predict(trial.targets[:2], frames).shape
    return shape == (2, *OTHER_SHAPE), f"{_times(shape)} for {_times((2, *OTHER_SHAPE))}"


def _deterministic(trial: Trial) -> Measured:
    trial.predict(trial.targets[::-1][:2])  # what was asked in between must not matter
    return _within(_apart(trial.first, trial.predict(trial.targets)), SAME)


def _repeatable(trial: Trial) -> Measured:
    return _within(_apart(trial.first, trial.again().first), SAME)


def _batch(trial: Trial) -> Measured:
    alone = np.concatenate([trial.predict(trial.targets[i : i + 1]) for i in range(TOGETHER)])
    return _within(_apart(trial.first[:TOGETHER], alone), ALIKE)


def _input(trial: Trial) -> Measured:
    return trial.model.untouched, "unchanged" if trial.model.untouched else "written to"


def _fast_path(trial: Trial) -> Measured:
    if "predict_clip" not in trial.model.methods:
        return None, "no predict_clip"
    whole = trial.model.predict_clip(trial.frames)
    want = trial.frames.shape[:3]
    if whole.shape != want:
        return False, f"{_times(whole.shape)} for {_times(want)}"
    current = np.maximum(trial.targets - trial.card.window.horizon, 0)
    return _within(_apart(trial.first, whole[current]), ALIKE)


def _causal(trial: Trial) -> Measured:
    if trial.card.sees == "clip":
        return None, "a reference: sees all"
    if "predict_clip" not in trial.model.methods:
        return True, "sees its window only"
    frames, window = trial.frames, trial.card.window
    current = len(frames) // 3
    end = min(current + max(0, int(window.offsets[-1])), len(frames) - 1)
    altered = frames.copy()
    altered[end + 1 :] = 255 - altered[end + 1 :]
    before, after = (trial.model.predict_clip(f)[current] for f in (frames, altered))
    return _within(_apart(before, after), SAME)


def _quiet(trial: Trial) -> Measured:
    printed = trial.guest.printed()
    return not printed, f"{len(printed)} characters" + (f": '{printed[:40]}'" if printed else "")


TOGETHER = 3
PIXELS = "divide by the sum over rows and columns, or use a softmax over all pixels"


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference of two densities, in parts of the first one's peak."""
    if a.shape != b.shape:
        return float("inf")
    peak = float(np.abs(a).max())
    return float(np.abs(a.astype(np.float64) - b).max()) / (peak or 1.0)


def _within(value: float, limit: float) -> Measured:
    return bool(value <= limit), f"differs by {value:.2g} of the peak"


RULES = (
    Rule(
        name="card",
        demand="the card can be read, and has its entry point's name",
        limit="no error",
        fix="Correct the card.",
        measure=_card,
        stops=True,
    ),
    Rule(
        name="light",
        demand="reading the card imports no framework",
        limit=f"{MODULES}, no framework",
        fix="Move the heavy imports out of the card's module, into the one that the loader names.",
        measure=_light,
    ),
    Rule(
        name="data",
        demand="the card holds plain data",
        limit="plain data",
        fix="Name things in `options` by strings and make them in the loader.",
        measure=_data,
    ),
    Rule(
        name="loads",
        demand="the loader returns a model with a method predict",
        limit="predict (predict_gaze)",
        fix="Give it predict(frames); predict_gaze(clip, frames) where the card says sees='clip'.",
        measure=_loads,
        stops=True,
    ),
    Rule(
        name="answers",
        demand="the model answers with one array of floats",
        limit="no error",
        fix="Return float32.",
        measure=_answers,
        stops=True,
    ),
    Rule(
        name="shape",
        demand="one density (rows, columns) for each window",
        limit="windows x rows x columns",
        fix="Return (B, H, W) for frames (B, L, H, W); the core does all resizing.",
        measure=_shape,
        stops=True,
    ),
    Rule(
        name="finite",
        demand="no value is NaN or infinite",
        limit="0",
        fix="Look for an overflow, a logarithm of 0 or a division by 0.",
        measure=_finite,
        stops=True,
    ),
    Rule(
        name="non-negative",
        demand="no value is below 0",
        limit=">= 0",
        fix="Probabilities are 0 or more; a softmax makes them so.",
        measure=_positive,
    ),
    Rule(
        name="sum",
        demand="each density sums to 1",
        limit=f"1 within {TOLERANCE:g}",
        fix=f"Normalise the output: {PIXELS}.",
        measure=_sum,
    ),
    Rule(
        name="blank",
        demand="black and white frames give densities too",
        limit=f"{TOLERANCE:g}",
        fix="Guard the division: add a small constant before dividing by a sum or a maximum.",
        measure=_blank,
    ),
    Rule(
        name="any-size",
        demand="without `input_shape`, frames of any size are taken",
        limit="the size given",
        fix="Name the one size that the model takes as `input_shape` of the card.",
        measure=_any_size,
    ),
    Rule(
        name="deterministic",
        demand="the same windows give the same densities again",
        limit=f"{SAME:g}",
        fix="Switch dropout off, seed what is random, and keep no state between calls.",
        measure=_deterministic,
    ),
    Rule(
        name="repeatable",
        demand="a second process gives the same densities",
        limit=f"{SAME:g}",
        fix="Load weights from a file, or seed the generator that draws them in the loader.",
        measure=_repeatable,
    ),
    Rule(
        name="batch",
        demand="a density does not depend on the others in the batch",
        limit=f"{ALIKE:g}",
        fix="Put batch normalisation into inference mode, and normalise each window by itself.",
        measure=_batch,
    ),
    Rule(
        name="input",
        demand="the frames given are left as they were",
        limit="unchanged",
        fix="Work on a copy: frames.astype('float32') makes one.",
        measure=_input,
    ),
    Rule(
        name="fast-path",
        demand="predict_clip gives the densities of predict",
        limit=f"{ALIKE:g}",
        fix="Repeat the clip's edge frames where a window sticks out, as card.window.indices does.",
        measure=_fast_path,
    ),
    Rule(
        name="causal",
        demand="frames after the window's end do not matter",
        limit=f"{SAME:g}",
        fix="Let the density of frame t depend on its window's frames alone, or widen the window.",
        measure=_causal,
    ),
    Rule(
        name="quiet",
        demand="nothing is written to standard output",
        limit="0 characters",
        fix="Write to sys.stderr, or silence the library that prints.",
        measure=_quiet,
    ),
)

"""What is measured of a model under trial: whether each rule holds, and the value found.

What a function looks for is the `demand` of its rule, in `fusbench.testing.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from fusbench.data.frames import fit_frames
from fusbench.errors import counted
from fusbench.isolation.introduced import NOT_DATA
from fusbench.metrics.density import TOLERANCE
from fusbench.models.card import GAZING
from fusbench.models.densities import stepped
from fusbench.testing.trial import OTHER_SHAPE, Trial

OfClip = Callable[[np.ndarray], np.ndarray]  # densities of all frames of a clip
Measured = tuple[bool | None, str]  # None where the rule does not apply
MODULES = 800
SAME = 1e-6
ALIKE = 1e-4
CUTS = (0.15, 0.5, 0.85)  # of a clip's length: where the future is altered and cut off
ELSEWHEN_S = 37 * 86400 + 12345.0  # another weekday, month and hour, too


def card(trial: Trial) -> Measured:
    return True, f"{trial.entrant.owner} {trial.entrant.version}".strip()


def light(trial: Trial) -> Measured:
    told = trial.entrant.told
    if told["kind"] == "file":
        return None, "a single file is read only when it is named"
    heavy = ", ".join(told["frameworks"])
    measured = f"{told['modules']} modules" + (f", {heavy} among them" if heavy else "")
    return not heavy and told["modules"] <= MODULES, measured


def data(trial: Trial) -> Measured:
    odd = [name for name, value in trial.entrant.told["card"].items() if NOT_DATA in str(value)]
    return not odd, f"objects in {', '.join(odd)}" if odd else "plain data"


def loads(trial: Trial) -> Measured:
    methods = trial.model.methods
    return bool(set(trial.card.methods) & set(methods)), ", ".join(methods)


def answers(trial: Trial) -> Measured:
    return trial.first.dtype != np.float16, f"{trial.first.dtype} {_times(trial.first.shape)}"


def shape(trial: Trial) -> Measured:
    have, want = trial.first.shape, (len(trial.targets), *trial.frames.shape[1:3])
    return have == want, f"{_times(have)} for {_times(want)}"


def finite(trial: Trial) -> Measured:
    odd = int((~np.isfinite(trial.first)).sum())
    return odd == 0, f"{odd} values are NaN or infinite"


def positive(trial: Trial) -> Measured:
    low = float(trial.first.min())
    return low >= 0, f"least value {low:.3g}"


def sum(trial: Trial) -> Measured:
    sums = trial.first.sum((1, 2), dtype=np.float64)
    worst = sums[np.abs(sums - 1).argmax()]
    return bool(abs(worst - 1) <= TOLERANCE), f"worst sum {worst:.6f}"


def blank(trial: Trial) -> Measured:
    if trial.card.sees in GAZING:
        return None, "it does not look at frames"
    off = 0.0
    for value in (0, 255):
        density = trial.predict(trial.targets[:2], np.full_like(trial.frames, value))
        off = max(off, _off(density, (2, *trial.frames.shape[1:3])))
    return off <= TOLERANCE, f"off by {off:.2g} on black or white"


def any_size(trial: Trial) -> Measured:
    if trial.card.input_shape is not None or trial.card.sees != "frames":
        return None, "the card names one size"
    frames = fit_frames(trial.frames, OTHER_SHAPE, trial.card.channels)
    density = trial.predict(trial.targets[:2], frames)
    want, off = _times((2, *OTHER_SHAPE)), _off(density, (2, *OTHER_SHAPE))
    return off <= TOLERANCE, f"{_times(density.shape)} for {want}, off by {off:.2g}"


def deterministic(trial: Trial) -> Measured:
    trial.predict(trial.targets[::-1][:2])  # what was asked in between must not matter
    again = trial.predict(trial.targets)
    apart = _apart(trial.first, again)
    if trial.card.sees != "clip":
        trial.predict(trial.targets, trial.other)  # nor another clip
        apart = max(apart, _apart(again, trial.predict(trial.targets)))
    for whole in _of_clips(trial):
        for frames in (trial.frames, trial.long):
            before = whole(frames)
            whole(trial.other[: len(trial.other) // 2 + 1])  # what a clip left off half-way leaves
            apart = max(apart, _apart(before, whole(frames)))
    return _within(apart, SAME)


def _of_clips(trial: Trial) -> list[OfClip]:
    """The ways in which a model follows a clip: as a whole, and frame by frame."""
    model, found = trial.model, []
    if "predict_clip" in model.methods:
        found.append(model.predict_clip)
    if "step" in model.methods and trial.card.window.placement == "before":
        found.append(lambda frames: stepped(model, frames)[0])
    return found


def repeatable(trial: Trial) -> Measured:
    other = trial.again()
    other.guest.ask("shift", seconds=ELSEWHEN_S)
    return _within(_apart(trial.first, other.first), SAME)


def batch(trial: Trial) -> Measured:
    """Every target of a full batch alone, and in smaller batches of all sizes, as clips end."""
    if trial.card.of_clip:
        return None, "it follows whole clips"
    n, apart = len(trial.targets), 0.0
    for ends in (range(1, n), *([end] for end in range(1, n // 2 + 1))):
        for part in np.split(np.arange(n), ends):
            apart = max(apart, _apart(trial.first[part], trial.predict(trial.targets[part])))
    return _within(apart, ALIKE)


def input(trial: Trial) -> Measured:
    return trial.model.untouched, "unchanged" if trial.model.untouched else "written to"


def fast_path(trial: Trial) -> Measured:
    ways, apart = _of_clips(trial), 0.0
    if len(ways) < (2 if trial.card.of_clip else 1):
        return None, "one way only: " + ", ".join(trial.model.methods)
    spread = np.linspace(0, len(trial.long) - 1, len(trial.targets)).astype(int)
    for frames, targets in ((trial.frames, trial.targets), (trial.long, spread)):
        plain = trial.predict(targets, frames)
        current = np.maximum(targets - trial.card.window.horizon, 0)
        for way in ways:
            whole, want = way(frames), frames.shape[:3]
            if whole.shape != want:
                return False, f"{_times(whole.shape)} for {_times(want)}"
            apart = max(apart, _apart(plain, whole[current]))
    return _within(apart, ALIKE)


def causal(trial: Trial) -> Measured:
    if trial.card.sees in GAZING:
        return None, "a reference: sees all"
    ways = _of_clips(trial)
    if not ways:
        return True, "sees its window only"
    ahead = max(0, int(trial.card.window.offsets[-1]))
    apart = [_peeks(way, trial.frames, ahead) for way in ways]
    if "predict_clip" in trial.model.methods:  # what only steps is never given the future
        apart.append(_peeks(trial.model.predict_clip, trial.long, ahead))
    return _within(max(apart), SAME)


def _peeks(whole_of: OfClip, frames: np.ndarray, ahead: int) -> float:
    """How much densities change when the frames after them are other ones, or are not there."""
    whole, apart = whole_of(frames), 0.0
    for end in np.unique((len(frames) * np.array(CUTS)).astype(int)):
        before, after = whole[: max(end - ahead, 1)], end + ahead
        for other in (frames[:after], *_other_futures(frames, after)):
            apart = max(apart, _apart(before, whole_of(other)[: len(before)]))
    return apart


def _other_futures(frames: np.ndarray, after: int) -> Iterator[np.ndarray]:
    """The clip with other frames from `after` on: all of them, some, the next; in several ways."""
    rest = len(frames) - after
    for size, way in ((rest, 255 - frames), (max(rest // 3, 1), 0), (1, 255), (rest, frames[::-1])):
        altered = frames.copy()
        values = np.broadcast_to(np.asarray(way, np.uint8), frames.shape)
        altered[after : after + size] = values[after : after + size]
        yield altered


def honest(trial: Trial) -> Measured:
    if trial.card.sees != "frames":
        return None, f"it may see more: sees='{trial.card.sees}'"
    witness = trial.entrant.witness
    if witness is None:
        return None, "it runs in the caller's process"
    opened = witness.used().of_data
    return not opened, f"opened {', '.join(opened)}" if opened else "no file of a data set"


def quiet(trial: Trial) -> Measured:
    printed = trial.guest.printed()
    if trial.prints_allowed:
        return None, "allowed"
    many = counted(len(printed), "character")
    return not printed, many + (f": '{printed[:40]}'" if printed else "")


def _off(density: np.ndarray, shape: tuple[int, ...]) -> float:
    """How far sums are from those of densities; infinitely, where nothing else is of one."""
    if density.shape != shape or not np.isfinite(density).all() or (density < 0).any():
        return float("inf")
    return float(np.abs(density.sum((1, 2), dtype=np.float64) - 1).max())


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

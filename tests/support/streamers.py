"""Models that remember the whole clip: one that behaves, and some that do not."""

import numpy as np

FADE = 0.8


def faded(frame, trail):
    return frame + 1.0 if trail is None else FADE * trail + (1 - FADE) * (frame + 1.0)


def density(trail):
    return trail / trail.sum()


class Trail:
    """Brightness that fades: an exponential average over all frames so far."""

    def step(self, frame, past):
        trail = faded(frame, past)
        return density(trail), trail

    def predict_clip(self, frames):
        found, trail = [], None
        for frame in frames:
            trail = faded(frame, trail)
            found.append(density(trail))
        return np.stack(found)


class KnowsTheLength:
    """Peeks so that only cutting shows it: it counts the frames that the clip has in all."""

    def predict_clip(self, frames):
        whole = Trail().predict_clip(frames)
        whole[:, 0, 0] += 1 / len(frames)
        return whole / whole.sum((1, 2), keepdims=True)


class SeesWhatIsBright:
    """Peeks so that only the future's values show it: no usual frame is so bright."""

    def predict_clip(self, frames):
        after = np.concatenate([frames[1:], frames[-1:]])
        warned = after.mean((1, 2)) > 200
        whole = Trail().predict_clip(frames)
        whole[warned, 0, 0] += 0.1
        return whole / whole.sum((1, 2), keepdims=True)


class NeverForgets(Trail):
    """Its state survives between clips."""

    last = None

    def step(self, frame, past):
        predicted, self.last = super().step(frame, self.last)
        return predicted, self.last


class StepsElsewhere(Trail):
    """Its steps are not its `predict_clip`."""

    def step(self, frame, past):
        trail = faded(frame, past)
        return density(trail**2), trail


class NoisyLater:
    """What it adds later is drawn: only a clip of a usual length shows it."""

    def step(self, frame, past):
        count, trail = past or (0, None)
        trail = faded(frame, trail)
        noise = np.random.default_rng().random() if count > 50 else 0.0
        return density(trail + noise), (count + 1, trail)


class StretchesTheClip:
    """Scales by the darkest and the brightest value of the whole clip."""

    def predict_clip(self, frames):
        low, high = int(frames.min()), int(frames.max())
        found = (frames - low) / max(high - low, 1) + 0.1
        return found / found.sum((1, 2), keepdims=True)

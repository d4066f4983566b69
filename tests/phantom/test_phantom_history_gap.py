"""What past frames are worth: the phantom's reason to be.

An observer that knows every landmark's position exactly, in the current frame (L = 1) or in the
last six (L = 6), learns the density of gaze as a mixture of Gaussians. Its excess KLD over the
ideal observer is what the picture alone does not tell. With a lag of 200 ms the past is worth about
0.27 nats, nearly all of it in sweeps; without a lag, next to nothing.
"""

from dataclasses import replace

import numpy as np
import pytest

from fusbench.phantom.clip import make_clip
from fusbench.phantom.presets import PRESETS, ClipPlan

torch = pytest.importorskip("torch")

SIGMA_PX = 8.0
TRAIN, TEST = range(1000, 1400), range(2000, 2100)
FIRST_FRAME = 5
STEPS, BATCH, DRAWS = 1500, 256, 4
WIDTH, COMPONENTS, LEARNING_RATE = 160, 8, 3e-3


class Watched:
    """Landmarks and generating mixtures of many clips, as tensors (clips, 90, ...)."""

    def __init__(self, lag_s, scans):
        phantom = replace(PRESETS["phantom"], lag_s=lag_s)
        plans = [ClipPlan(scan=scan, clip=0, n_frames=90, split="train") for scan in scans]
        clips = [make_clip(phantom, plan, frames=False) for plan in plans]
        self.landmarks = torch.tensor(np.stack([clip.landmarks for clip in clips]))
        self.mixture = torch.tensor(np.stack([clip.density for clip in clips]))
        self.sweep = torch.tensor(np.stack([clip.sweep for clip in clips]))

    def features(self, clip, frame, length):
        marks = self.landmarks[clip, frame]
        parts = [(marks[..., :2] - 120).flatten(1) / 60, marks[..., 2]]
        for back in (1, 2, 3, 5):
            if back < length:
                moved = marks[..., :2] - self.landmarks[clip, frame - back][..., :2]
                parts.append(moved.flatten(1) / 15)
        return torch.cat(parts, dim=1)

    def draw(self, clip, frame, count):
        """Points (B, count, 2) from the saliency map's density."""
        weight, place, sd = self.mixture[clip, frame].split([1, 2, 1], dim=-1)
        chosen = torch.multinomial(weight[..., 0], count, replacement=True)[..., None]
        spread = torch.sqrt(torch.gather(sd, 1, chosen) ** 2 + SIGMA_PX**2)
        points = torch.gather(place, 1, chosen.expand(-1, -1, 2))
        return points + spread * torch.randn(points.shape)

    def log_ideal(self, clip, frame, points):
        weight, place, sd = self.mixture[clip, frame].split([1, 2, 1], dim=-1)
        return log_mixture(torch.log(weight[..., 0]), place, sd[..., 0] ** 2 + SIGMA_PX**2, points)


def log_mixture(log_weight, place, variance, points):
    square = ((points[:, :, None] - place[:, None]) ** 2).sum(-1)
    log_normal = -0.5 * square / variance[:, None] - torch.log(2 * torch.pi * variance)[:, None]
    return torch.logsumexp(log_weight[:, None] + log_normal, dim=-1)


def log_learned(net, watched, clip, frame, length, points):
    out = net(watched.features(clip, frame, length)).view(-1, COMPONENTS, 4)
    marks = watched.landmarks[clip, frame][..., :2]
    spare = marks.mean(1, keepdim=True).expand(-1, COMPONENTS - marks.shape[1], -1)
    place = torch.cat([marks, spare], dim=1) + 20 * out[..., :2]
    variance = (8.5 + 8 * torch.nn.functional.softplus(out[..., 2])) ** 2
    return log_mixture(out[..., 3].log_softmax(1), place, variance, points)


def excess(train, test, length):
    """Excess KLD over the ideal observer of a learned one that sees `length` frames: all, sweep."""
    torch.manual_seed(0)
    zero = torch.zeros(1, dtype=torch.long)
    n_inputs = train.features(zero, zero + FIRST_FRAME, length).shape[1]
    net = torch.nn.Sequential(
        torch.nn.Linear(n_inputs, WIDTH),
        torch.nn.SiLU(),
        torch.nn.Linear(WIDTH, WIDTH),
        torch.nn.SiLU(),
        torch.nn.Linear(WIDTH, COMPONENTS * 4),
    )
    adam = torch.optim.Adam(net.parameters(), LEARNING_RATE)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(adam, STEPS)
    for _ in range(STEPS):
        clip = torch.randint(len(train.sweep), (BATCH,))
        frame = torch.randint(FIRST_FRAME, 90, (BATCH,))
        points = train.draw(clip, frame, DRAWS)
        loss = -log_learned(net, train, clip, frame, length, points).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        decay.step()
    clip, frame = torch.meshgrid(
        torch.arange(len(test.sweep)), torch.arange(FIRST_FRAME, 90, 2), indexing="ij"
    )
    clip, frame = clip.flatten(), frame.flatten()
    with torch.no_grad():
        points = test.draw(clip, frame, 16)
        lost = test.log_ideal(clip, frame, points)
        lost = (lost - log_learned(net, test, clip, frame, length, points)).mean(1)
    return float(lost.mean()), float(lost[test.sweep[clip, frame]].mean())


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
def test_the_past_is_worth_what_the_lag_makes_it():
    """Tolerances cover the scatter over training seeds and test scans, about 0.02 nats each."""
    gap = {}
    for lag_s in (0.2, 0.0):
        train, test = Watched(lag_s, TRAIN), Watched(lag_s, TEST)
        alone, alone_sweep = excess(train, test, 1)
        past, past_sweep = excess(train, test, 6)
        assert past > 0
        gap[lag_s] = (alone - past, alone_sweep - past_sweep)
    assert gap[0.2][0] == pytest.approx(0.27, abs=0.06)
    assert gap[0.2][1] > 0.5
    assert gap[0.0][0] < 0.08

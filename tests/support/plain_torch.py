"""The cLSTMU-Net as one would write it in plain Torch: modules, a data set, a loader, Adam."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from fusbench.augment.policy import augmented
from fusbench.zoo.normalise import EPSILON


class Block(nn.Sequential):
    """Two normalised convolutions with rectifier."""

    def __init__(self, given, channels):
        super().__init__(
            nn.Conv2d(given, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels, eps=EPSILON, momentum=0.01),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels, eps=EPSILON, momentum=0.01),
            nn.ReLU(inplace=True),
        )


class Encoder(nn.Module):
    """The values of each level, the deepest last."""

    def __init__(self, base, levels):
        super().__init__()
        widths = [1, *(base * 2**level for level in range(levels + 1))]
        self.blocks = nn.ModuleList(map(Block, widths, widths[1:]))

    def forward(self, x):
        found = [self.blocks[0](x)]
        for block in self.blocks[1:]:
            found.append(block(F.max_pool2d(found[-1], 2)))
        return found


class ConvLSTM(nn.Module):
    """Its last output over (B, L, C, H, W)."""

    def __init__(self, channels):
        super().__init__()
        self.inward = nn.Conv2d(channels, 4 * channels, 3, padding=1)
        self.again = nn.Conv2d(channels, 4 * channels, 3, padding=1, bias=False)

    def forward(self, x):
        h = c = None
        for z in self.inward(x.flatten(0, 1)).unflatten(0, x.shape[:2]).unbind(1):
            z = z if h is None else z + self.again(h)
            i, f, g, o = z.chunk(4, dim=1)
            i, f, o = (torch.clamp(0.2 * gate + 0.5, 0, 1) for gate in (i, f, o))
            c = i * torch.tanh(g) if c is None else f * c + i * torch.tanh(g)
            h = o * torch.tanh(c)
        return h


class CLSTMUNet(nn.Module):
    """Frames uint8 (B, L, H, W) in, log-densities (B, H, W) out; the last frame is the current."""

    def __init__(self, base, levels):
        super().__init__()
        deepest = base * 2**levels
        self.spatial, self.temporal = Encoder(base, levels), Encoder(base, levels)
        self.memory = ConvLSTM(deepest)
        ups, blocks, given = [], [], 2 * deepest
        for channels in (base * 2**level for level in reversed(range(levels))):
            ups.append(nn.ConvTranspose2d(given, channels, 2, stride=2))
            blocks.append(Block(2 * channels, channels))
            given = channels
        self.ups, self.blocks = nn.ModuleList(ups), nn.ModuleList(blocks)
        self.head = nn.Conv2d(base, 1, 1)

    def forward(self, frames):
        x = frames.float() / 255
        *skips, deepest = self.spatial(x[:, -1:])
        past = self.temporal(x.flatten(0, 1)[:, None])[-1].unflatten(0, x.shape[:2])
        x = torch.cat([deepest, self.memory(past)], 1)
        for up, block, skip in zip(self.ups, self.blocks, reversed(skips), strict=True):
            x = block(torch.cat([up(x), skip], 1))
        scores = self.head(x)[:, 0]
        return scores.flatten(1).log_softmax(1).view_as(scores)


class Windows(Dataset):
    """Augmented windows with their densities."""

    def __init__(self, samples, policy, seed=0):
        self.samples, self.policy = samples, policy
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        frames, points = self.samples.frames_of(index), self.samples.points_of(index)
        draw = self.policy.draw(self.rng)
        frames, density = augmented(frames, points, draw, self.samples.sigma_px)
        return torch.from_numpy(frames), torch.from_numpy(density.astype(np.float32))


def training(base, levels, samples, policy, batch_size, learning_rate):
    """The function that makes one step and returns its loss, over and over."""
    torch.manual_seed(0)
    model = CLSTMUNet(base, levels)
    adam = torch.optim.Adam(model.parameters(), lr=learning_rate, eps=1e-7, fused=True)
    given = Windows(samples, policy)
    loader = DataLoader(given, batch_size, shuffle=True, drop_last=True)

    def batches():
        while True:
            yield from loader

    coming = batches()

    def step():
        frames, densities = next(coming)
        loss = F.kl_div(model(frames), densities, reduction="sum") / len(frames)
        adam.zero_grad()
        loss.backward()
        adam.step()
        return loss.item()

    return step, model

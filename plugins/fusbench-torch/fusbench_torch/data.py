"""fusbench's windows as a Torch data set, for training loops of one's own."""

from __future__ import annotations

import torch
from torch.utils.data import Dataset

from fusbench.data.samples import Samples


class WindowDataset(Dataset):
    """Pairs of a window's frames, uint8 (L, H, W), and its density, float32 (H, W).

    Parameters
    ----------
    samples : fusbench.data.samples.Samples

    Examples
    --------
    >>> from torch.utils.data import DataLoader
    >>> DataLoader(WindowDataset(samples), batch_size=16, shuffle=True)  # doctest: +SKIP
    """

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        sample = self.samples[index]
        return torch.tensor(sample.frames), torch.from_numpy(sample.density)

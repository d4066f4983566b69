"""What a validation finds: the loss, and what the frames that are not the current one are for."""

from __future__ import annotations

import numpy as np
from scipy.special import entr

from fusbench.data.samples import Samples
from fusbench.models.card import Learner

BATCH_SIZE = 16  # a larger one leaves the cache
UNUSED = 0.01
"""Nats of use of history below which a network is told to be one of single frames."""

Row = dict[str, float]


def validated(learner: Learner, samples: Samples) -> Row:
    """Loss and use of history over all windows of a split.

    The **use of history** is the mean Kullback-Leibler divergence, in nats, of the density for a
    window from the one for the same window with all its frames replaced by the current one. It is
    0 where a network says the same without the other frames: then it is a network of single frames,
    whatever its parts are called.

    Parameters
    ----------
    learner : Learner
        With the weights to be looked at.
    samples : Samples

    Returns
    -------
    dict of str to float
        ``val_loss``; for windows of several frames ``history``, and ``history_<kind>`` for each
        kind of segment that the data set names, such as ``history_sweep``.
    """
    losses, uses = [], []
    window = samples.window
    for batch in samples.batches(BATCH_SIZE):
        seen = learner.log_densities(batch.frames).astype(np.float64)
        losses.append(-(entr(batch.densities) + batch.densities * seen).sum((1, 2)))
        if window.length > 1:
            alone = learner.log_densities(frozen(batch.frames, window.target_index))
            uses.append(divergence(seen, alone))
    found = {"val_loss": float(np.concatenate(losses).mean())}
    return found | (_by_kind(np.concatenate(uses), samples) if uses else {})


def frozen(frames: np.ndarray, index: int) -> np.ndarray:
    """Windows (B, L, H, W) in which every frame is the one at `index`.

    Examples
    --------
    >>> frozen(np.arange(3).reshape(1, 3, 1, 1), 1).ravel().tolist()
    [1, 1, 1]
    """
    return np.repeat(frames[:, index : index + 1], frames.shape[1], axis=1)


def divergence(log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    """Kullback-Leibler divergence of each of B log-densities (B, H, W) from another, in nats.

    Examples
    --------
    >>> log_p, log_q = np.log([[[0.5, 0.5]]]), np.log([[[0.25, 0.75]]])
    >>> divergence(log_p, log_q).round(4).tolist()  # 0.5 log 2 + 0.5 log 2/3
    [0.1438]
    """
    log_p = np.asarray(log_p, np.float64)
    nats: np.ndarray = (np.exp(log_p) * (log_p - log_q)).sum((1, 2))
    return nats


def _by_kind(uses: np.ndarray, samples: Samples) -> Row:
    uses = np.maximum(uses, 0)  # it is never less, but for rounding
    found = {"history": float(uses.mean())}
    owners = (samples.clip_of(number) for number in range(len(samples)))
    kinds = np.array([clip.segment(frame) for clip, frame in owners])
    for kind in sorted(set(kinds) - {""}):
        found[f"history_{kind}"] = float(uses[kinds == kind].mean())
    return found

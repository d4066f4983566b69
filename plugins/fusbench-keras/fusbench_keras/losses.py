"""The losses of a training, each the mean over a batch of log-densities (B, H, W).

`empirical` are densities (B, H, W), `fixations` the gaze points in each pixel (B, H, W), as far as
the loss needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fusbench_keras.backend  # noqa: F401  (chooses Keras's backend first, and quietly)

# isort: split

import tensorflow as tf

SHARE = 0.1  # of NSS and of CC in UNISAL's loss
PIXELS = (1, 2)
TINY = 1e-12  # what roots and counts that may be 0 are raised to

Tensor = Any


def kld(log_density: Tensor, empirical: Tensor, fixations: Tensor | None = None) -> Tensor:
    """Kullback-Leibler divergence of the predicted density from the empirical one, in nats."""
    entropy = -tf.reduce_sum(tf.math.xlogy(empirical, empirical))
    count = tf.cast(tf.shape(log_density)[0], log_density.dtype)
    return (-tf.reduce_sum(empirical * log_density) - entropy) / count


def nss(density: Tensor, fixations: Tensor) -> Tensor:
    """Mean of the density in deviations from its mean at gaze points; 0 without any."""
    centred = density - tf.reduce_mean(density, PIXELS, keepdims=True)
    deviation = tf.sqrt(tf.reduce_mean(tf.square(centred), PIXELS, keepdims=True))
    found = tf.reduce_sum(fixations * centred / tf.maximum(deviation, TINY), PIXELS)
    return tf.reduce_mean(found / tf.maximum(tf.reduce_sum(fixations, PIXELS), TINY))


def cc(density: Tensor, empirical: Tensor) -> Tensor:
    """Pearson correlation of predicted and empirical density over the pixels."""
    one = density - tf.reduce_mean(density, PIXELS, keepdims=True)
    two = empirical - tf.reduce_mean(empirical, PIXELS, keepdims=True)
    size = tf.reduce_sum(tf.square(one), PIXELS) * tf.reduce_sum(tf.square(two), PIXELS)
    return tf.reduce_mean(tf.reduce_sum(one * two, PIXELS) / tf.maximum(tf.sqrt(size), TINY))


def kld_nss_cc(log_density: Tensor, empirical: Tensor, fixations: Tensor) -> Tensor:
    """KLD - 0.1 NSS - 0.1 CC (Droste, Jiao and Noble, ECCV 2020: UNISAL)."""
    density = tf.exp(log_density)
    further = nss(density, fixations) + cc(density, empirical)
    return kld(log_density, empirical) - SHARE * further


LOSSES: dict[str, Callable[..., Tensor]] = {"kld": kld, "kld-nss-cc": kld_nss_cc}

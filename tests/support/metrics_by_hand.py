"""The four metrics in plain Python, straight from their definitions."""

import math
import statistics

EPS = 2.0**-52


def plain_scores(predicted, x_px, y_px, sigma):
    """KLD, SIM, NSS and CC of a density (H, W) against gaze points, profile "tuebingen"."""
    rows, columns = predicted.shape
    pixels = [(y, x) for y in range(rows) for x in range(columns)]
    points = list(zip(x_px, y_px, strict=True))
    gauss = [
        sum(math.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * sigma**2)) for px, py in points)
        for y, x in pixels
    ]
    g = [value / math.fsum(gauss) for value in gauss]
    raw = [float(predicted[y, x]) for y, x in pixels]
    p = [value / math.fsum(raw) for value in raw]
    deviation = statistics.pstdev(p)
    mean = statistics.fmean(p)
    at = [p[round(py) * columns + round(px)] for px, py in points]
    return {
        "kld": math.fsum(gi * math.log(EPS + gi / (pi + EPS)) for gi, pi in zip(g, p, strict=True)),
        "sim": math.fsum(min(pair) for pair in zip(g, p, strict=True)),
        "nss": statistics.fmean((value - mean) / deviation for value in at),
        "cc": statistics.correlation(p, g),
    }

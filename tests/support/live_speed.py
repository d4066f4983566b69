"""Milliseconds that a live model's slowest frames take by the clock, as JSON on stdout."""

import json
import sys
import time

import numpy as np

from fusbench import Stream

SHAPE, FRAMES = (224, 288), 200


def main(name):
    frames = np.random.default_rng(1).integers(0, 256, (2, *SHAPE), np.uint8)
    taken = []
    with Stream(name) as stream:
        for number in range(FRAMES):
            start = time.perf_counter()
            stream.predict(frames[number % 2])
            taken.append(1000 * (time.perf_counter() - start))
    print(
        json.dumps({"late_ms": float(np.percentile(taken[10:], 99)), "median_ms": np.median(taken)})
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

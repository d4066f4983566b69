"""Times of several functions, taken in turn so that a slow moment of the machine hits all alike."""

import time


def best(functions, repeats=7, calls=1):
    """Shortest time in seconds a call of each function, by name."""
    times = dict.fromkeys(functions, float("inf"))
    for _ in range(repeats):
        for name, function in functions.items():
            start = time.perf_counter()
            for _ in range(calls):
                function()
            times[name] = min(times[name], (time.perf_counter() - start) / calls)
    return times

"""Times of several functions, taken in turn so that a slow moment of the machine hits all alike."""

import resource
import subprocess
import sys
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


def processor_seconds(*arguments, repeats=9):
    """Least processor time of a Python process with these arguments, start to end."""
    least = float("inf")
    for _ in range(repeats):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        least = min(least, used)
    return least

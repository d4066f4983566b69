"""Times of several functions, taken in turn so that a slow moment of the machine hits all alike."""

import resource
import subprocess
import time


def best(functions, repeats=7, calls=1, clock=time.perf_counter):
    """Shortest time in seconds a call of each function, by name.

    With ``clock=time.process_time`` the time that other programs take does not count: right for
    functions that only compute. `calls` is a number, or a number by name.
    """
    times = dict.fromkeys(functions, float("inf"))
    for _ in range(repeats):
        for name, function in functions.items():
            n = calls if isinstance(calls, int) else calls.get(name, 1)
            start = clock()
            for _ in range(n):
                function()
            times[name] = min(times[name], (clock() - start) / n)
    return times


def processor_seconds(commands, repeats=15):
    """Least processor time of each command, start to end, by name; the commands take turns."""
    least = dict.fromkeys(commands, float("inf"))
    for _ in range(repeats):
        for name, command in commands.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            least[name] = min(least[name], used)
    return least

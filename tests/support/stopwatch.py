"""Times of several functions, taken in turn so that a slow moment of the machine hits all alike."""

import resource
import subprocess
import time
from itertools import pairwise

PARTS = 4  # of a run's rounds, in each of which a ratio is looked at


class Times(dict):
    """Shortest seconds of each function, by name; `rounds` holds all of them, in order."""

    def __init__(self, rounds):
        super().__init__({name: min(times) for name, times in rounds.items()})
        self.rounds = rounds

    def __add__(self, other):
        return Times({name: times + other.rounds[name] for name, times in self.rounds.items()})

    def spread(self, above, below):
        """The lowest and the highest ratio of shortest times in four parts of the run."""
        n = len(self.rounds[above])
        cuts = sorted({round(k * n / PARTS) for k in range(PARTS + 1)})
        found = [
            min(self.rounds[above][a:b]) / min(self.rounds[below][a:b]) for a, b in pairwise(cuts)
        ]
        return min(found), max(found)


def best(functions, repeats=7, calls=1, clock=time.perf_counter):
    """Shortest time in seconds a call of each function, by name.

    With ``clock=time.process_time`` the time that other programs take does not count: right for
    functions that only compute. `calls` is a number, or a number by name.
    """
    rounds = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            n = calls if isinstance(calls, int) else calls.get(name, 1)
            start = clock()
            for _ in range(n):
                function()
            rounds[name].append((clock() - start) / n)
    return Times(rounds)


def processor_seconds(commands, repeats=15):
    """Least processor time of each command, start to end, by name; the commands take turns."""
    rounds = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            rounds[name].append(used)
    return Times(rounds)

"""What a benchmark found, as the page of benchmarks shows it."""


def note(benchmark, what, value, *, spread=None, at_least=None, at_most=None):
    """Keep a ratio to a peer or to a limit of the machine, with the goal that is set for it.

    `spread` is the lowest and the highest ratio of the run; None where it was measured once.
    """
    (goal,) = [bound for bound in (at_least, at_most) if bound is not None]
    low, high = spread or (value, value)
    benchmark.extra_info.setdefault("figures", []).append(
        {
            "what": what,
            "value": value,
            "low": min(low, value),
            "high": max(high, value),
            "goal": goal,
            "more_is_better": at_least is not None,
            "once": spread is None,
        }
    )

"""What a benchmark found, as the page of benchmarks shows it, with the goal and what is held."""


def note(
    benchmark,
    what,
    value,
    *,
    spread=None,
    at_least=None,
    at_most=None,
    holds=None,
    held=True,
    why="",
):
    """Keep a figure with the goal that is set for it.

    `spread` is the lowest and the highest ratio of the run; None where it was measured once. A
    figure is held at its goal; where it falls short of that, `holds` is what it is held at instead,
    and `why` says where the time goes. What is a time and no ratio is shown, but not `held`: it
    says as much of the machine.
    """
    (goal,) = [bound for bound in (at_least, at_most) if bound is not None]
    assert why or holds is None, "what falls short of its goal says why"
    low, high = spread or (value, value)
    benchmark.extra_info.setdefault("figures", []).append(
        {
            "what": what,
            "value": value,
            "low": min(low, value),
            "high": max(high, value),
            "goal": goal,
            "holds": (goal if holds is None else holds) if held else None,
            "more_is_better": at_least is not None,
            "once": spread is None,
            "why": why,
        }
    )


def fallen(figures):
    """Figures that are worse than what they are held at, each as a line.

    >>> figure = {"what": "a", "value": 3.0, "holds": 2.0, "more_is_better": False}
    >>> fallen([figure, figure | {"value": 1.5}])
    ['a: 3, held at 2']
    """
    return [
        f"{each['what']}: {each['value']:.4g}, held at {each['holds']:.4g}"
        for each in figures
        if each["holds"] is not None
        and (
            each["value"] < each["holds"]
            if each["more_is_better"]
            else each["value"] > each["holds"]
        )
    ]

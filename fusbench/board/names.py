"""Names of rows that a reader may take for one another."""

from __future__ import annotations

from collections.abc import Iterable

ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "_": "-", ".": "-"})


def skeleton(name: str) -> str:
    """What is left of a name for an eye that reads fast.

    >>> skeleton("U-Net_l0") == skeleton("u-net-lO") == skeleton("u-net.10")
    True
    """
    return name.lower().translate(ALIKE).replace("rn", "m").replace("vv", "w")


def taken_for(name: str, others: Iterable[str]) -> str:
    """The first other name that this one may be taken for; "" if there is none."""
    own = skeleton(name)
    return next((other for other in others if other != name and skeleton(other) == own), "")

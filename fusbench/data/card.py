"""What the core knows of a named data set before it makes or opens it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class DatasetCard:
    """A named data set, described: data only.

    Parameters
    ----------
    name : str
        Unique name; equals the entry point's name.
    title : str
        One line for lists.
    provider : str
        "module:callable", called as ``provider(card, splits, report)``; returns the path of a data
        set folder that holds the frames of `splits` and the gaze of every split. ``report(done,
        total)`` tells of progress.
    synthetic : bool
        True where no person was recorded.
    options : mapping
        Free settings of the provider.

    Examples
    --------
    >>> DatasetCard(name="mine", title="My study", provider="my_package:folder").synthetic
    False
    """

    name: str
    title: str
    provider: str
    synthetic: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

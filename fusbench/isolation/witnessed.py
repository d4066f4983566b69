"""What a guest's witness saw, on this side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fusbench.isolation.parent import Guest
from fusbench.models.entrant import Used


@dataclass(frozen=True, kw_only=True)
class GuestWitness:
    """Asks a guest what its model read.

    Parameters
    ----------
    guest : Guest
    versioned : bool
        The model is released with the core: its version stands for its code in the run's key. Its
        record holds the code too, so that an edited clone scores anew.
    """

    guest: Guest
    versioned: bool

    def used(self) -> Used:
        """What the densities that were given so far follow from."""
        told = self.guest.ask("used")
        return Used(
            source="" if self.versioned else told["source"],
            versions={} if self.versioned else told["versions"],
            of_data=tuple(told["data"]),
            record=told["record"],
        )

    def unchanged(self, record: Mapping[str, Any], *, nearby: bool = False) -> bool:
        """Whether all that a record names is as it was; see `Witness`."""
        answer = self.guest.ask("unchanged", record=dict(record), nearby=nearby)
        return bool(answer["unchanged"])

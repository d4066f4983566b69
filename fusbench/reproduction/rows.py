"""The rows of the paper's tables: which model each is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

METRICS = ("kld", "sim", "nss", "cc")
MARGIN = 9
"""Frames left out at either end of a clip: every window up to 10 frames, wherever it is placed, is
complete at the others."""

FROZEN = "clstmunet-frozen"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row.

    Parameters
    ----------
    key : str
        The zoo's network, or a baseline's name.
    title : str
    model : str
        What is evaluated: the key, but for the control with frozen history.
    freeze_history : bool
        Whether the model is shown copies of its current frame.
    kind : {"spatial", "temporal", "control", "floor", "ceiling"}
    """

    key: str
    title: str
    model: str
    freeze_history: bool = False
    kind: str = "spatial"

    @property
    def trained(self) -> bool:
        """Whether the row has weights."""
        return self.kind not in ("floor", "ceiling")


def _row(key: str, title: str, kind: str, model: str = "") -> Row:
    return Row(key=key, title=title, model=model or key, kind=kind, freeze_history=bool(model))


ROWS: Mapping[str, Row] = MappingProxyType(
    {
        row.key: row
        for row in (
            _row("uniform", "Uniform", "floor"),
            _row("centre-bias", "Centre bias", "floor"),
            _row("mean-map", "Mean map of the train split", "floor"),
            _row("unet", "U-Net, no augmentation", "spatial"),
            _row("unet-ra-5-5", "U-Net, RA(5,5)", "spatial"),
            _row("unet-ra-7-9", "U-Net, RA(7,9)", "spatial"),
            _row("unet-ra-3-9", "U-Net, RA(3,9)", "spatial"),
            _row("unet-mixra-3-7", "U-Net, Mix.RA(3,7)", "spatial"),
            _row("clstmunet-l4", "cLSTMU-Net, L = 4", "temporal"),
            _row("clstmunet", "cLSTMU-Net, L = 6, before", "temporal"),
            _row("clstmunet-l8", "cLSTMU-Net, L = 8", "temporal"),
            _row("clstmunet-l10", "cLSTMU-Net, L = 10", "temporal"),
            _row("clstmunet-around", "cLSTMU-Net, L = 6, before & after", "temporal"),
            _row("clstmunet-after", "cLSTMU-Net, L = 6, after", "temporal"),
            _row("unet-stacked", "U-Net on 6 stacked frames", "control"),
            _row(FROZEN, "cLSTMU-Net, history frozen", "control", "clstmunet"),
            _row("ideal-observer", "Ideal observer", "ceiling"),
        )
    }
)

FLOORS = ("uniform", "centre-bias", "mean-map")
SPATIAL = ("unet-ra-7-9", "unet-ra-3-9", "unet-mixra-3-7")
TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "table1": (
            *("unet", "unet-ra-5-5", *SPATIAL),
            *("clstmunet-l4", "clstmunet", "clstmunet-l8", "clstmunet-l10"),
        ),
        "table2": ("clstmunet", "clstmunet-around", "clstmunet-after"),
        "figure2": (*SPATIAL, "clstmunet"),
        "claims": tuple(key for key, row in ROWS.items() if row.trained),
    }
)
TITLES: Mapping[str, str] = MappingProxyType(
    {
        "table1": "Table 1: spatial models, and the cLSTMU-Net by length of its clip",
        "table2": "Table 2: where the other frames lie, L = 6",
    }
)

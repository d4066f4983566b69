"""A new data set as it is described before its recordings are in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fusbench.data.scan import DatasetInfo
from fusbench.errors import ConfigError
from fusbench.importing.clip_files import Stored

SIGMA_SHARE = 1 / 36


@dataclass(frozen=True, kw_only=True)
class Study:
    """What holds for a new data set; an existing one keeps its own.

    Parameters
    ----------
    name, version, licence, citation, description : str
        `name` defaults to the folder's.
    sigma_px : float, optional
        Standard deviation that makes a saliency map of a gaze point, in pixels of the stored
        frame; default: 1/36 of the width, as in the phantom.
    sigma_deg : float, optional
        The same as a visual angle; 1 degree is usual. Needs the screen and the eye's distance.
    frame_size : (int, int), optional
        Rows and columns that crops are resized to; default: the first crop's.
    colour : bool
        Keep colour.
    clip_length : int
        Frames a clip.
    every : int
        Of so many frames one is kept, with the gaze on all of them.
    store : {"npy", "zstd"}
        How frames are stored: memory-mapped, or packed in about a third of the space.

    Examples
    --------
    >>> Study(licence="private", every=2).clip_length
    90
    """

    name: str = ""
    version: str = "1"
    licence: str = "private"
    citation: str = "none"
    description: str = ""
    sigma_px: float | None = None
    sigma_deg: float | None = None
    frame_size: tuple[int, int] | None = None
    colour: bool = False
    clip_length: int = 90
    every: int = 1
    store: str = "npy"

    def __post_init__(self) -> None:
        if self.clip_length < 1:
            raise ConfigError(f"a clip of {self.clip_length} frames is none", fix="Use 90, say.")
        if self.every < 1:
            raise ConfigError(f"one of {self.every} frames is none", fix="Use 2, say.")
        if self.sigma_px is not None and not 0 < self.sigma_px < 1e4:
            raise ConfigError(f"a sigma of {self.sigma_px} px is none", fix="Use 8, say.")
        if self.sigma_deg is not None and not 0 < self.sigma_deg < 45:
            raise ConfigError(f"a sigma of {self.sigma_deg} degrees is none", fix="Use 1, say.")
        if self.sigma_px is not None and self.sigma_deg is not None:
            raise ConfigError("sigma is given twice", fix="Give pixels or degrees.")


def stored_as(study: Study, size: tuple[int, int]) -> Stored:
    """How a study's frames of this size are stored."""
    return Stored(
        size=size,
        channels=3 if study.colour else 1,
        clip_length=study.clip_length,
        every=study.every,
        store=study.store,
    )


def info_of(
    study: Study,
    root: Path,
    shape: tuple[int, ...],
    frame_rate_hz: float,
    gaze_rate_hz: float,
    sigma_px: float | None = None,
) -> DatasetInfo:
    """Description of a new data set; `sigma_px` is what follows from an angle, if one was given."""
    return DatasetInfo(
        name=study.name or root.resolve().name,
        version=study.version,
        licence=study.licence,
        citation=study.citation,
        description=study.description,
        frame_rate_hz=frame_rate_hz,
        frame_shape=shape,
        gaze_rate_hz=gaze_rate_hz,
        sigma_px=sigma_px or study.sigma_px or round(shape[1] * SIGMA_SHARE, 2),
    )

"""One fetus: its size, its lie, its landmarks.

Fetal frame: the unit is the crown-rump length (CRL), x points to the crown, y to the front (the
side of the face), the origin is the middle of the trunk.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from fusbench.phantom.exact import coarse

LANDMARK_NAMES = ("nasal bone", "palate", "nuchal translucency", "rump", "crown")
LANDMARKS = np.array(
    [(0.345, 0.168), (0.262, 0.105), (0.115, -0.142), (-0.475, -0.035), (0.48, 0.045)]
)
IN_HEAD = np.array([1.0, 1.0, 0.5, 0.0, 1.0])
"""How far each landmark follows a shift of the head."""
FADE = np.array([0.45, 0.6, 0.7, np.inf, np.inf])
"""Elevation, in plane thicknesses, at which a landmark has faded to 61 %."""

CRL_PX = (150.0, 185.0)
TILT_SD_RAD = np.deg2rad(10.0)
FACE_UP_SHARE = 0.8
HEAD_SHIFT_SD = 0.01
FLEX_SD = 0.02
LIMB_TURN_SD_RAD = 0.3
NT_THICKNESS = (0.020, 0.032)


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """What differs from one fetus to the next.

    Parameters
    ----------
    crl_px : float
        Crown-rump length in image pixels.
    facing : ndarray, shape (2,)
        Signs of the fetal axes in the image: +1, -1 is a head on the right with the face up.
    tilt_rad : float
        Rotation of the fetus in the image.
    head : ndarray, shape (2,)
        Shift of the head, in CRL.
    flex : float
        Shift of the trunk's axis, in CRL.
    limb_turn_rad : ndarray, shape (4,)
        Turns of upper arm, forearm, thigh and shank from their mean posture.
    nt_thickness : float
        Thickness of the nuchal translucency, in CRL.
    """

    crl_px: float
    facing: np.ndarray
    tilt_rad: float
    head: np.ndarray
    flex: float
    limb_turn_rad: np.ndarray
    nt_thickness: float

    def rounded(self) -> Anatomy:
        """The same on a grid of 2^-16, as pictures are drawn from it."""
        return Anatomy(**{field.name: coarse(getattr(self, field.name)) for field in fields(self)})

    @property
    def landmarks(self) -> np.ndarray:
        """Positions of the landmarks in CRL, shape (N, 2), in the order of `LANDMARK_NAMES`."""
        places: np.ndarray = LANDMARKS + IN_HEAD[:, None] * self.head
        return places


def draw_anatomy(rng: np.random.Generator) -> Anatomy:
    """Draw an examination.

    Examples
    --------
    >>> anatomy = draw_anatomy(np.random.default_rng(0))
    >>> 150 <= anatomy.crl_px <= 185, anatomy.landmarks.shape
    (True, (5, 2))
    """
    return Anatomy(
        crl_px=rng.uniform(*CRL_PX),
        facing=np.where(rng.random(2) < (0.5, FACE_UP_SHARE), (1.0, -1.0), (-1.0, 1.0)),
        tilt_rad=rng.normal(0, TILT_SD_RAD),
        head=rng.normal(0, HEAD_SHIFT_SD, 2),
        flex=rng.normal(0, FLEX_SD),
        limb_turn_rad=rng.normal(0, LIMB_TURN_SD_RAD, 4),
        nt_thickness=rng.uniform(*NT_THICKNESS),
    )


def visibility(elevation: np.ndarray) -> np.ndarray:
    """How visible each landmark is when the plane lies off its centre, (n,) -> (n, N), 0..1.

    Examples
    --------
    >>> visibility(np.array([0.45])).round(3).tolist()
    [[0.607, 0.755, 0.813, 1.0, 1.0]]
    """
    share: np.ndarray = np.exp(-0.5 * (np.asarray(elevation)[:, None] / FADE) ** 2)
    return share

"""What of a recording's video is kept: one rectangle, or a file's where that changes."""

from __future__ import annotations

from fusbench.footage.crop import crop_box
from fusbench.footage.crops import Crops, constant, read_crops
from fusbench.footage.record import Footage
from fusbench.importing.pairing import Pairing


def crops_of(pairing: Pairing, footage: Footage) -> Crops:
    """What of the picture is kept: of ``--crop`` or of a file's rows.

    Raises
    ------
    ConfigError
        If a rectangle leaves the picture or cuts pixels.
    DatasetError
        If the file cannot be read, or does not tell where the video begins.
    """
    where = f"scan '{pairing.scan}'"
    if pairing.crop_file is None:
        return constant(crop_box(pairing.crop, footage, where))
    return read_crops(pairing.crop_file, footage, where, max(pairing.from_ns or 0, 0))

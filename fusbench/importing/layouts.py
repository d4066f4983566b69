"""The layouts of public video-saliency data that `dataset import --layout` reads."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

from fusbench.errors import DatasetError, unknown
from fusbench.importing.avimos import avimos
from fusbench.importing.described import Study
from fusbench.importing.gazecom import gazecom
from fusbench.importing.pairing import PARSERS
from fusbench.importing.pictured import KNOWN, pictured
from fusbench.importing.public import Published, import_published
from fusbench.progress import Progress, silent

LAYOUTS: dict[str, Callable[[Path, Fraction | None], Published]] = {
    **{name: partial(pictured, layout=name) for name in KNOWN},
    "avimos": avimos,
    "gazecom-arff": gazecom,
}


def import_layout(
    root: str | Path,
    source: str | Path,
    layout: str,
    study: Study | None = None,
    *,
    frame_rate: str = "",
    progress: Progress = silent,
) -> tuple[int, int]:
    """Make a data set folder of a public data set.

    Parameters
    ----------
    root : str or Path
        The new folder.
    source : str or Path
        Where the public data set was unpacked.
    layout : str
        A key of `LAYOUTS`.
    study : Study, optional
        What it names goes before what the public data set says of itself.
    frame_rate : str
        Of pictures; default: as it is published.
    progress : callable, optional
        Shows how many videos are done; see `fusbench.progress`.

    Returns
    -------
    (int, int)
        Scans and clips.

    Raises
    ------
    UnknownName
        If there is no such layout.
    DatasetError
        If the folder is of another layout, or a file is damaged or missing.

    Examples
    --------
    >>> import tempfile, fusbench
    >>> folder = tempfile.TemporaryDirectory()
    >>> data = fusbench.open_dataset("phantom-tiny")
    >>> source = fusbench.export_dataset(data, "dhf1k", folder.name + "/exported")
    >>> import_layout(folder.name + "/study", source, "dhf1k")
    (6, 6)
    """
    source = Path(source)
    if layout not in LAYOUTS:
        raise unknown("layout", layout, tuple(LAYOUTS))
    if not source.is_dir():
        raise DatasetError("no folder is here", str(source), "Unpack the data set, and name it.")
    rate = PARSERS["frame_rate"][1](frame_rate) if frame_rate else None
    published = LAYOUTS[layout](source, rate)
    with progress("importing") as update:
        return import_published(Path(root), published, study or Study(), update)

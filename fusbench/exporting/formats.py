"""The formats that a data set can be exported to."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from fusbench.errors import DatasetError, OutputError, unknown
from fusbench.files import replacing_folder
from fusbench.progress import Report

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset

FORMATS = {
    "dhf1k": "fusbench.exporting.dhf1k:write_dhf1k",
    "bids": "fusbench.exporting.bids:write_bids",
    "pysaliency-hdf5": "fusbench.exporting.pysaliency:write_pysaliency",
}
"""``module:name`` of what writes a format: a function of the data set, the folder and a report."""


def export_dataset(
    dataset: Dataset, form: str, out: str | Path, report: Report | None = None
) -> Path:
    """Write a data set in another format, into a new folder.

    Parameters
    ----------
    dataset : Dataset
    form : str
        A key of `FORMATS`.
    out : str or Path
        The new folder; it appears when it is complete.
    report : callable, optional
        Told (clips done, clips in all).

    Raises
    ------
    UnknownName
        If there is no such format.
    OutputError
        If the folder exists or cannot be written.
    DatasetError
        If a clip holds no frames.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> import fusbench
    >>> dataset = fusbench.open_dataset("phantom-tiny")
    >>> out = export_dataset(dataset, "bids", folder.name + "/bids")
    >>> (out / "dataset_description.json").exists()
    True
    """
    if form not in FORMATS:
        raise unknown("export format", form, tuple(FORMATS))
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError("already exists", str(out), "Choose another folder or remove this one.")
    if not dataset.clips:
        raise DatasetError("holds no clip", str(dataset.root), "Import a recording first.")
    with replacing_folder(out) as folder:
        module, _, name = FORMATS[form].partition(":")
        write = getattr(import_module(module), name)
        write(dataset, folder, report or (lambda done, total: None))
    return out

"""The formats that a data set can be exported to."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from fusbench.errors import DatasetError, OutputError, unknown
from fusbench.files import replacing_folder
from fusbench.progress import Progress, silent

if TYPE_CHECKING:
    from fusbench.data.dataset import Dataset

_FOUND = (module.name for module in iter_modules([str(Path(__file__).parent)]))
FORMATS = tuple(sorted(name.replace("_", "-") for name in _FOUND if name != "formats"))
"""The other modules of this folder: each has `write`, of the data set, the folder and a report."""


def export_dataset(
    dataset: Dataset, form: str, out: str | Path, *, progress: Progress = silent
) -> Path:
    """Write a data set in another format, into a new folder.

    Parameters
    ----------
    dataset : Dataset
    form : str
        One of `FORMATS`.
    out : str or Path
        The new folder; it appears when it is complete.
    progress : callable, optional
        Shows how many clips are done; see `fusbench.progress`.

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
        raise unknown("export format", form, FORMATS)
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError("already exists", str(out), "Choose another folder or remove this one.")
    if not dataset.clips:
        raise DatasetError("holds no clip", dataset.where, "Import a recording first.")
    with replacing_folder(out) as folder, progress(f"writing {form}") as update:
        module = import_module(f"fusbench.exporting.{form.replace('-', '_')}")
        module.write(dataset, folder, update)
    return out

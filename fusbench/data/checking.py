"""Whether a folder is a data set after the specification."""

from __future__ import annotations

from pathlib import Path

from fusbench.data.dataset import Dataset
from fusbench.data.folder import read_folder
from fusbench.errors import FusbenchError


def check_dataset(root: str | Path) -> list[FusbenchError]:
    """Every breach of the specification, frames and hashes included.

    Parameters
    ----------
    root : str or Path
        The data set's folder.

    Returns
    -------
    list of FusbenchError
        What, where and what to do, of each; an empty list is a pass.

    Examples
    --------
    >>> import fusbench
    >>> dataset = fusbench.open_dataset("phantom-tiny", ("test",))
    >>> check_dataset(dataset.root)
    []
    """
    findings: list[FusbenchError] = []
    try:
        dataset = Dataset(Path(root), *read_folder(Path(root), findings.append))
    except FusbenchError as error:  # nothing more can be read
        return [*findings, error]
    for clip in dataset.clips:
        try:
            clip.check()
        except FusbenchError as error:
            findings.append(error)
    return findings

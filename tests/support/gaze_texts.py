"""Gaze written as a text, and read."""

import numpy as np

from fusbench.importing.gaze_file import read_gaze
from fusbench.importing.pairing import Pairing
from fusbench.importing.recording import GazeRecording, ReadOptions

ONE = {"time": "t", "x": "x", "y": "y", "space": "screen"}
MS = 10**6
SILENT = GazeRecording(time_ns=np.zeros(1, np.int64), x=np.zeros(1), y=np.zeros(1), space="pixel")


def read(folder, text, mapping=ONE, form="table", name="g.tsv", encoding="utf-8", **options):
    """The recording that a file of this text holds."""
    file = folder / name
    file.write_text(text, encoding=encoding)
    options = {"time_unit": "ms", **options}
    return read_gaze(file, form, ReadOptions(mapping=mapping, **options))


def told(gaze):
    """What was remarked in reading."""
    return "; ".join(remark.text for remark in gaze.remarks)


def pairing(**facts):
    """A pairing that names no file which is there."""
    return Pairing(scan="S1", video="v", gaze="g", gaze_format="table", no_banner=True, **facts)

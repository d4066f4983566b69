import pytest
from support.small_dataset import small_clips, small_info

from fusbench.data.writer import write_dataset


@pytest.fixture
def folder(tmp_path):
    """A small data set folder, correct to begin with."""
    return write_dataset(tmp_path / "small", small_info(), small_clips())

from pathlib import Path

import pytest
from support.small_dataset import small_clips, small_info

from fusbench.data.writer import write_dataset


@pytest.fixture
def folder(tmp_path):
    """A small data set folder, correct to begin with."""
    return write_dataset(tmp_path / "small", small_info(), small_clips())


def pytest_collection_modifyitems(items):
    """Measurements are marked by their folder, tests of pages by the browser that they need."""
    for item in items:
        if Path(item.fspath).parent.name == "benchmarks":
            item.add_marker(pytest.mark.bench)
        if Path(item.fspath).name == "test_page.py":
            item.add_marker(pytest.mark.browser)

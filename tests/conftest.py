from pathlib import Path

import pytest
from support.small_dataset import small_clips, small_info

from fusbench.data.writer import write_dataset

HERE = Path(__file__).parent
collect_ignore = ["support"]  # helpers without examples, of which some need Torch
MARKED = {  # what ``pytest -m "not slow and not bench and not browser"`` leaves out
    "bench": ("benchmarks",),
    "browser": ("board/test_page.py", "view/test_page.py", "view/test_pages_of_data.py"),
    "slow": (
        "cli/test_board_rules.py",
        "cli/test_cli.py",
        "cli/test_leaderboard.py",
        "cli/test_predict.py",
        "cli/test_stdout.py",
        "cli/test_train.py",
        "data/test_split.py",
        "docs",
        "doors/test_doors.py",
        "doors/test_foreign.py",
        "doors/test_guest.py",
        "importing/test_banner.py",
        "importing/test_cases.py",
        "importing/test_command.py",
        "importing/test_mutated.py",
        "kit",
        "metrics/test_plugin.py",
        "models/test_plugin.py",
        "models/test_predictions.py",
        "parity",
        "phantom/test_phantom_attention.py",
        "phantom/test_phantom_exact.py",
        "phantom/test_phantom_folder.py",
        "phantom/test_phantom_history_gap.py",
        "phantom/test_phantom_reference_scores.py",
        "predicting",
        "reproduction/test_produce.py",
        "reproduction/test_tables.py",
        "searching",
        "test_discovery.py",
        "test_typed.py",
        "training",
        "verbs",
        "view/test_content.py",
        "zoo/test_learning.py",
        "doors/test_onnx_files.py",
        "zoo/test_torch_module.py",
    ),
}


def pytest_collection_modifyitems(items):
    """Mark what takes minutes, measures time, or needs a browser, by the file it stands in."""
    for item in items:
        for mark, places in MARKED.items():
            if any(item.path.is_relative_to(HERE / place) for place in places):
                item.add_marker(mark)


@pytest.fixture
def folder(tmp_path):
    """A small data set folder, correct to begin with."""
    return write_dataset(tmp_path / "small", small_info(), small_clips())


@pytest.fixture(autouse=True, scope="module")
def working_folder(tmp_path_factory):
    """An own one: what others open in a working folder counts as the model's that runs there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("working"))
        yield

"""Where will a sonographer look? Data sets, benchmark and model zoo for gaze on ultrasound video.

The public names, each resolved when it is first used, so that importing fusbench costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

PUBLIC = {
    "Board": "fusbench.verbs.board",
    "Clip": "fusbench.data.scan",
    "Dataset": "fusbench.data.dataset",
    "DatasetCard": "fusbench.data.card",
    "DatasetInfo": "fusbench.data.scan",
    "Draw": "fusbench.augment.draw",
    "Evaluation": "fusbench.evaluation.job",
    "FusbenchError": "fusbench.errors",
    "GazePoints": "fusbench.data.gaze",
    "ModelCard": "fusbench.models.card",
    "NewClip": "fusbench.data.writer",
    "Pairing": "fusbench.importing.pairing",
    "Policy": "fusbench.augment.policy",
    "Quality": "fusbench.importing.quality",
    "ReadOptions": "fusbench.importing.recording",
    "Result": "fusbench.evaluation.results",
    "Rows": "fusbench.verbs.rows",
    "Run": "fusbench.evaluation.finished",
    "Samples": "fusbench.data.samples",
    "Stream": "fusbench.predicting.stream",
    "Study": "fusbench.importing.study",
    "Training": "fusbench.training.loop",
    "Window": "fusbench.data.window",
    "check_dataset": "fusbench.data.dataset",
    "evaluate": "fusbench.verbs.evaluate",
    "export_dataset": "fusbench.exporting.formats",
    "fixation_map": "fusbench.data.gaze",
    "import_recordings": "fusbench.importing.study",
    "load_model": "fusbench.doors.registry",
    "model_card": "fusbench.doors.registry",
    "open_dataset": "fusbench.data.dataset",
    "policy": "fusbench.augment.policy",
    "read_gaze": "fusbench.importing.gaze_file",
    "read_result": "fusbench.evaluation.results",
    "read_run": "fusbench.evaluation.finished",
    "read_scores": "fusbench.evaluation.results",
    "saliency_map": "fusbench.data.gaze",
    "train": "fusbench.training.loop",
    "write_dataset": "fusbench.data.writer",
}
MODULES = ("metrics", "testing")


def __getattr__(name: str) -> Any:
    if name in PUBLIC:
        return getattr(import_module(PUBLIC[name]), name)
    if name in MODULES:
        return import_module(f"fusbench.{name}")
    raise AttributeError(f"module 'fusbench' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*PUBLIC, *MODULES, "__version__"])

"""Examples in the documentation print what stands under them.

``PYTHONPATH=tests python tests/docs/test_examples.py`` writes the outputs anew; look at the
difference before you keep it.
"""

import subprocess
import sys
import tempfile
from contextlib import chdir
from pathlib import Path

import pytest
from support.examples import BLOCK, rewritten, run

ROOT = Path(__file__).parents[2]
PAGES = (
    "docs/explanation/why-numbers-differ.md",
    "docs/how-to/metric-plugin.md",
    "docs/how-to/notebook.md",
)


@pytest.mark.parametrize("name", PAGES)
def test_the_outputs_are_those_of_the_code(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = 0
    for match, printed in run((ROOT / name).read_text(encoding="utf-8")):
        lines = [line.rstrip() for line in printed.splitlines()]
        assert lines == (match["shown"] or "").splitlines(), match["code"]
        shown += match["shown"] is not None
    assert shown


def test_the_plugin_page_shows_the_example_plugin():
    page = (ROOT / "docs/how-to/metric-plugin.md").read_text(encoding="utf-8")
    folder = ROOT / "plugins/fusbench-example-metric"
    for file in ("fusbench_example_metric.py", "pyproject.toml"):
        assert (folder / file).read_text(encoding="utf-8") in page


def test_the_reference_holds_every_definition():
    """The table of definitions is that of the metrics themselves."""
    from fusbench import metrics

    page = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")
    for key in metrics.ORDER:
        metric = metrics.metric(key)
        cells = (metric.definitions[profile] for profile in metrics.PROFILES)
        assert f"| `{key}` | {' | '.join(cells)} |" in page, key
    assert all(f"`{name}`" in page for name in metrics.NEEDS)


@pytest.mark.parametrize("source", ["file", "standard input"])
def test_the_loaders_run_as_a_plain_script_on_an_empty_cache(source, tmp_path, monkeypatch):
    """Making the phantom takes processes, which must not run the script again."""
    monkeypatch.setenv("FUSBENCH_CACHE", str(tmp_path / "cache"))
    page = (ROOT / "docs/how-to/loaders.md").read_text(encoding="utf-8")
    script = tmp_path / "script.py"
    script.write_text(next(BLOCK.finditer(page))["code"] + "print(len(samples))\n")
    with script.open() as text:
        command = [sys.executable, script if source == "file" else "-"]
        done = subprocess.run(command, stdin=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


def rewrite(path):
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    for page in PAGES:
        rewrite(ROOT / page)

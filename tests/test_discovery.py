"""Finding plug-ins: nothing of a stranger's package may stop the rest."""

import json
import os
import subprocess
import sys
from importlib import metadata

import pytest
from support.command import run

from fusbench.discovery import MODELS, Entry, find, resolve, scan
from fusbench.errors import PluginError, UnknownName


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder on the path, to which packages can be added."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(name, entry_points, module=None):
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "entry_points.txt").write_text(entry_points)
        if module is not None:
            (tmp_path / f"{name}.py").write_text(module)

    return install


CARD = """
from fusbench.models.card import ModelCard
card = ModelCard(name="{name}", title="A", loader="alpha:load")
"""


def test_a_plugin_is_found_without_being_imported(site):
    site("alpha", "[fusbench.models]\nalpha = alpha:card\n", "raise RuntimeError('imported')")
    entries, faults = scan(MODELS)
    assert entries["alpha"] == Entry(
        name="alpha", distribution="alpha", version="1.0", module="alpha", attribute="card"
    )
    assert faults == []
    assert "alpha" not in sys.modules
    assert "uniform" in entries


def test_a_malformed_file_of_a_stranger_stops_nothing(site):
    site("broken", "[fusbench.models]\na = x:y\na = z:w\n")
    site("unrelated", "not an ini file at all")
    entries, faults = scan(MODELS)
    assert "uniform" in entries
    assert [fault.name for fault in faults] == ["broken"]
    assert "malformed entry_points.txt" in faults[0].what


def test_a_name_claimed_twice_is_reported_with_both_owners(site):
    site("alpha", "[fusbench.models]\ntwin = alpha:card\n")
    site("beta", "[fusbench.models]\ntwin = beta:card\n")
    entries, faults = scan(MODELS)
    assert "twin" not in entries
    assert [fault.what for fault in faults] == ["the name is claimed by alpha 1.0 and beta 1.0"]
    with pytest.raises(PluginError, match=r"claimed by alpha 1\.0 and beta 1\.0. Uninstall one"):
        find(MODELS, "model", "twin")


def test_a_plugin_that_cannot_be_imported(site):
    site("alpha", "[fusbench.models]\nalpha = alpha:card\n", "import no_such_framework")
    entry = find(MODELS, "model", "alpha")
    with pytest.raises(PluginError) as error:
        resolve(entry, "model")
    assert str(error.value) == (
        "model 'alpha' of alpha 1.0: cannot be imported: ModuleNotFoundError: "
        "No module named 'no_such_framework'. Repair or uninstall alpha."
    )


def test_a_card_of_another_name_is_refused(site):
    from fusbench.doors.registry import model_card

    site("alpha", "[fusbench.models]\nalpha = alpha:card\n", CARD.format(name="other"))
    with pytest.raises(PluginError, match="the card is named 'other'. Give card and entry point"):
        model_card("alpha")


def test_an_unknown_name_is_answered_with_near_ones():
    with pytest.raises(UnknownName) as error:
        find(MODELS, "model", "unifrom")
    assert str(error.value).startswith("no model is called 'unifrom'. Did you mean 'uniform'?")
    assert "'fusbench model list' shows all" in str(error.value)


def test_discovery_can_be_restricted(site, monkeypatch):
    site("alpha", "[fusbench.models]\nalpha = alpha:card\n")
    site("beta", "[fusbench.models]\nbeta = beta:card\n")
    monkeypatch.setenv("FUSBENCH_PLUGINS", "Beta")
    entries, _ = scan(MODELS)
    assert "alpha" not in entries
    assert {"beta", "uniform"} <= set(entries)


def test_one_malformed_entry_leaves_the_others_of_its_file(site):
    site("alpha", "[fusbench.models]\ngood = alpha:card\nbad = no module at all\n")
    entries, faults = scan(MODELS)
    assert "good" in entries
    assert [(fault.name, fault.what) for fault in faults] == [
        ("bad", "malformed entry point 'no module at all'; it should read module:attribute")
    ]
    with pytest.raises(PluginError, match=r"model 'bad': malformed entry point.*Repair .*alpha"):
        find(MODELS, "model", "bad")


def test_a_file_that_is_no_text_is_one_fault(site, tmp_path):
    site("alpha", "")
    (tmp_path / "alpha-1.0.dist-info" / "entry_points.txt").write_bytes(b"[fusbench.models]\n\xff")
    entries, faults = scan(MODELS)
    assert "uniform" in entries
    assert "malformed entry_points.txt: 'utf-8' codec can't decode" in faults[0].what


def test_a_name_in_a_malformed_file_is_not_called_unknown(site):
    site("alpha", "[fusbench.models]\nmine = alpha:card\n???\n")
    with pytest.raises(PluginError) as error:
        find(MODELS, "model", "mine")
    assert "malformed entry_points.txt: Source contains parsing errors" in str(error.value)
    assert "[line 3]" in " ".join(str(error.value).split())
    assert "or install alpha again." in str(error.value)


def test_a_hidden_plugin_is_said_to_be_hidden(site, monkeypatch):
    site("alpha", "[fusbench.models]\nmine = alpha:card\n")
    monkeypatch.setenv("FUSBENCH_PLUGINS", "fusbench-torch, no-such")
    with pytest.raises(PluginError, match="is hidden, since FUSBENCH_PLUGINS does not name alpha"):
        find(MODELS, "model", "mine")
    _, faults = scan(MODELS)
    assert [fault.name for fault in faults if fault.where == "FUSBENCH_PLUGINS"][-1] == "no-such"


def test_a_card_with_an_unknown_field(site):
    from fusbench.data.dataset import dataset_card

    text = "from fusbench import DatasetCard\n"
    text += "card = DatasetCard(name='odd', title='O', provider='a:b', synthetik=True)\n"
    site("beta_card", "[fusbench.datasets]\nodd = beta_card:card\n", text)
    with pytest.raises(PluginError) as error:
        dataset_card("odd")
    assert str(error.value) == (
        "dataset 'odd' of beta-card 1.0: the card has an unknown field 'synthetik'."
        " Did you mean 'synthetic'?"
    )


def test_a_module_that_exits_is_one_line(site):
    site("leaver", "[fusbench.models]\nleaver = leaver:card\n", "import sys; sys.exit(3)")
    with pytest.raises(PluginError, match="cannot be imported: SystemExit: 3. Repair or uninstall"):
        resolve(find(MODELS, "model", "leaver"), "model")


def test_versions_are_those_of_the_metadata_and_not_of_a_folders_name(site, tmp_path):
    record = tmp_path / "clone.egg-info"  # what an editable install leaves in a source folder
    record.mkdir()
    (record / "entry_points.txt").write_text("[fusbench.models]\nmine = clone:card\n")
    (record / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: the_clone\nVersion: 2.5\n")
    assert scan(MODELS)[0]["mine"].owner == "the-clone 2.5"


def test_the_first_of_two_on_the_path_counts(site, tmp_path, monkeypatch):
    site("alpha", "[fusbench.models]\nmine = alpha:card\n")
    other = tmp_path / "other"
    (other / "Alpha-2.0.dist-info").mkdir(parents=True)
    text = "[fusbench.models]\nmine = alpha:card\n"
    (other / "Alpha-2.0.dist-info" / "entry_points.txt").write_text(text)
    assert scan(MODELS)[0]["mine"].owner == "alpha 1.0"
    monkeypatch.syspath_prepend(str(other))
    assert scan(MODELS)[0]["mine"].owner == "alpha 2.0"


@pytest.mark.parametrize("metadata", [b"\xff\xfe", b"", b"Name: \n\n"])
def test_metadata_that_are_no_text_stop_nothing(site, tmp_path, metadata):
    site("alpha", "[fusbench.models]\nmine = alpha:card\n")
    (tmp_path / "alpha-1.0.dist-info" / "METADATA").write_bytes(metadata)
    assert scan(MODELS)[0]["mine"].owner == "alpha 1.0"


def test_a_run_has_one_key_however_fusbench_is_started(folder, tmp_path):
    """In a clone ``python -m fusbench`` also sees the record that an editable install leaves."""
    clone = tmp_path / "clone"
    version = metadata.version("fusbench")
    record = clone / "fusbench.egg-info"
    record.mkdir(parents=True)
    own = "[fusbench.models]\nuniform = fusbench.models.cards:uniform\n"
    (record / "entry_points.txt").write_text(own)
    (record / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: fusbench\nVersion: {version}\n")
    script = tmp_path / "bin" / "fusbench"
    script.parent.mkdir()
    script.write_text("from fusbench.cli import main\nmain()\n")
    keys = []
    for start in (["-m", "fusbench"], [script]):
        line = ["evaluate", "--model", "uniform", "--dataset", folder, "--json", "--out"]
        command = [sys.executable, *start, *line, tmp_path / f"runs{len(keys)}"]
        done = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        keys.append((found["key"], found["model"]["distribution"], found["model"]["version"]))
    assert keys[0] == keys[1]
    assert keys[0][1:] == ("fusbench", version)


@pytest.mark.parametrize("fault", ["import os; os._exit(5)", "import os; os.abort()", "exit(3)"])
@pytest.mark.parametrize("noun", ["metric", "dataset", "model"])
def test_a_plugin_that_ends_the_process_costs_its_own_row(tmp_path, noun, fault):
    folder = tmp_path / "rude-1.0.dist-info"
    folder.mkdir()
    (folder / "entry_points.txt").write_text(f"[fusbench.{noun}s]\nrude = rude:card\n")
    (tmp_path / "rude.py").write_text(fault)
    done = run(noun, "list", "--json", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows.pop("rude")["fault"]
    assert not any("fault" in row for row in rows.values())

"""Finding plug-ins: nothing of a stranger's package may stop the rest."""

import sys

import pytest

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
    with pytest.raises(
        PluginError, match=r"claimed by alpha 1\.0 and beta 1\.0. Repair or uninstall one"
    ):
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
    from fusbench.models.registry import model_card

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

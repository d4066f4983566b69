"""A page shows whatever can be evaluated: by name, card, file, object or folder, the same maps."""

import numpy as np
import pandas as pd
import pytest

import fusbench
from fusbench.view.content import _all_maps
from fusbench.view.source import Source, run_source

FILE = '''"""Brighter places draw the eye."""

from fusbench import ModelCard

card = ModelCard(name="bright", title="Brighter places.", loader="bright:Bright")


class Bright:
    card = card

    def __init__(self, card, checkpoint=None):
        self.more = 1 if checkpoint is None else int(checkpoint.read_text())

    def predict(self, frames):
        density = frames[:, -1].astype(float) + self.more
        return density / density.sum((1, 2), keepdims=True)
'''


@pytest.fixture
def bright(tmp_path, monkeypatch):
    """A Python file, its module, and a folder of what it predicts."""
    path = tmp_path / "bright.py"
    path.write_text(FILE)
    monkeypatch.syspath_prepend(tmp_path)
    return path


def page(data, folder, **asked):
    out = folder / "page.html"
    fusbench.write_page(data, out, n_clips=1, runs=folder / "runs", **asked)
    return out.read_bytes()


def test_a_name_and_its_card_make_the_same_page(folder, tmp_path):
    card = fusbench.model_card("mean-map")
    assert page(folder, tmp_path, models=["mean-map"]) == page(folder, tmp_path, models=[card])


def test_a_file_its_card_and_its_object_make_the_same_page(folder, bright, tmp_path):
    import bright as module

    (tmp_path / "w.txt").write_text("1")
    files = [page(folder, tmp_path, models=[name]) for name in (bright, str(bright))]
    others = [page(folder, tmp_path, models=[module.Bright(module.card)])]
    others += [page(folder, tmp_path, models=[module.card], checkpoint=tmp_path / "w.txt")]
    assert files[0] == files[1]
    assert others == [files[0], files[0]]


def test_a_folder_may_be_named_as_a_model(folder, bright, tmp_path):
    fusbench.predict(bright, tmp_path / "bright-maps", dataset=folder, overlay=False)
    given = [tmp_path / "bright-maps"]
    assert page(folder, tmp_path, models=given) == page(folder, tmp_path, predictions=given)


def test_maps_of_a_loaded_model_are_what_it_predicts(folder, bright, tmp_path):
    import bright as module

    data, model = fusbench.open_dataset(folder), module.Bright(module.card)
    run = fusbench.evaluate(model, data, runs=tmp_path / "runs")
    source = run_source(run, data, "test", model=model)
    clip = data.split("test")[0]
    ((maps,),) = ([list(each) for each in source.densities(data, (clip,))],)
    want = model.predict(np.asarray(clip.frames)[:, None])
    np.testing.assert_allclose(maps, want, rtol=1e-12)
    pd.testing.assert_frame_equal(source.scores, run.scores)


def test_a_loaded_model_stays_in_this_process_beside_another_framework(folder, bright):
    """It cannot be pickled, so that a child would end in an error."""
    import bright as module

    model, data = module.Bright(module.card), fusbench.open_dataset(folder)
    model.here = lambda: None
    cards = [fusbench.ModelCard(**{**vars(module.card), "backend": name}) for name in ("a", "b")]
    given = {"name": "x", "title": "x", "scores": pd.DataFrame(), "summary": {}}
    sources = [Source(card=card, model=model, **given) for card in cards]
    clips = data.split("test")[:1]
    first, second = _all_maps(data, clips, sources, 4, data.info.image_shape, None)
    assert len(first[0].peaks) == 4
    assert first[0].peaks == second[0].peaks

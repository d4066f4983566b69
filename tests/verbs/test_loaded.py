"""Models that are loaded already: known by all their answers, and failing in rows of their own."""

from dataclasses import replace

import numpy as np
import pytest

import fusbench
from fusbench.errors import DatasetError, WindowError


class Brightness:
    """Brighter places."""

    def predict(self, frames):
        density = frames[:, -1].astype(float) + 1.0
        return density / density.sum((1, 2), keepdims=True)


def test_a_loaded_model_that_was_changed_is_another(folder, tmp_path):
    """What a model in memory is, only its answers tell."""
    card = fusbench.model_card("centre-bias")
    model = fusbench.load_model(card, dataset=fusbench.open_dataset(folder))
    same = fusbench.evaluate(model, folder, runs=tmp_path)
    assert same.key == fusbench.evaluate("centre-bias", folder, runs=tmp_path).key
    clip = fusbench.open_dataset(folder).split("test")[0]
    kind = type(model)

    class Turned(kind):
        def predict(self, frames):
            return super().predict(frames)[:, ::-1, ::-1] * 0.5 + super().predict(frames) * 0.5

        def predict_gaze(self, clip, frames):
            flat = np.zeros(clip.info.image_shape)
            flat[0, 0] = 1.0
            return np.stack([flat] * len(frames))

    other = Turned.__new__(Turned)
    other.__dict__.update(model.__dict__)
    other.card = replace(card, sees="clip")
    turned = fusbench.evaluate(other, folder, runs=tmp_path)
    assert turned.key != same.key
    assert turned.result.model.source_sha256
    assert turned.summary.loc["kld", "mean"] > same.summary.loc["kld", "mean"] + 1
    assert clip.n_frames > 0


def test_a_loaded_model_that_was_changed_for_one_frame_is_another(folder, tmp_path):
    """Three frames of the first clip were asked, and the old scores were shown for the rest."""
    rare = fusbench.open_dataset(folder).split("test")[1].frames[5]
    kind = type(fusbench.load_model("centre-bias"))

    def spoilt(model):
        class Spoilt(model):
            def predict(self, frames):
                density = super().predict(frames).copy()
                rarely = (frames[:, -1] == rare).all((1, 2))
                density[rarely] = density[rarely][:, ::-1]
                density[rarely, 0, 0] += 1e-4
                return density

        return Spoilt

    for model, last in ((Brightness, Brightness()), (kind, fusbench.load_model("centre-bias"))):
        old = fusbench.evaluate(last, folder, runs=tmp_path)
        other = spoilt(model).__new__(spoilt(model))
        other.__dict__.update(last.__dict__)
        new = fusbench.evaluate(other, folder, runs=tmp_path)
        assert (new.key == old.key, new.again) == (False, False)
        assert (new.scores["kld"] != old.scores["kld"]).sum() == 1
        assert fusbench.evaluate(other, folder, runs=tmp_path).again


def test_an_object_that_raises_fails_in_one_line(folder, tmp_path):
    class Unlucky(Brightness):
        def predict(self, frames):
            raise ValueError("bad luck")

    with pytest.raises(fusbench.FusbenchError) as error:
        fusbench.evaluate(Unlucky(), folder, runs=tmp_path)
    assert str(error.value) == "model 'unlucky': raised ValueError: bad luck. See its traceback."


MUTE = type("Mute", (Exception,), {"__str__": lambda self: 1 / 0})


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DatasetError("my data are gone", "here", "Look."), "here: my data are gone. Look."),
        (WindowError("no window"), "model 'unlucky': no window."),
        (SystemExit(3), "model 'unlucky': tried to end its process: exit(3). A model must not"),
        (MUTE(), "model 'unlucky': raised Mute. See its traceback."),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_an_object_that_raises_anything_costs_its_own_row(folder, tmp_path, error, words, late):
    """One of fusbench's own errors, as of data, ended the call and with it the others' rows."""

    class Unlucky(Brightness):
        calls = 0

        def predict(self, frames):
            self.calls += 1
            if not late or self.calls > 2:
                raise error
            return super().predict(frames)

    rows = fusbench.evaluate([Unlucky(), "uniform"], folder, runs=tmp_path, metrics=["kld"])
    assert [run.name for run in rows.runs] == ["uniform"]
    assert str(rows.failures[0].error).startswith(words)

"""The sheet shows what training sees, and says what was drawn so that it can be replayed."""

import numpy as np
import pytest

from fusbench.augment.draw import Draw
from fusbench.augment.mix import Mix
from fusbench.augment.policy import Policy, augmented, mixed
from fusbench.augment.sheet import draw_sheet, example
from fusbench.data.dataset import open_dataset
from fusbench.data.gaze import saliency_map
from fusbench.data.samples import Samples
from fusbench.data.window import Window


@pytest.fixture
def samples(folder):
    return Samples(open_dataset(folder), "train", Window(length=3))


@pytest.mark.parametrize("mix", [False, True])
def test_what_a_sheet_tells_can_be_replayed(samples, tmp_path, mix):
    told = draw_sheet(
        tmp_path / "sheet.png", samples, Policy(n=3, m=7, mix=mix), "p", rows=2, seed=1
    )
    assert (tmp_path / "sheet.png").read_bytes()[:4] == b"\x89PNG"
    rng = np.random.default_rng(1)
    for row in told:
        shown = example(samples, Policy(n=3, m=7, mix=mix), rng)
        at = [
            next(
                i
                for i in range(len(samples))
                if (samples[i].clip_id, samples[i].frame) == (w["clip_id"], w["frame"])
            )
            for w in row["windows"]
        ]
        windows = [samples.frames_of(i) for i in at]
        points = [samples.points_of(i) for i in at]
        draw = Draw.from_json(row["draw"])
        if mix:
            mask = Mix.from_json(row["mix"]).mask(samples.shape)
            frames, target = mixed(windows, points, mask, draw, samples.sigma_px)
        else:
            assert row["mix"] is None
            frames, target = augmented(windows[0], points[0], draw, samples.sigma_px)
        np.testing.assert_array_equal(frames, shown.frames)
        np.testing.assert_array_equal(target, shown.target)


def test_the_gaze_on_the_sheet_is_the_target_s(samples):
    rng = np.random.default_rng(0)
    for _ in range(10):
        shown = example(samples, Policy(n=4, m=9), rng)
        again = saliency_map(*shown.points, samples.shape, samples.sigma_px)
        np.testing.assert_allclose(shown.target, again)

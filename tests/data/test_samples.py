import pickle
import stat

import numpy as np
import pytest
from support.small_dataset import small_clip, small_info

from fusbench.data.dataset import open_dataset
from fusbench.data.frames import fit_frames, fit_points
from fusbench.data.samples import Samples
from fusbench.data.window import Window
from fusbench.data.writer import write_dataset
from fusbench.errors import ConfigError, WindowError


def test_samples_are_the_complete_windows_with_gaze(folder):
    data = open_dataset(folder)
    samples = Samples(data, "train", Window(length=4))
    # frames 3..9 of both clips have a complete window, and all of them have gaze
    assert [(s.clip_id, s.frame) for s in samples] == [
        (clip, frame) for clip in ("s1-c1", "s1-c2") for frame in range(3, 10)
    ]
    clip = data.clips[0]
    np.testing.assert_array_equal(samples[2].frames, clip.frames[2:6])
    np.testing.assert_allclose(samples[2].density, clip.saliency_map(5), rtol=1e-6)


def test_a_window_is_a_view_into_the_file(folder):
    samples = Samples(open_dataset(folder), "train", Window(length=4))
    assert np.shares_memory(samples[0].frames, samples[1].frames)
    assert samples[0].frames.base is not None
    assert not samples[0].frames.flags.writeable


def test_edges_are_repeated_when_every_frame_counts(folder):
    samples = Samples(open_dataset(folder), "test", Window(length=4), complete=False)
    assert [s.frame for s in samples if s.clip_id == "s3-c1"] == list(range(1, 10))
    frames = open_dataset(folder).split("test")[0].frames
    np.testing.assert_array_equal(samples[0].frames, frames[[0, 0, 0, 1]])


def test_the_papers_window_count_is_one_lower_per_clip(folder):
    data = open_dataset(folder)
    exact = Samples(data, "train", Window(length=4))
    paper = Samples(data, "train", Window(length=4), window_count="paper")
    assert len(exact) - len(paper) == 2


def test_every_keeps_each_nth_target(folder):
    samples = Samples(open_dataset(folder), "train", Window(length=4), every=3)
    assert [s.frame for s in samples if s.clip_id == "s1-c1"] == [3, 6, 9]


def test_a_horizon_shifts_the_target(folder):
    data = open_dataset(folder)
    sample = Samples(data, "train", Window(length=2, horizon=3))[0]
    assert sample.frame == 4
    np.testing.assert_array_equal(sample.frames, data.clips[0].frames[0:2])
    np.testing.assert_allclose(sample.density, data.clips[0].saliency_map(4), rtol=1e-6)


def test_batches_hold_every_sample_once(folder):
    samples = Samples(open_dataset(folder), "train", Window(length=4))
    batches = list(samples.batches(4))
    assert [len(batch.frames) for batch in batches] == [4, 4, 4, 2]
    np.testing.assert_array_equal(
        np.concatenate([batch.densities for batch in batches]), [s.density for s in samples]
    )


def test_frames_gaze_and_sigma_shrink_together(tmp_path):
    """A bright spot at the gaze stays at the maximum of the target map after resizing."""
    clip = small_clip(1, "test")
    frames = np.zeros_like(clip.frames)
    x, y = 21.0, 9.0
    frames[:, 8:11, 20:23] = 255
    clip.gaze.x_px[:], clip.gaze.y_px[:] = x, y
    changed = type(clip)(**{**vars(clip), "frames": frames})
    data = open_dataset(write_dataset(tmp_path / "spot", small_info(), [changed]))
    sample = Samples(data, "test", Window(), shape=(12, 16))[0]
    spot = np.unravel_index(sample.frames[-1].argmax(), (12, 16))
    peak = np.unravel_index(sample.density.argmax(), (12, 16))
    assert np.hypot(*np.subtract(spot, peak)) <= 1
    rows, columns = np.mgrid[:12, :16]
    centre = (sample.density * rows).sum(), (sample.density * columns).sum()
    assert np.allclose(centre, ((y + 0.5) / 2 - 0.5, (x + 0.5) / 2 - 0.5), atol=0.1)


@pytest.mark.parametrize("shape", [None, (12, 16)])
def test_samples_cross_to_another_process(folder, shape):
    """What is pickled holds no frames, and the copy opens and resizes them for itself."""
    samples = Samples(open_dataset(folder), "train", Window(length=4), shape=shape)
    want = samples.batch(range(len(samples)))
    sent = pickle.dumps(samples)
    again = pickle.loads(sent)
    assert again._frames.recent.kept == ()
    assert len(sent) < samples.clips[0].frames.nbytes
    got = again.batch(range(len(again)))
    np.testing.assert_array_equal(got.frames, want.frames)
    np.testing.assert_array_equal(got.densities, want.densities)


def test_resized_clips_are_kept_within_a_bound(folder):
    """Two clips of 10 frames of 12 x 16: both are kept in 3,840 bytes, one in a byte less."""
    data = open_dataset(folder)
    for bound, kept in ((3840, (0, 1)), (3839, (1,)), (1, (1,))):
        samples = Samples(data, "train", Window(), shape=(12, 16), memory_bytes=bound)
        assert samples[0].clip_id != samples[len(samples) - 1].clip_id
        assert samples._frames.recent.kept == kept


def test_the_clip_used_last_is_the_last_to_go(folder):
    samples = Samples(open_dataset(folder), "train", Window(), shape=(12, 16))
    first, last = samples.frames_of(0), samples.frames_of(len(samples) - 1)
    assert samples._frames.recent.kept == (0, 1)
    assert samples.frames_of(0).base is first.base
    assert samples._frames.recent.kept == (1, 0)
    assert last.base is not first.base


def test_a_clip_shorter_than_the_window_is_refused_for_training(folder):
    with pytest.raises(WindowError, match=r"clip 's4-c1': 8 frames hold no complete window"):
        Samples(open_dataset(folder), "test", Window(length=9))


def test_grey_and_colour():
    grey = np.arange(48, dtype=np.uint8).reshape(1, 6, 8)
    colour = fit_frames(grey, None, channels=3)
    assert colour.shape == (1, 6, 8, 3)
    np.testing.assert_array_equal(fit_frames(colour, None, channels=1), grey)
    red = np.zeros((1, 2, 2, 3), np.uint8)
    red[..., 0] = 200
    assert fit_frames(red, None)[0, 0, 0] == round(0.299 * 200)
    assert fit_frames(grey, (6, 8)) is grey


def test_points_follow_the_pixels():
    """A point at the centre of a 4 x 4 block lands on the centre of the pixel it becomes."""
    x, y = fit_points(np.array([1.5, 5.5]), np.array([1.5, 9.5]), (16, 16), (4, 4))
    assert x.tolist() == [0.0, 1.0]
    assert y.tolist() == [0.0, 2.0]


def test_a_sparse_choice_leaves_no_clip_with_gaze_out(folder):
    """Where no chosen frame of a clip has gaze, its first frame with gaze stands in."""
    data = open_dataset(folder)
    every = Samples(data, "train", Window(length=1), every=1)
    sparse = Samples(data, "train", Window(length=1), every=1000)
    clips = {number for number, _ in every.keys}
    assert {number for number, _ in sparse.keys} == clips
    assert len(sparse) == len(clips)


@pytest.mark.parametrize("cache", ["disk", "none"])
@pytest.mark.parametrize("shape", [None, (12, 16)])
def test_where_frames_are_kept_changes_none(folder, tmp_path, monkeypatch, cache, shape):
    place = tmp_path / "cache"
    monkeypatch.setenv("FUSBENCH_CACHE", str(place))
    data, window = open_dataset(folder), Window(length=4, stride=2)
    kept, other = (
        Samples(data, "train", window, shape=shape, complete=False, cache=each)
        for each in ("memory", cache)
    )
    for one, two in zip(kept, other, strict=True):
        np.testing.assert_array_equal(one.frames, two.frames)
        assert not isinstance(two.frames.base, np.memmap)  # it is read, and no page stays mapped
    files = list(place.rglob("*.npy"))
    assert len(files) == (2 if shape and cache == "disk" else 0)
    if files:  # frames of patients, perhaps
        assert stat.S_IMODE((place / "fitted").stat().st_mode) == 0o700
    again = Samples(data, "train", window, shape=shape, complete=False, cache=cache)
    np.testing.assert_array_equal(again[0].frames, kept[0].frames)


def test_resized_frames_on_disk_are_of_these_frames_this_size_and_this_resizer(
    folder, tmp_path, monkeypatch
):
    """Another clip, size or OpenCV has other files; what was cut off or emptied is made anew."""
    import cv2

    place = tmp_path / "cache"
    monkeypatch.setenv("FUSBENCH_CACHE", str(place))
    data, want = open_dataset(folder), {}
    for shape in ((12, 16), (6, 8)):
        kept = Samples(data, "train", Window(length=4), shape=shape)
        want[shape] = [each.frames for each in kept]

    def of_disk(shape):
        return Samples(data, "train", Window(length=4), shape=shape, cache="disk")

    def same(samples, shape):
        for one, two in zip(samples, want[shape], strict=True):
            np.testing.assert_array_equal(one.frames, two)

    for shape in want:
        same(of_disk(shape), shape)
    files = sorted(place.rglob("*.npy"))
    assert {path.stem for path in files} == {clip.sha256 for clip in data.split("train")}
    assert len(files) == 2 * len(data.split("train"))
    for path in files:
        path.write_bytes(path.read_bytes()[: -7 if path == files[0] else 0])
    for shape in want:
        samples = of_disk(shape)
        same(samples, shape)
        for path in files:
            path.unlink(missing_ok=True)
        same(samples, shape)  # as a training does that is under way
    monkeypatch.setattr(cv2, "__version__", "9.9.9")
    same(of_disk((12, 16)), (12, 16))
    assert all("9.9.9" in str(path) for path in place.rglob("*.npy"))


def test_a_cache_that_there_is_not(folder):
    with pytest.raises(ConfigError, match="Did you mean 'disk'"):
        Samples(open_dataset(folder), "train", Window(), cache="disc")

import numpy as np
import pytest

from fusbench.data.window import Window
from fusbench.errors import WindowError


def by_definition(length, placement, stride, t):
    """Frames of a window, spelled out from the definition of each placement."""
    if placement == "before":
        return [t - k * stride for k in range(length - 1, -1, -1)]
    if placement == "after":
        return [t + k * stride for k in range(length)]
    others = length - 1
    before = others - others // 2  # the extra one lies before
    return [t + k * stride for k in range(-before, others // 2 + 1)]


@pytest.mark.parametrize("placement", ["before", "around", "after"])
@pytest.mark.parametrize("length", [1, 2, 5, 6, 10])
@pytest.mark.parametrize("stride", [1, 3])
def test_indices_follow_the_definition(placement, length, stride):
    window = Window(length=length, placement=placement, stride=stride)
    for t in range(90):
        want = [min(max(frame, 0), 89) for frame in by_definition(length, placement, stride, t)]
        assert window.indices([t], 90)[0].tolist() == want
        assert window.indices([t], 90)[0][window.target_index] == t


@pytest.mark.parametrize("placement", ["before", "around", "after"])
def test_complete_windows_number_t_minus_l_plus_1(placement):
    for length in (1, 4, 6, 10):
        assert len(Window(length=length, placement=placement).complete_targets(90)) == 91 - length


def test_complete_targets_by_hand():
    assert Window(length=4).complete_targets(6).tolist() == [3, 4, 5]
    assert Window(length=4, placement="around").complete_targets(6).tolist() == [2, 3, 4]
    assert Window(length=4, placement="after").complete_targets(6).tolist() == [0, 1, 2]
    assert Window(length=2, stride=3).complete_targets(6).tolist() == [3, 4, 5]


def test_horizon_looks_ahead_only():
    window = Window(length=3, horizon=5)
    assert window.indices([20], 90)[0].tolist() == [13, 14, 15]
    assert window.complete_targets(10).tolist() == [7, 8, 9]
    assert window.indices([2], 90)[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"length": 0}, "length 0"),
        ({"length": 2, "stride": 0}, "stride 0"),
        ({"placement": "between"}, "'between' is unknown"),
        ({"length": 3, "placement": "after", "horizon": 2}, "Use placement 'before'"),
    ],
)
def test_impossible_windows_are_refused(numbers, words):
    with pytest.raises(WindowError, match=words):
        Window(**numbers)


def test_a_clip_shorter_than_the_window_is_named():
    with pytest.raises(WindowError) as error:
        Window(length=6).require(4, "clip 's001-c1'")
    assert str(error.value) == (
        "clip 's001-c1': 4 frames hold no complete window, which needs 6. "
        "Train a model with a shorter window, or leave the clip out."
    )


def test_windows_compare_by_value():
    assert Window(length=6) == Window(length=6, placement="before")
    assert np.ptp(Window(length=6).offsets) == 5

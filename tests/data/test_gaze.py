import math

import numpy as np

from fusbench.data.gaze import GazePoints, fixation_map, saliency_map


def sum_of_gaussians(points, shape, sigma):
    """The definition, pixel by pixel in plain Python."""
    rows = [
        [
            sum(math.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * sigma**2)) for px, py in points)
            for x in range(shape[1])
        ]
        for y in range(shape[0])
    ]
    total = sum(map(sum, rows))
    return [[value / total for value in row] for row in rows]


def test_saliency_map_is_the_sum_of_gaussians_also_at_the_border():
    points = [(0.3, 1.7), (11.4, -0.4), (5.0, 4.0)]
    x, y = np.array(points).T
    made = saliency_map(x, y, (9, 12), 1.3)
    assert np.abs(made - sum_of_gaussians(points, (9, 12), 1.3)).max() < 1e-15
    assert abs(made.sum() - 1) < 1e-14


def test_saliency_map_scales_with_the_picture():
    """A map made at a quarter of the size is the full map summed over 4 x 4 blocks."""
    full = saliency_map(np.array([141.7]), np.array([98.2]), (224, 288), 12.0)
    blocks = full.reshape(56, 4, 72, 4).sum((1, 3))
    x, y = (141.7 + 0.5) / 4 - 0.5, (98.2 + 0.5) / 4 - 0.5
    small = saliency_map(np.array([x]), np.array([y]), (56, 72), (3.0, 3.0))
    assert np.abs(small - blocks).max() < 0.01 * blocks.max()


def test_weights_count_as_repeated_points():
    x, y = np.array([2.0, 7.0]), np.array([3.0, 5.0])
    weighted = saliency_map(x, y, (8, 10), 1.5, weight=np.array([2.0, 1.0]))
    repeated = saliency_map(np.array([2.0, 2.0, 7.0]), np.array([3.0, 3.0, 5.0]), (8, 10), 1.5)
    np.testing.assert_allclose(weighted, repeated, atol=1e-16)


def test_fixation_map_counts_points_at_the_nearest_pixel():
    made = fixation_map(np.array([0.49, 0.51, -0.5, 3.49]), np.array([0.0, 0.0, 1.4, 1.6]), (3, 4))
    assert made.tolist() == [[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]


def test_points_of_a_frame():
    gaze = GazePoints(
        frame=np.array([0, 2, 2, 5], np.int32),
        time_s=np.arange(4.0),
        x_px=np.array([1.0, 2.0, 3.0, 4.0]),
        y_px=np.array([5.0, 6.0, 7.0, 8.0]),
    )
    assert [axis.tolist() for axis in gaze.at(2)] == [[2.0, 3.0], [6.0, 7.0]]
    assert [axis.tolist() for axis in gaze.at(3)] == [[], []]
    assert gaze.frames().tolist() == [0, 2, 5]

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from fusbench.phantom.observer import ideal_density


def test_equals_the_mixture_blurred_on_the_grid():
    mixture = np.array([[0.7, 20.3, 31.6, 4.0], [0.3, 44.0, 22.2, 6.0]])
    y, x = np.mgrid[0:60, 0:70]
    sharp = sum(
        w * np.exp(-((x - mx) ** 2 + (y - my) ** 2) / (2 * sd**2)) / (2 * np.pi * sd**2)
        for w, mx, my, sd in mixture
    )
    blurred = gaussian_filter(sharp, 3.0, mode="constant", truncate=8)
    np.testing.assert_allclose(ideal_density(mixture, (60, 70), 3.0), blurred, atol=2e-6)


@pytest.mark.parametrize("x_px", [30.0, 0.0, -25.0])
def test_sums_to_1_wherever_the_mass_lies(x_px):
    density = ideal_density(np.array([[1.0, x_px, 10.0, 5.0]]), (40, 50), 8.0)
    assert density.shape == (40, 50)
    assert density.min() >= 0
    assert density.sum() == pytest.approx(1, abs=1e-12)

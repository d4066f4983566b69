import cv2
import pytest
from support.figures import fallen
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def one_thread():
    """Processor time counts what each of several threads takes, waiting too."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        yield
    cv2.setNumThreads(before)


@pytest.fixture(autouse=True)
def figures_are_held(request):
    """Every figure of a benchmark reaches what the page says it is held at."""
    bench = request.getfixturevalue("benchmark") if "benchmark" in request.fixturenames else None
    yield
    if bench is not None:
        assert not fallen(bench.extra_info.get("figures", []))

import cv2
import pytest


@pytest.fixture(autouse=True)
def one_thread_of_opencv():
    """Processor time counts what each of several threads takes, waiting too."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)

import pytest
from support import recordings


@pytest.fixture(scope="session")
def video(tmp_path_factory):
    """The known video, with variable steps, a first time that is not 0, and a name burnt in."""
    folder = tmp_path_factory.mktemp("video")
    return recordings.write_video(folder / "DOE_JANE_19800102.mp4", shift_ms=500)

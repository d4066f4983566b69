"""A whole data set plug-in: a ring that wanders, and gaze that stays in its middle."""

from fusbench import DatasetCard

card = DatasetCard(
    name="rings",
    title="Synthetic: a ring that wanders, a template of a data set plug-in",
    provider="fusbench_rings:provide",
    synthetic=True,
    options={"n_frames": 20},
)
SPLITS = {"1": "train", "2": "train", "3": "val", "4": "test", "5": "test"}


def provide(card, splits, report=None):
    """The data set's folder, made in the cache on first use."""
    from fusbench import DatasetInfo, write_dataset
    from fusbench.files import cache_folder

    n_frames = card.options["n_frames"]
    root = cache_folder() / "datasets" / f"rings-1-{n_frames}"
    if not root.exists():
        info = DatasetInfo(
            name="rings",
            version="1",
            licence="CC0-1.0",
            citation="fusbench, an example",
            frame_rate_hz=30.0,
            frame_shape=(48, 64),
            gaze_rate_hz=30.0,
            sigma_px=3.0,
            synthetic=True,
        )
        write_dataset(root, info, [ring(scan, n_frames) for scan in SPLITS])
    return root


def ring(scan, n_frames):
    """A clip: frames uint8 (T, 48, 64), and one gaze point a frame."""
    import numpy as np

    from fusbench import GazePoints, NewClip

    frame = np.arange(n_frames, dtype=np.int32)
    x = np.round(32 + 16 * np.cos(frame / 8 + int(scan)), 2)
    y = np.round(24 + 12 * np.sin(frame / 8 + int(scan)), 2)
    rows, columns = np.mgrid[:48, :64]
    radius = np.hypot(columns - x[:, None, None], rows - y[:, None, None])
    return NewClip(
        clip_id=f"ring-{scan}",
        scan_id=f"ring-{scan}",
        split=SPLITS[scan],
        n_frames=n_frames,
        frames=(255 * np.exp(-((radius - 6) ** 2) / 4)).astype(np.uint8),
        gaze=GazePoints(frame=frame, time_s=np.round(frame / 30, 6), x_px=x, y_px=y),
    )

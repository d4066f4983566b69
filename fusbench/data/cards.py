"""Cards of the embedded data sets."""

from fusbench.data.card import DatasetCard

PROVIDER = "fusbench.data.embedded:provide_phantom"

phantom_tiny = DatasetCard(
    name="phantom-tiny",
    title="Synthetic: 6 scans of 30 frames, for tests; its scores mean nothing",
    provider=PROVIDER,
    synthetic=True,
)
phantom = DatasetCard(
    name="phantom",
    title="Synthetic: 115 scans, one clip of 90 frames each; the default",
    provider=PROVIDER,
    synthetic=True,
)
phantom_full = DatasetCard(
    name="phantom-full",
    title="Synthetic: the same 115 scans with the paper's 45,666 frames",
    provider=PROVIDER,
    synthetic=True,
)

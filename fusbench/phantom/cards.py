"""Cards of the embedded data sets."""

from fusbench.data.card import DatasetCard

PROVIDER = "fusbench.phantom.folder:provide_phantom"

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
phantom_power = DatasetCard(
    name="phantom-power",
    title="Synthetic: 200 further test scans, for differences too small for 23; trained as phantom",
    provider=PROVIDER,
    synthetic=True,
)
phantom_full_lag_0 = DatasetCard(
    name="phantom-full-lag-0",
    title="Synthetic: phantom-full with gaze that does not lag, for the study of the lag",
    provider=PROVIDER,
    synthetic=True,
)
phantom_full_lag_100 = DatasetCard(
    name="phantom-full-lag-100",
    title="Synthetic: phantom-full with half the lag, 100 ms, for the study of the lag",
    provider=PROVIDER,
    synthetic=True,
)

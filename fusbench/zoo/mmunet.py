"""A multi-modal U-Net with a ConvLSTM behind it; the modalities are the frame and its change.

After Xu et al., "LSTM multi-modal UNet for brain tumor segmentation", ICIVC 2019, whose modalities
are four MR sequences and whose ConvLSTM runs over neighbouring slices.
"""

from __future__ import annotations

from fusbench.errors import ConfigError
from fusbench.zoo.network import FRAMES, Network, NetworkBuilder
from fusbench.zoo.unet import BASE, INPUT_SHAPE, LEVELS, double_conv, expanding, head


def mmunet(
    *,
    length: int = 6,
    base: int = BASE,
    levels: int = LEVELS,
    input_shape: tuple[int, int] = INPUT_SHAPE,
) -> Network:
    """A U-Net with a hyper-dense encoder path a modality, and a ConvLSTM at full resolution.

    The window is cut into pairs of frames, counted from its end. Of each pair, one path sees the
    second frame and one sees the second minus the first. From the second level on, each path reads
    the pooled features of both, its own first, beside what it read a level above. The skips are the
    mean over the paths. The ConvLSTM reads one map and the finest features of each pair.

    Parameters
    ----------
    length, base, levels, input_shape
        As in `fusbench.zoo.unet.unet`.

    Examples
    --------
    >>> mmunet().n_parameters
    207430
    """
    build = NetworkBuilder()
    if length < 2:
        fix = "Use a window of at least 2 frames."
        raise ConfigError("a single frame has no change", "network 'mmunet'", fix)
    paths = ("frame", "change")
    read = [build.add("second", "frame", FRAMES), build.add("change", "change", FRAMES)]
    above: list[list[str]] = [[], []]  # what each path read at the level above, pooled
    skips = []
    for level in range(levels):
        names, channels = [f"{path}{level + 1}" for path in paths], base * 2**level
        made = [double_conv(build, *at, channels) for at in zip(names, read, strict=True)]
        skips.append(build.add("mean", f"skip{level + 1}", *made, channels=channels))
        pooled = [build.add("maxpool2d", f"{n}_pool", x) for n, x in zip(names, made, strict=True)]
        if level:
            above = [
                [build.add("maxpool2d", f"{n}_above", x)] for n, x in zip(names, read, strict=True)
            ]
        read = [
            build.add("concat", f"{name}_dense", *own, *above[number])
            for number, (name, own) in enumerate(zip(names, (pooled, pooled[::-1]), strict=True))
        ]
    bottom = double_conv(build, "bottom", read[0], base * 2**levels)
    finest = expanding(build, bottom, skips, base)
    score = build.add("conv2d", "score", finest, channels=1, kernel=1)
    both = build.add("concat", "score_features", score, finest)
    head(build, build.add("convlstm2d", "clstm", both, channels=base // 2))
    return build.network("mmunet", length, base, levels, input_shape)

"""SalSAC-style, re-derived: shuffled attention maps and a ConvLSTM weighted by correlation.

After the ideas in title and summary of Wu et al., "SalSAC: a video saliency prediction model with
shuffled attentions and correlation-based ConvLSTM", AAAI 2020. Its equations are not public; those
here, and what they shuffle and weigh, are fusbench's own reading.
"""

from __future__ import annotations

from fusbench.zoo.network import FRAMES, Network, NetworkBuilder
from fusbench.zoo.unet import BASE, INPUT_SHAPE, LEVELS, decoder, encoder

SCALES = 3


def salsac(
    *,
    length: int = 6,
    base: int = BASE,
    levels: int = LEVELS,
    input_shape: tuple[int, int] = INPUT_SHAPE,
) -> Network:
    """Features of three scales, weighed by each other's attention maps, and a ConvLSTM on them.

    The features are pooled to the deepest scale, and each scale has a map of attention. In the
    window's last frame each scale is weighed by its own map; k frames before, by the map of the
    scale k places on. The ConvLSTM's last output enters the decoder, whose skips are the current
    frame's.

    Parameters
    ----------
    length, base, levels, input_shape
        As in `fusbench.zoo.unet.unet`.

    Examples
    --------
    >>> salsac().n_parameters
    494124
    """
    build = NetworkBuilder()
    skips, deepest = encoder(build, "encoder", FRAMES, base, levels)
    width = base * 2 ** (levels - 1)
    features, maps = [], []
    for level, source in list(enumerate([*skips, deepest], start=1))[-SCALES:]:
        name = f"scale{level}"
        for n in range(level, levels + 1):
            source = build.add("maxpool2d", f"{name}_pool{n}", source)
        source = build.add("conv2d", name, source, channels=width, kernel=1, relu=True)
        features.append(source)
        maps.append(build.add("conv2d", f"{name}_attention", source, channels=1))
    scales = build.add("concat", "scales", *features)
    attention = build.add("shuffle", "shuffled", build.add("concat", "attention", *maps))
    weighed = build.add("gate", "weighed", scales, attention, channels=width * len(features))
    memory = build.add("corrlstm2d", "clstm", weighed, channels=base * 2**levels)
    current = [build.add("target", f"current{n}", skip) for n, skip in enumerate(skips, start=1)]
    decoder(build, memory, current, base)
    return build.network("salsac", length, base, levels, input_shape)

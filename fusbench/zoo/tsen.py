"""Temporal attention between two bidirectional ConvLSTMs.

After Cai et al., "Spatio-temporal visual attention modelling of standard biometry plane-finding
navigation", Medical Image Analysis 65, 2020 (TSEN), a network for second-trimester scans that
predicts attention and then the video's class.
"""

from __future__ import annotations

from fusbench.zoo.network import FRAMES, Network, NetworkBuilder
from fusbench.zoo.unet import BASE, INPUT_SHAPE, LEVELS, decoder, encoder


def tsen(
    *,
    length: int = 6,
    base: int = BASE,
    levels: int = LEVELS,
    input_shape: tuple[int, int] = INPUT_SHAPE,
) -> Network:
    """Features of every frame, weighed by an attention map over time, and read in both directions.

    A first bidirectional ConvLSTM gives one attention map a frame; the features, weighed by it, are
    read by a second one, whose last forward and last backward output enter the decoder. The skips
    are the current frame's. Both directions stay within the window.

    Parameters
    ----------
    length, base, levels, input_shape
        As in `fusbench.zoo.unet.unet`.

    Examples
    --------
    >>> tsen().n_parameters
    564138
    """
    build = NetworkBuilder()
    skips, deepest = encoder(build, "encoder", FRAMES, base, levels)
    width = base * 2 ** (levels - 1)  # of one direction
    ahead = build.add("convlstm2d_all", "attention_ahead", deepest, channels=width)
    turned = build.add("reverse", "deepest_reversed", deepest)
    back = build.add("convlstm2d_all", "attention_back", turned, channels=width)
    back = build.add("reverse", "attention_back_reversed", back)
    both = build.add("concat", "attention_both", ahead, back)
    attention = build.add("conv2d", "attention", both, channels=1)
    weighed = build.add("gate", "weighed", deepest, attention, channels=base * 2**levels)
    ahead = build.add("convlstm2d", "ahead", weighed, channels=width)
    turned = build.add("reverse", "weighed_reversed", weighed)
    back = build.add("convlstm2d", "back", turned, channels=width)
    bottom = build.add("concat", "bottom", ahead, back)
    current = [build.add("target", f"current{n}", skip) for n, skip in enumerate(skips, start=1)]
    decoder(build, bottom, current, base)
    return build.network("tsen", length, base, levels, input_shape)

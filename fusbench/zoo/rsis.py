"""RSIS-style: a decoder of ConvLSTMs, one a scale, that recurs over the frames of the window.

After Salvador et al., "Recurrent neural networks for semantic instance segmentation", 2017
(arXiv:1712.00617), whose decoder recurs over the instances of one image.
"""

from __future__ import annotations

from fusbench.zoo.network import FRAMES, Network, NetworkBuilder
from fusbench.zoo.unet import BASE, INPUT_SHAPE, LEVELS, encoder, head


def rsis(
    *,
    length: int = 6,
    base: int = BASE,
    levels: int = LEVELS,
    input_shape: tuple[int, int] = INPUT_SHAPE,
) -> Network:
    """An encoder of every frame, and a ConvLSTM at each scale of the decoder.

    A cell reads the doubled output of the coarser cell beside the frame's features at its scale.
    The finest cell works at half of the input's size; its last output is doubled once more.

    Parameters
    ----------
    length, base, levels, input_shape
        As in `fusbench.zoo.unet.unet`.

    Examples
    --------
    >>> rsis().n_parameters
    209145
    """
    build = NetworkBuilder()
    skips, deepest = encoder(build, "encoder", FRAMES, base, levels)
    scales = [deepest, *reversed(skips[1:])]  # coarsest first
    widest = base * 2 ** (levels - 1)
    source = ""
    for number, features in enumerate(scales):
        name, last = f"cell{len(scales) - number}", number == len(scales) - 1
        skip = widest // 2**number
        read = build.add("conv2d", f"{name}_skip", features, channels=skip)
        if source:
            up = build.add("upconv2d", f"{name}_up", source, channels=skip)
            read = build.add("concat", f"{name}_read", up, read)
        op = "convlstm2d" if last else "convlstm2d_all"
        source = build.add(op, name, read, channels=widest // 2**number)
    head(build, build.add("upconv2d", "head_up", source), kernel=3)
    return build.network("rsis", length, base, levels, input_shape)

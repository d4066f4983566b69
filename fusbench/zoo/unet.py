"""The spatial U-Net, and the encoder and decoder that the cLSTMU-Net shares with it.

After Ronneberger et al., MICCAI 2015: two 3 x 3 convolutions with rectifier a level, 2 x 2 pooling,
2 x 2 transposed convolutions, skip connections; a softmax over all pixels makes it a density.
"""

from __future__ import annotations

from fusbench.zoo.network import FRAMES, Network, NetworkBuilder

BASE, LEVELS, INPUT_SHAPE = 8, 3, (56, 72)


def double_conv(build: NetworkBuilder, name: str, source: str, channels: int) -> str:
    """Two normalised convolutions with rectifier."""
    for number in (1, 2):
        layer = f"{name}_conv{number}"
        source = build.add("conv2d", layer, source, channels=channels, relu=True, norm=True)
    return source


def encoder(
    build: NetworkBuilder, name: str, source: str, base: int, levels: int
) -> tuple[list[str], str]:
    """Contracting path: the skips of each level, finest first, and the deepest features."""
    skips = []
    for level in range(levels):
        source = double_conv(build, f"{name}{level + 1}", source, base * 2**level)
        skips.append(source)
        source = build.add("maxpool2d", f"{name}{level + 1}_pool", source)
    return skips, double_conv(build, f"{name}_bottom", source, base * 2**levels)


def expanding(build: NetworkBuilder, source: str, skips: list[str], base: int) -> str:
    """Expanding path: from the deepest features to the finest."""
    for level in reversed(range(len(skips))):
        name, channels = f"decoder{level + 1}", base * 2**level
        source = build.add("upconv2d", f"{name}_up", source, channels=channels)
        source = build.add("concat", f"{name}_skip", source, skips[level])
        source = double_conv(build, name, source, channels)
    return source


def head(build: NetworkBuilder, source: str, kernel: int = 1) -> None:
    """One map and the softmax over all its pixels: a log-density."""
    build.add("conv2d", "head", source, channels=1, kernel=kernel)
    build.add("softmax2d", "density", "head")


def decoder(build: NetworkBuilder, source: str, skips: list[str], base: int) -> None:
    """Expanding path and head: from the deepest features to a log-density."""
    head(build, expanding(build, source, skips, base))


def unet(
    *,
    length: int = 1,
    base: int = BASE,
    levels: int = LEVELS,
    input_shape: tuple[int, int] = INPUT_SHAPE,
) -> Network:
    """A U-Net on the current frame, or on all frames of the window stacked as channels.

    Parameters
    ----------
    length : int
        Frames of a window; more than 1 stacks them.
    base : int
        Channels of the finest level; they double at each pooling.
    levels : int
        Number of poolings.
    input_shape : (int, int)
        Rows and columns.

    Examples
    --------
    >>> unet().n_parameters
    120681
    """
    build = NetworkBuilder()
    if length == 1:
        source = build.add("target", "current", FRAMES)
    else:
        source = build.add("stack", "stacked", FRAMES, channels=length)
    skips, deepest = encoder(build, "encoder", source, base, levels)
    decoder(build, deepest, skips, base)
    name = "unet" if length == 1 else "unet-stacked"
    return build.network(name, length, base, levels, input_shape)

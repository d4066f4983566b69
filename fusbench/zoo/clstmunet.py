"""The cLSTMU-Net: a spatial U-Net with a ConvLSTM over the frames of the window at its bottom.

After Savochkina et al., ISBI 2022, section 2.3. The ConvLSTM is TensorFlow 2.1's by default: gates
by a hard sigmoid of slope 0.2, tanh, forget bias 1, no peepholes.

The control `ema` has an exponential moving average in the ConvLSTM's place, after Linardos et al.,
BMVC 2019, who find it about as good.
"""

from __future__ import annotations

from fusbench.zoo.network import FRAMES, Network, NetworkBuilder
from fusbench.zoo.unet import BASE, INPUT_SHAPE, LEVELS, decoder, encoder


def clstmunet(
    *,
    length: int = 6,
    base: int = BASE,
    levels: int = LEVELS,
    input_shape: tuple[int, int] = INPUT_SHAPE,
) -> Network:
    """A U-Net whose decoder starts from the current frame's features beside those of the past.

    The spatial encoder sees the current frame and gives the skips. A second encoder of the same
    structure sees every frame of the window, with weights shared over time; a ConvLSTM runs over
    its deepest features, and its last output enters the bottom of the decoder.

    Parameters
    ----------
    length, base, levels, input_shape
        As in `fusbench.zoo.unet.unet`.

    Examples
    --------
    >>> clstmunet().n_parameters
    497505
    """
    return _two_encoders("clstmunet", "convlstm2d", "clstm", length, base, levels, input_shape)


def ema(
    *,
    length: int = 6,
    base: int = BASE,
    levels: int = LEVELS,
    input_shape: tuple[int, int] = INPUT_SHAPE,
) -> Network:
    """The cLSTMU-Net with a moving average of the window's deepest features as its memory.

    Parameters
    ----------
    length, base, levels, input_shape
        As in `fusbench.zoo.unet.unet`.

    Notes
    -----
    ``s_1 = x_1`` and ``s_t = s_(t-1) + alpha (x_t - s_(t-1))``. One alpha serves all channels and
    is learned through its logit, the parameter "ema.logit"; training starts at alpha = 1/2.

    Examples
    --------
    >>> clstmunet().n_parameters - ema().n_parameters  # a ConvLSTM's, less one alpha
    295167
    """
    return _two_encoders("ema", "ema2d", "ema", length, base, levels, input_shape)


def _two_encoders(
    name: str, op: str, memory: str, length: int, base: int, levels: int, shape: tuple[int, int]
) -> Network:
    build = NetworkBuilder()
    current = build.add("target", "current", FRAMES)
    skips, deepest = encoder(build, "encoder", current, base, levels)
    _, past = encoder(build, "temporal", FRAMES, base, levels)
    build.add(op, memory, past, channels=base * 2**levels)
    bottom = build.add("concat", "fusion", deepest, memory)
    decoder(build, bottom, skips, base)
    return build.network(name, length, base, levels, shape)

"""The zoo's table: the rows of the paper's Tables 1 and 2, controls, and related work, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fusbench.data.window import Window
from fusbench.errors import ConfigError, unknown
from fusbench.models.card import ModelCard
from fusbench.zoo.clstmunet import clstmunet, ema
from fusbench.zoo.mmunet import mmunet
from fusbench.zoo.network import Network
from fusbench.zoo.rsis import rsis
from fusbench.zoo.salsac import salsac
from fusbench.zoo.tsen import tsen
from fusbench.zoo.unet import BASE, INPUT_SHAPE, LEVELS, unet

MOST_BASE, MOST_LEVELS = 4096, 12
PAPER = "Savochkina et al., ISBI 2022, doi:10.1109/ISBI52829.2022.9761585"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A network, the window that it sees, and the augmentation policy that it is trained with.

    `cite` is the paper that the network is taken from or, where the title says so, adapted from.
    """

    title: str
    make: Callable[..., Network]
    window: Window = field(default_factory=Window)
    policy: str = "ra-7-9"
    cite: str = PAPER


def _spatial(title: str, policy: str) -> Entry:
    return Entry(title=title, make=unet, policy=policy)


def _temporal(title: str, length: int = 6, placement: str = "before") -> Entry:
    return Entry(title=title, make=clstmunet, window=Window(length=length, placement=placement))


def _related(title: str, make: Callable[..., Network], cite: str) -> Entry:
    """Another group's idea, adapted to saliency: same window, input, budget and policy."""
    title = f"{title}, RA(7,9), 6 frames before"
    return Entry(title=title, make=make, window=Window(length=6), cite=cite)


ENTRIES = {
    "unet": _spatial("U-Net without augmentation", "none"),
    "unet-ra-5-5": _spatial("U-Net, RA(5,5)", "ra-5-5"),
    "unet-ra-7-9": _spatial("U-Net, RA(7,9)", "ra-7-9"),
    "unet-ra-3-9": _spatial("U-Net, RA(3,9)", "ra-3-9"),
    "unet-mixra-3-7": _spatial("U-Net, Mix.RA(3,7)", "mixra-3-7"),
    "unet-stacked": Entry(
        title="U-Net on 6 stacked frames, RA(7,9)", make=unet, window=Window(length=6)
    ),
    "clstmunet": _temporal("cLSTMU-Net, RA(7,9), 6 frames before"),
    "clstmunet-l4": _temporal("cLSTMU-Net, RA(7,9), 4 frames before", length=4),
    "clstmunet-l8": _temporal("cLSTMU-Net, RA(7,9), 8 frames before", length=8),
    "clstmunet-l10": _temporal("cLSTMU-Net, RA(7,9), 10 frames before", length=10),
    "clstmunet-around": _temporal("cLSTMU-Net, RA(7,9), 6 frames around", placement="around"),
    "clstmunet-after": _temporal("cLSTMU-Net, RA(7,9), 6 frames after", placement="after"),
    "ema": _related(
        "Moving average (SalEMA-style)",
        ema,
        "Linardos et al., BMVC 2019, arXiv:1907.01869",
    ),
    "rsis": _related(
        "Recurrent decoder (RSIS-style)", rsis, "Salvador et al., 2017, arXiv:1712.00617"
    ),
    "mmunet": _related(
        "LSTM multi-modal U-Net (style of Xu et al.)",
        mmunet,
        "Xu et al., ICIVC 2019: LSTM multi-modal UNet for brain tumor segmentation",
    ),
    "salsac": _related(
        "SalSAC-style, re-derived",
        salsac,
        "Wu et al., AAAI 2020: SalSAC; its equations are not public, these are fusbench's own",
    ),
    "tsen": _related(
        "Temporal attention (TSEN-style)",
        tsen,
        "Cai et al., Medical Image Analysis 65, 2020: spatio-temporal visual attention modelling",
    ),
}


def buildable(base: int, levels: int, input_shape: tuple[int, int]) -> bool:
    """Whether a network may have these sizes: checkpoints, which strangers write, tell them too."""
    sizes = 0 < base <= MOST_BASE and 0 < levels <= MOST_LEVELS
    return sizes and min(input_shape) > 0 and input_shape[0] * input_shape[1] <= 1 << 24


def build(
    name: str,
    *,
    window: Window | None = None,
    base: int = BASE,
    levels: int = LEVELS,
    input_shape: tuple[int, int] = INPUT_SHAPE,
) -> Network:
    """The network of an entry.

    Raises
    ------
    UnknownName
        If the zoo has no such entry.
    ConfigError
        If the input shape cannot be halved `levels` times, or a size is out of bounds.

    Examples
    --------
    >>> build("clstmunet-l4").length
    4
    """
    if name not in ENTRIES:
        raise unknown("network", name, list(ENTRIES))
    if not buildable(base, levels, input_shape):
        what = f"a base of {base} and {levels} levels at {input_shape} pixels are out of bounds"
        fix = (
            f"Use a base of 1..{MOST_BASE}, 1..{MOST_LEVELS} levels, and fewer than 2 ** 24 pixels."
        )
        raise ConfigError(what, f"network '{name}'", fix)
    entry = ENTRIES[name]
    length = (window or entry.window).length
    return entry.make(length=length, base=base, levels=levels, input_shape=input_shape)


def checkpoint_file(name: str) -> str:
    """Where the bundled weights of an entry lie within the package."""
    return f"checkpoints/{name}.safetensors"


def cards(*, backend: str, loader: str, learner: str | None) -> Callable[[str], ModelCard]:
    """The ``__getattr__`` of a plug-in's module of cards: a network's name, with _ for -.

    Examples
    --------
    >>> cards(backend="numpy", loader="mine:load", learner=None)("unet_ra_7_9").name
    'unet-ra-7-9-numpy'
    """

    def of(attribute: str) -> ModelCard:
        name = attribute.replace("_", "-")
        if name not in ENTRIES:
            raise AttributeError(f"the zoo has no network '{name}'")
        return card(name, backend=backend, loader=loader, learner=learner)

    return of


def card(name: str, *, backend: str, loader: str, learner: str | None) -> ModelCard:
    """The card of an entry in one backend; all share the bundled checkpoint."""
    entry = ENTRIES[name]
    return ModelCard(
        name=f"{name}-{backend}",
        title=entry.title,
        backend=backend,
        loader=loader,
        learner=learner,
        window=entry.window,
        input_shape=INPUT_SHAPE,
        network=name,
        recipe="fast",
        checkpoint=checkpoint_file(name),
        licence="MIT",
        cite=entry.cite,
    )

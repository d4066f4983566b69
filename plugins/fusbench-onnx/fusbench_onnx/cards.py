"""Cards of the zoo in ONNX; imports no ONNX."""

from functools import partial

from fusbench.zoo.entries import card

_card = partial(card, backend="onnx", loader="fusbench_onnx.model:load", learner=None)

unet = _card("unet")
unet_ra_5_5 = _card("unet-ra-5-5")
unet_ra_7_9 = _card("unet-ra-7-9")
unet_ra_3_9 = _card("unet-ra-3-9")
unet_mixra_3_7 = _card("unet-mixra-3-7")
unet_stacked = _card("unet-stacked")
clstmunet = _card("clstmunet")
clstmunet_l4 = _card("clstmunet-l4")
clstmunet_l8 = _card("clstmunet-l8")
clstmunet_l10 = _card("clstmunet-l10")
clstmunet_around = _card("clstmunet-around")
clstmunet_after = _card("clstmunet-after")
ema = _card("ema")
rsis = _card("rsis")
mmunet = _card("mmunet")
salsac = _card("salsac")
tsen = _card("tsen")

"""What the tests of the viewer's page share."""

HOSTILE = "</script><img src=x onerror='window.hacked=1'><b>"


def frame(tab):
    """The frame that is shown, as slider and counter tell it."""
    slider, counter = tab.run("[Number(byId('slider').value), byId('counter').textContent]")
    assert counter.startswith(f"frame {slider} / ")
    return slider

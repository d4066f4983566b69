"""The rules: what each demands of a model, how it is measured, and what to do if it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fusbench.metrics.density import TOLERANCE
from fusbench.testing import measures
from fusbench.testing.measures import ALIKE, MODULES, SAME, Measured
from fusbench.testing.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Parameters
    ----------
    name, demand : str
    limit : str
        What the measured value may be.
    fix : str
        What the author does about a breach.
    measure : callable
        Given a `Trial`, returns whether the rule holds (None where it does not apply) and the
        measured value.
    stops : bool
        Whether nothing more can be measured after a breach.

    Examples
    --------
    >>> [rule.name for rule in RULES][:2]
    ['card', 'light']
    """

    name: str
    demand: str
    limit: str
    fix: str
    measure: Callable[[Trial], Measured]
    stops: bool = False


PIXELS = "divide by the sum over rows and columns, or use a softmax over all pixels"

RULES = (
    Rule(
        name="card",
        demand="the card can be read, and has its entry point's name",
        limit="no error",
        fix="Correct the card.",
        measure=measures.card,
        stops=True,
    ),
    Rule(
        name="light",
        demand="reading the card imports no framework",
        limit=f"{MODULES}, no framework",
        fix="Move the heavy imports out of the card's module, into the one that the loader names.",
        measure=measures.light,
    ),
    Rule(
        name="data",
        demand="the card holds plain data",
        limit="plain data",
        fix="Name things in `options` by strings and make them in the loader.",
        measure=measures.data,
    ),
    Rule(
        name="loads",
        demand="the loader returns a model with a method predict",
        limit="predict",
        fix="Give it predict(frames); predict_gaze(clip, frames) where the card says sees='clip';"
        " predict_clip(frames) or step(frame, past) where it says memory='clip'.",
        measure=measures.loads,
        stops=True,
    ),
    Rule(
        name="answers",
        demand="the model answers with one array of floats, not of float16",
        limit="float32",
        fix="Return float32, and cast before the softmax: float16 loses small values.",
        measure=measures.answers,
        stops=True,
    ),
    Rule(
        name="shape",
        demand="one density (rows, columns) for each window",
        limit="windows x rows x columns",
        fix="Return (B, H, W) for frames (B, L, H, W); the core does all resizing.",
        measure=measures.shape,
        stops=True,
    ),
    Rule(
        name="finite",
        demand="no value is NaN or infinite",
        limit="0",
        fix="Look for an overflow, a logarithm of 0 or a division by 0.",
        measure=measures.finite,
        stops=True,
    ),
    Rule(
        name="non-negative",
        demand="no value is below 0",
        limit=">= 0",
        fix="Probabilities are 0 or more; a softmax makes them so.",
        measure=measures.positive,
    ),
    Rule(
        name="sum",
        demand="each density sums to 1",
        limit=f"1 within {TOLERANCE:g}",
        fix=f"Normalise the output: {PIXELS}.",
        measure=measures.sum,
    ),
    Rule(
        name="blank",
        demand="black and white frames give densities too",
        limit=f"{TOLERANCE:g}",
        fix="Guard the division: add a small constant before dividing by a sum or a maximum.",
        measure=measures.blank,
    ),
    Rule(
        name="any-size",
        demand="without `input_shape`, frames of any size are taken, and give densities",
        limit=f"the size given; {TOLERANCE:g}",
        fix="Name the one size that the model takes as `input_shape` of the card.",
        measure=measures.any_size,
    ),
    Rule(
        name="deterministic",
        demand="the same windows give the same densities again, after another clip too",
        limit=f"{SAME:g}",
        fix="Switch dropout off, seed what is random, and keep no state between calls.",
        measure=measures.deterministic,
    ),
    Rule(
        name="repeatable",
        demand="a second process gives the same densities, on another day",
        limit=f"{SAME:g}",
        fix="Load weights from a file, seed what is random in the loader, and read no clock.",
        measure=measures.repeatable,
    ),
    Rule(
        name="batch",
        demand="a density depends on neither the others in the batch nor their number",
        limit=f"{ALIKE:g}",
        fix="Put batch normalisation into inference mode, and normalise each window by itself.",
        measure=measures.batch,
    ),
    Rule(
        name="input",
        demand="the frames given are left as they were",
        limit="unchanged",
        fix="Work on a copy: frames.astype('float32') makes one.",
        measure=measures.input,
    ),
    Rule(
        name="fast-path",
        demand="predict_clip and step give the densities of predict, and each other's",
        limit=f"{ALIKE:g}",
        fix="Repeat the clip's edge frames where a window sticks out, as card.window.indices does;"
        " with memory='clip', keep in `past` all that predict_clip carries on.",
        measure=measures.fast_path,
    ),
    Rule(
        name="causal",
        demand="frames after the window's end, or after the current one, do not matter",
        limit=f"{SAME:g}",
        fix="Let the density of frame t depend on its window's frames alone, or widen the window.",
        measure=measures.causal,
    ),
    Rule(
        name="honest",
        demand="a model that sees frames opens no file of a data set",
        limit="no file",
        fix="Work with the frames that are given; say sees='train-gaze' if it is fitted on gaze.",
        measure=measures.honest,
    ),
    Rule(
        name="quiet",
        demand="nothing is written to standard output",
        limit="0 characters",
        fix="Write to sys.stderr, or silence the library that prints.",
        measure=measures.quiet,
    ),
)

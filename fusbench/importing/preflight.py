"""Every recording of a study looked at before the first frame is written: headers and gaze only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from fusbench.errors import DatasetError, FusbenchError, counted
from fusbench.files import known_sha256
from fusbench.footage.open import open_footage
from fusbench.importing.anchoring import anchors_of
from fusbench.importing.crops import crops_of
from fusbench.importing.finding import NOTE, WARN, Finding
from fusbench.importing.gaze_file import read_gaze
from fusbench.importing.pairing import Pairing
from fusbench.importing.placing import require_overlap, sigma_px_of, view_of
from fusbench.importing.tally import key_of

SAME_RATE = 0.02
SAME_SIGMA = 0.1
MOST_TOLD = 2


class Failed(DatasetError):
    """Several recordings that cannot come in; `errors` are the reasons, one a recording."""

    def __init__(self, errors: Sequence[FusbenchError], recordings: int) -> None:
        super().__init__(
            f"{len(errors)} of {counted(recordings, 'recording')} cannot come in: "
            + " | ".join(str(error) for error in errors),
            fix="Correct them, or take the others in with --keep-going.",
        )
        self.errors, self.recordings = tuple(errors), recordings


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What a look at headers told: the stored frame's size, and what else is known."""

    size: tuple[int, int]
    rate_hz: float | None
    sigma_px: float | None
    frames: int
    span_ns: tuple[int, int] | None


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """What a look at all recordings told.

    Parameters
    ----------
    errors : dict of int to FusbenchError
        Of the recordings that cannot come in, by their place.
    size : (int, int) or None
        Rows and columns of a stored frame.
    sigma_px : float or None
        The visual angle that was asked for, in pixels of it.
    frames : dict of str to int
        Frames that each recording promises, by `fusbench.importing.tally.key_of`.
    remarks : dict of int to tuple of Finding
        Of the recordings, by their place.
    """

    errors: dict[int, FusbenchError]
    size: tuple[int, int] | None
    sigma_px: float | None
    frames: dict[str, int]
    remarks: dict[int, tuple[Finding, ...]]


def with_observers(pairings: Sequence[Pairing]) -> list[Pairing]:
    """Pairings in which each gaze on the same video of the same scan has an observer's name."""
    places: dict[tuple[str, str], list[int]] = {}
    for index, pairing in enumerate(pairings):
        places.setdefault((pairing.scan, str(pairing.video.resolve())), []).append(index)
    named = list(pairings)
    for indices in places.values():
        taken = {named[index].observer for index in indices}
        if len(indices) == 1 or "" not in taken:
            continue
        text = "the same video in several rows: this one counts as observer"
        for number, index in enumerate(indices, start=1):
            if not named[index].observer:
                name = next(
                    n for n in (str(number), *(f"{number}-{k}" for k in range(99)))
                    if n not in taken
                )  # fmt: skip
                taken.add(name)
                note = Finding(NOTE, f"{text} '{name}'; the column observer names them")
                named[index] = replace(named[index], observer=name, remarks=(note,))
    return named


def look(
    pairings: Sequence[Pairing],
    size: tuple[int, int] | None = None,
    rate_hz: float | None = None,
    every: int = 1,
    sigma_deg: float | None = None,
) -> Prospect:
    """Look at recordings before a frame is written: which cannot come in, and what is known of all.

    Parameters
    ----------
    pairings : sequence of Pairing
    size : (int, int), optional
        Rows and columns of the stored frames; default: the first good recording's crop.
    rate_hz : float, optional
        Frames a second of the data set; default: the first good recording's.
    every : int
        Of so many frames one is kept.
    sigma_deg : float, optional
        A visual angle, of which the first good recording tells how many pixels it is.
    """
    errors: dict[int, FusbenchError] = {}
    remarks: dict[int, tuple[Finding, ...]] = {}
    seen: list[tuple[Pairing, Outlook]] = []
    for index, pairing in enumerate(pairings):
        try:
            found = _look(pairing, size, rate_hz, every, sigma_deg)
            for other, outlook in seen:
                _require_own(pairing, found, other, outlook)
            copies = (remark for other, _ in seen for remark in _copies(pairing, other))
            remarks[index] = tuple(islice(copies, MOST_TOLD))
            if seen:
                _require_sigma(pairing, found.sigma_px, seen[0][1].sigma_px)
        except FusbenchError as error:
            errors[index] = located(error, pairing)
            continue
        size, rate_hz = size or found.size, rate_hz or found.rate_hz
        seen.append((pairing, found))
    return Prospect(
        errors=errors,
        size=size,
        sigma_px=seen[0][1].sigma_px if seen else None,
        frames={key_of(pairing): found.frames for pairing, found in seen},
        remarks=remarks,
    )


def located(error: FusbenchError, pairing: Pairing) -> FusbenchError:
    """The error with the manifest's row before its place."""
    if pairing.row and not error.where.startswith(pairing.row):
        error.where = f"{pairing.row}, {error.where}" if error.where else pairing.row
    return error


def _look(
    pairing: Pairing, size: tuple[int, int] | None, rate_hz: float | None, every: int,
    sigma_deg: float | None,
) -> Outlook:  # fmt: skip
    where = f"scan '{pairing.scan}'"
    for kind, path in (("video", pairing.video), ("gaze file", pairing.gaze)):
        if not path.exists():
            raise DatasetError(f"no {kind} is here", f"{where}, {path}", "Check the path.")
    footage = open_footage(pairing.video, pairing.frame_rate_hz)
    crops = crops_of(pairing, footage)
    size = size or (int(crops.boxes[0].height), int(crops.boxes[0].width))
    crops.require_shape(size, where)
    if footage.declared_ns:
        crops.require_begun(footage.declared_ns + 1, where)  # some tell the last frame's time
    gaze = read_gaze(pairing.gaze, pairing.gaze_format, pairing.options)
    view_of(pairing, gaze, footage, crops.boxes, size)
    anchors = anchors_of(pairing, gaze)
    span = None
    if anchors.start_ns is not None and anchors.end_ns is None and footage.declared_ns:
        span = (anchors.start_ns, anchors.start_ns + footage.declared_ns)
        require_overlap(pairing, gaze.time_ns - anchors.start_ns, footage.declared_ns)
    nominal = footage.nominal_hz or (1e9 / footage.step_ns if footage.step_ns else None)
    if nominal is not None:
        nominal = round(nominal / every, 3)
        require_rate(pairing, nominal, rate_hz)
    sigma_px = None
    if sigma_deg is not None:
        sigma_px, *others = (
            round(sigma_px_of(pairing, gaze, footage, box, size, sigma_deg), 2)
            for box in crops.boxes
        )
        for other in others:
            _require_sigma(pairing, other, sigma_px)
    frames = footage.facts.get("declared_frames") or 0
    if not frames and footage.declared_ns and nominal:
        frames = round(footage.declared_ns * nominal * every / 1e9)
    return Outlook(size=size, rate_hz=nominal, sigma_px=sigma_px, frames=frames, span_ns=span)


def require_rate(pairing: Pairing, rate_hz: float, of_set_hz: float | None) -> None:
    """Raise `DatasetError` where a video's frame rate is not the data set's."""
    if of_set_hz is None or "frame-rate" in pairing.accept:
        return
    if abs(rate_hz / of_set_hz - 1) > SAME_RATE:
        what = f"has {rate_hz:g} frames a second, the data set {of_set_hz:g}"
        fix = "Import it into a data set of its own, or take it as it is with --accept frame-rate."
        raise DatasetError(what, f"scan '{pairing.scan}'", fix)


def _require_sigma(pairing: Pairing, sigma_px: float | None, first_px: float | None) -> None:
    """Raise `DatasetError` where one visual angle is another number of pixels than in the first."""
    if sigma_px is None or first_px is None:
        return
    if abs(sigma_px / first_px - 1) > SAME_SIGMA:
        what = f"sigma is {sigma_px:g} px here and {first_px:g} px in the first"
        fix = "A data set has one: give --sigma-px, or import into a data set of its own."
        raise DatasetError(what, f"scan '{pairing.scan}'", fix)


def _require_own(pairing: Pairing, found: Outlook, other: Pairing, seen: Outlook) -> None:
    """Raise `DatasetError` where two rows use one source in a way that cannot be."""
    where = f"scan '{pairing.scan}'"
    row = f" ({other.row})" if other.row else ""
    same_video = pairing.video.resolve() == other.video.resolve()
    same_gaze = pairing.gaze.resolve() == other.gaze.resolve()
    same_gaze = same_gaze and pairing.options == other.options
    if same_video and pairing.scan != other.scan:
        what = f"its video is that of scan '{other.scan}'{row} as well"
        raise DatasetError(what, where, "A video belongs to one scan: correct a path.")
    if same_video and pairing.observer == other.observer:
        what = f"its video is there already{row}, of the same observer"
        raise DatasetError(what, where, "Leave it out, or name another observer.")
    if not same_gaze or "shared-gaze" in pairing.accept:
        return
    if same_video:
        what = f"its gaze file is that of observer '{other.observer}'{row} too"
        fix = "Correct a path, or take it as it is with --accept shared-gaze."
        raise DatasetError(what, where, fix)
    spans = (found.span_ns, seen.span_ns)
    apart = spans[0] and spans[1] and (spans[0][1] <= spans[1][0] or spans[1][1] <= spans[0][0])
    if not apart:
        what = f"its gaze file is that of scan '{other.scan}'{row} too, at the same time"
        fix = "Correct a path, or take it as it is with --accept shared-gaze."
        raise DatasetError(what, where, fix)


def _copies(pairing: Pairing, other: Pairing) -> Iterator[Finding]:
    """What tells that a source is a copy of another row's, which two recordings never are."""
    name = f"scan '{other.scan}'" + (f", observer '{other.observer}'" if other.observer else "")
    for kind in ("video", "gaze"):
        one, two = getattr(pairing, kind), getattr(other, kind)
        if one.resolve() != two.resolve() and _same_bytes(one, two):
            yield Finding(WARN, f"its {kind} is a copy of that of {name}: is the path right?")


def _same_bytes(one: Path, two: Path) -> bool:
    if not (one.is_file() and two.is_file()) or one.stat().st_size != two.stat().st_size:
        return False
    return known_sha256(one) == known_sha256(two)

"""A known gaze path over a known video on a letterboxed screen, written in each real format."""

import gzip
import json
from fractions import Fraction

import numpy as np

SCREEN = (1920, 1080)
PICTURE = (320, 240)
RECT = (240, 0, 1440, 1080)  # the picture on the screen, worked by hand: 4.5 screen pixels each
SCALE = 4.5
CROP = (40, 30, 240, 180)
RATE_HZ = 90
FRAME_MS = [33 * n + (170 if n >= 40 else 0) for n in range(60)]  # a pause before frame 40
END_MS = FRAME_MS[-1] + 33
LOST = slice(30, 36)


def path(time_s):
    """Gaze in pixels of the cropped frame, pixel centres at whole numbers."""
    return 110 + 70 * np.sin(1.9 * time_s), 85 + 50 * np.cos(2.3 * time_s)


def frame_at(time_s):
    """Frame on screen, by counting the frames that have begun."""
    return sum(time_s * 1000 >= begin for begin in FRAME_MS) - 1


def samples():
    """Times in seconds from the first frame on, and positions on the screen; some are lost."""
    time_us = np.round(np.arange(-20, 215) * 1e6 / RATE_HZ).astype(int)
    x_px, y_px = path(time_us / 1e6)
    x = (x_px + 0.5 + CROP[0]) * SCALE + RECT[0]
    y = (y_px + 0.5 + CROP[1]) * SCALE + RECT[1]
    x[LOST] = y[LOST] = np.nan
    return time_us, x, y


def picture(number):
    """A frame with a bright square at the gaze, and a name burnt in above the crop."""
    import cv2

    image = np.full((PICTURE[1], PICTURE[0]), 40, np.uint8)
    begin = FRAME_MS[number]
    x, y = path((begin + 16) / 1000)
    left, top = round(float(x)) + CROP[0], round(float(y)) + CROP[1]
    image[top - 3 : top + 4, left - 3 : left + 4] = 250
    image[0] = number
    cv2.putText(image, "DOE JANE 1980-01-02", (8, 20), 0, 0.5, 255, 1)
    return image


def write_video(
    file, codec="libx264", pixels="yuv420p", count=60, shift_ms=0, make=picture, aspect=1,
    interlaced=False,
):  # fmt: skip
    import av

    with av.open(str(file), "w") as container:
        stream = container.add_stream(codec, rate=30)
        first = make(0)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = pixels
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        stream.codec_context.sample_aspect_ratio = Fraction(aspect)
        if codec == "libx264":
            flags = {"flags": "+ildct+ilme"} if interlaced else {}
            stream.options = {"crf": "10", **flags}
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(make(number), format="gray")
            frame.pts, frame.time_base = FRAME_MS[number] + shift_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file


def cell(value, digits=3, missing=""):
    return missing if np.isnan(value) else f"{value:.{digits}f}"


def tobii_pro(
    folder, unit="μs", encoding="utf-8-sig", decimal=".", label=True, name="Recording1", start=0
):
    time_us, x, y = samples()
    per = {"μs": 1, "ms": 1000}[unit]
    head = f"Recording timestamp [{unit}]" if label else "Recording timestamp"
    px = " [DACS px]" if label else ""
    lines = [
        "\t".join(
            [head, "Sensor", "Participant name", "Recording name", "Event", f"Gaze point X{px}",
             f"Gaze point Y{px}", "Validity left", "Validity right"]
        )
    ]  # fmt: skip
    origin = 1_500_000 + start

    def row(time, *cells):
        lines.append(
            "\t".join([f"{(time + origin) / per:g}" if per > 1 else str(time + origin), *cells])
        )

    row(0, "", "PDOE", name, "VideoStimulusStart", "", "", "", "")
    lines[-1], late = "", lines[-1]
    lines.pop()
    for t, a, b in zip(time_us, x, y, strict=True):
        if t >= 0 and late:
            lines.append(late)
            late = ""
        if t % 3 == 0:
            row(t, "Mouse", "PDOE", name, "", "", "", "", "")
        ok = "Invalid" if np.isnan(a) else "Valid"
        stamp = f"{(t + origin) / per:.3f}" if per > 1 else str(t + origin)
        lines.append(
            "\t".join([stamp, "Eye Tracker", "PDOE", name, "", cell(a).replace(".", decimal),
                       cell(b).replace(".", decimal), ok, "Invalid"])
        )  # fmt: skip
    file = folder / "PDOE_gaze.tsv"
    file.write_text("\r\n".join(lines) + "\r\n", encoding=encoding, newline="")
    return file


def tobii_4c(folder):
    time_us, x, y = samples()
    epoch = 1_700_000_000_123_456
    lines = [
        "device_time_stamp,system_time_stamp,left_gaze_point_on_display_area_x,"
        "left_gaze_point_on_display_area_y,left_gaze_point_validity,"
        "right_gaze_point_on_display_area_x,right_gaze_point_on_display_area_y,"
        "right_gaze_point_validity"
    ]
    for n, (t, a, b) in enumerate(zip(time_us, x / SCREEN[0], y / SCREEN[1], strict=True)):
        left = (f"{a - 0.01:.6f},{b + 0.01:.6f},1") if not np.isnan(a) else "nan,nan,0"
        right = (f"{a + 0.01:.6f},{b - 0.01:.6f},1") if not np.isnan(a) else "nan,nan,0"
        if n == 50:
            left, right = f"{a:.6f},{b:.6f},1", "0.9,0.9,0"
        lines.append(f"{int(t * 1.0001) + 77},{t + epoch},{left},{right}")
    file = folder / "log.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def eyelink(folder, eyes="R", end=True, event="VIDEO_START"):
    time_us, x, y = samples()
    named = {"R": "RIGHT", "L": "LEFT", "LR": "LEFT\tRIGHT"}[eyes]
    lines = [
        "** CONVERTED FROM subject_doe.edf", "MSG\t900000 DISPLAY_COORDS 0 0 1919 1079",
        f"START\t1000000 \t{named}\tSAMPLES\tEVENTS",
        f"SAMPLES\tGAZE\t{named}\tRATE\t  90.00\tTRACKING\tCR\tFILTER\t2\tINPUT",
    ]  # fmt: skip
    start = 1_000_000 * 1000
    said = False
    for t, a, b in zip(time_us, x, y, strict=True):
        if t >= 0 and not said:
            lines.append(f"MSG\t{(start + 4000) // 1000} 4 {event}")
            said = True
        one = f"   {cell(a, 2, '.')}\t   {cell(b, 2, '.')}\t{0.0 if np.isnan(a) else 900.0}"
        both = one if len(eyes) == 1 else one + "\t" + one
        lines.append(f"{(t + start) / 1000:.3f}\t{both}\t  127.0\t...")
    lost = time_us[LOST]
    lines.append(f"EBLINK R {(lost[0] + start) / 1000:.0f}\t{(lost[-1] + start) / 1000:.0f}\t56")
    if end:
        lines.append("END\t1002500 \tSAMPLES\tEVENTS\tRES\t  45.00\t  45.00")
    file = folder / "trial.asc"
    file.write_text("\n".join(lines) + "\n")
    return file


def gazepoint(folder):
    time_us, x, y = samples()
    lines = [
        "MEDIA_ID,MEDIA_NAME,CNT,TIME(2026/01/02 10:11:12.345),TIMETICK(f=10000000),FPOGX,FPOGY,"
        "FPOGV,BPOGX,BPOGY,BPOGV,USER,"
    ]
    for n, (t, a, b) in enumerate(zip(time_us, x / SCREEN[0], y / SCREEN[1], strict=True)):
        gone = np.isnan(a)
        where = "0.00000,0.00000,0" if gone else f"{a:.5f},{b:.5f},1"
        lines.append(f"0,m,{n},{t / 1e6 + 7:.6f},{n * 111111},0.5,0.5,1,{where},,")
    file = folder / "User 1_all_gaze.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def pupil_surface(folder):
    time_us, x, y = samples()
    lines = [
        "world_timestamp,world_index,gaze_timestamp,x_norm,y_norm,x_scaled,y_scaled,on_surf,"
        "confidence"
    ]
    for t, a, b in zip(time_us, x / SCREEN[0], y / SCREEN[1], strict=True):
        gone = np.isnan(a)
        u, v, conf = (0.4, 0.4, 0.1) if gone else (a, 1 - b, 0.98)
        lines.append(f"1,1,{t / 1e6 - 50:.6f},{u:.6f},{v:.6f},0,0,True,{conf}")
    file = folder / "gaze_positions_on_surface_screen.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


EPOCH_NS = 1_725_032_224_878_547_732


def neon_surface(folder):
    time_us, x, y = samples()
    lines = [
        "section id,recording id,timestamp [ns],gaze detected on surface,"
        "gaze position on surface x [normalized],gaze position on surface y [normalized],"
        "fixation id,blink id"
    ]
    for t, a, b in zip(time_us, x / SCREEN[0], y / SCREEN[1], strict=True):
        gone = np.isnan(a)
        where = "0.3,0.3" if gone else f"{a:.6f},{b:.6f}"
        lines.append(f"s,r,{int(t) * 1000 + EPOCH_NS},True,{where},,{'4' if gone else ''}")
    file = folder / "gaze.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def bids(folder, clock=True, units="pixel"):
    time_us, x, y = samples()
    (folder / "dataset_description.json").write_text("{}")
    place = folder / "sub-01" / "beh"
    place.mkdir(parents=True)
    stem = "sub-01_task-scan"
    columns = ["timestamp", "x_coordinate", "y_coordinate"][0 if clock else 1 :]
    lines = []
    for t, a, b in zip(time_us, x, y, strict=True):
        cells = [cell(a, 3, "n/a"), cell(b, 3, "n/a")]
        lines.append("\t".join([f"{t / 1000 + 5000:.3f}", *cells] if clock else cells))
    file = place / f"{stem}_recording-eye1_physio.tsv.gz"
    file.write_bytes(gzip.compress(("\ufeff" + "\n".join(lines) + "\n").encode()))
    sidecar = {
        "SamplingFrequency": RATE_HZ, "StartTime": -20 / RATE_HZ, "Columns": columns,
        "PhysioType": "eyetrack", "RecordedEye": "right",
        "SampleCoordinateSystem": "gaze-on-screen", "x_coordinate": {"Units": units},
    }  # fmt: skip
    if clock:
        sidecar["timestamp"] = {"Units": "ms"}
    (folder / "task-scan_physio.json").write_text(json.dumps(sidecar))
    shown = {
        "StimulusPresentation": {"ScreenResolution": list(SCREEN), "ScreenOrigin": ["top", "left"]}
    }
    (folder / "task-scan_events.json").write_text(json.dumps(shown))
    return file


def table(folder):
    time_us, x, y = samples()
    lines = ["t;gx;gy;good"]
    for t, a, b in zip(time_us, x, y, strict=True):
        gone = np.isnan(a)
        where = "-5;-5;no" if gone else f"{a:.2f};{b:.2f};yes".replace(".", ",")
        lines.append(f"{t / 1000 + 100:.3f};".replace(".", ",") + where)
    file = folder / "log.csv"
    file.write_text("\n".join(lines) + "\n", encoding="cp1252")
    return file

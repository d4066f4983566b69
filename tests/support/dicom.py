"""DICOM ultrasound: the files that ship with pydicom, and files written here."""

from pathlib import Path

import pydicom
from pydicom.dataset import Dataset as Header
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from fusbench.footage.open import open_footage
from fusbench.importing.pairing import pairing_of

SHIPPED = Path(pydicom.__file__).parent / "data" / "test_files"
CINE = SHIPPED / "examples_ybr_color.dcm"


def gaze_log(folder, seconds=1.1, x=150.0, y=110.0):
    """Gaze at one place of the picture, a sample every 10 ms."""
    file = folder / "log.csv"
    rows = [f"{n * 10},{x},{y}" for n in range(round(seconds * 100))]
    file.write_text("t [ms],x,y\n" + "\n".join(rows) + "\n")
    return file


def pairing(folder, video, **options):
    texts = {
        "scan": "S01", "video": str(video), "gaze": str(gaze_log(folder)), "gaze_format": "table",
        "space": "pixel", "video_start": "0", **options,
    }  # fmt: skip
    return pairing_of(texts, changes={"time": "t [ms]", "x": "x", "y": "y"})


def written(folder, pixels, photometric, name="made.dcm", **tags):
    """A multi-frame ultrasound file of `pixels`, (T, H, W) or (T, H, W, 3)."""
    header = Header()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID = generate_uid()
    header.Modality, header.PatientName = "US", "Doe^Jane"
    header.NumberOfFrames, header.Rows, header.Columns = pixels.shape[:3]
    header.SamplesPerPixel = 3 if pixels.ndim == 4 else 1
    header.PhotometricInterpretation = photometric
    if pixels.ndim == 4:
        header.PlanarConfiguration = 0
    bits = 8 * pixels.dtype.itemsize
    header.BitsAllocated, header.BitsStored, header.HighBit = bits, bits, bits - 1
    header.PixelRepresentation = 0
    header.PixelData = pixels.tobytes()
    for key, value in tags.items():
        setattr(header, key, value)
    header.save_as(folder / name, enforce_file_format=True)
    return folder / name


def frames_of(path, rate=None):
    read = list(open_footage(path, rate).read())
    return [time for time, _ in read], [frame for _, frame in read]


STEPS = {"FrameTime": 40.0, "FrameIncrementPointer": 0x00181063}

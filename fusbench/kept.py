"""What was made at a cost before, in the user's cache.

An entry is found by the hash of all that it follows from, and holds its own: a changed byte of its
sources, or of the entry, makes it be made anew. So no entry is ever out of date. The user alone can
open them, since their sources may lie where nobody else can look.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from fusbench.errors import OutputError
from fusbench.files import cache_folder, own_cache, replacing

MARK_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Entries of one kind.

    Parameters
    ----------
    folder : str
        Their place in the cache folder.
    reader : int
        Raised when the same sources would be read as something else.
    most : int
        Bytes of all entries; beyond, the oldest go.
    """

    folder: str
    reader: int
    most: int

    def key_of(self, *parts: bytes) -> str:
        """The name of an entry that follows from these contents; their boundaries count."""
        digest = sha256(str(self.reader).encode())
        for part in parts:
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
        return digest.hexdigest()

    def recall(self, key: str) -> bytes | None:
        """The content of an entry; None where it is missing or damaged."""
        try:
            content = (cache_folder() / self.folder / key).read_bytes()
        except OSError:
            return None
        found = content[MARK_BYTES:]
        return found if sha256(found).digest() == content[:MARK_BYTES] else None

    def keep(self, key: str, content: bytes) -> None:
        """Keep a content for later; where nothing can be written, nothing is."""
        with (
            suppress(OSError, OutputError),
            replacing(own_cache(self.folder) / key, durable=False) as part,
        ):
            part.write_bytes(sha256(content).digest() + content)

    def trim(self) -> None:
        """Remove the oldest entries while all together are too large."""
        with suppress(OSError), os.scandir(cache_folder() / self.folder) as entries:
            sizes = {entry.path: entry.stat() for entry in entries}
            total = sum(found.st_size for found in sizes.values())
            for path in sorted(sizes, key=lambda path: sizes[path].st_mtime_ns):
                if total <= self.most:
                    break
                os.unlink(path)
                total -= sizes[path].st_size

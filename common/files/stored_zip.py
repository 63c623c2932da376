"""The headers of a zip file with uncompressed members, and of a .npy member: APPNOTE.TXT 4.3 (PKWARE), NEP 1 (NumPy).

Each byte follows from the names, sizes and CRC32s of the members. A reader can therefore compare a file with the only
way to write it, and needs no parser that a hostile file could mislead.
"""

import struct

LOCAL = 30  # bytes of a member's local header, before its name
END = 22  # bytes of the end record, before the comment
LARGEST = (1 << 32) - 1  # bytes up to the directory; more would need another format (zip64)


class StoredZip:
    """Members in their order: `member` returns the bytes before each, `end` those after the last.

    offset: that of the next byte.
    """

    def __init__(self):
        self.offset = 0
        self.directory = []

    def member(self, name, size, crc):
        """The local header of a member of `size` bytes, which follow it. name: str; crc: its CRC32.

        ValueError where the file would grow to 4 GiB.
        """
        name = name.encode()
        if self.offset + LOCAL + len(name) + size > LARGEST:
            raise ValueError("StoredZip: expected less than 4 GiB in all, got more")
        # version 2.0, names in UTF-8, stored, 1 January 1980
        common = struct.pack("<5H3L2H", 20, 0x800, 0, 0, 0x21, crc, size, size, len(name), 0)
        local = b"PK\x03\x04" + common + name
        place = struct.pack("<3H2L", 0, 0, 0, 0, self.offset)
        self.directory.append(b"PK\x01\x02\x14\x00" + common + place + name)
        self.offset += len(local) + size
        return local

    def end(self, comment):
        """The central directory, the end record and the comment (bytes) of the file."""
        count, directory = len(self.directory), b"".join(self.directory)
        sizes = struct.pack("<4H2LH", 0, 0, count, count, len(directory), self.offset, len(comment))
        return directory + b"PK\x05\x06" + sizes + comment


def npy_head(shape, dtype):
    """The header of a .npy file. shape: ints; dtype: as in "<f4"."""
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {tuple(shape)!r}, }}"
    text += " " * (-(11 + len(text)) % 64) + "\n"  # to a multiple of 64 bytes in all
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("ascii")

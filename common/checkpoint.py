"""One safe file per checkpoint: a .npz (a zip of .npy members, uncompressed) with a JSON member beside the arrays.

Nothing in it is code and nothing is pickled. `meta.json` holds what the caller wants to keep and a manifest: name,
shape, dtype and sha256 of each array. Every defect on loading is one CheckpointError that names the file and the
defect.
"""

import hashlib
import json
import os
import tempfile
import zipfile

import numpy as np

FORMAT = 1
META = "meta.json"
LARGEST = 1 << 34  # bytes: no checkpoint of ours comes near


class CheckpointError(Exception):
    """A checkpoint that cannot be trusted: one line, the file and the defect."""


def save_arrays(path, arrays, meta=None):
    """Write named arrays and `meta` (anything JSON can hold) as one file, wholly or not at all.

    Written beside its place under another name, synced, then renamed: a reader sees the old file or the new one. Raises
    OSError where the folder cannot be written to.
    """
    arrays = {name: np.asarray(a, order="C") for name, a in arrays.items()}
    manifest = [
        {"name": name, "shape": list(a.shape), "dtype": a.dtype.str, "sha256": _sha256(a)} for name, a in arrays.items()
    ]
    text = json.dumps({"format": FORMAT, "arrays": manifest, "meta": meta or {}}, ensure_ascii=True, allow_nan=False)
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(prefix=os.path.basename(path) + ".", suffix=".tmp", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr(zipfile.ZipInfo(META), text)  # ZipInfo's fixed date: equal contents, equal files
                for name, a in arrays.items():
                    with archive.open(zipfile.ZipInfo(name + ".npy"), "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, a, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    _sync_folder(folder)


def load_arrays(path):
    """The named arrays of a file, checked, in the order in which they were saved. Raises CheckpointError."""
    return load_checkpoint(path)[0]


def load_checkpoint(path):
    """-> arrays (dict of name to array), meta (what `save_arrays` was given). Raises CheckpointError on any defect."""
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            return _read(archive, os.fstat(file.fileno()).st_size)
    except _Defect as defect:
        raise CheckpointError(f"{path}: {defect}") from None
    except OSError as error:
        raise CheckpointError(f"{path}: expected a checkpoint, got {error.strerror or error}") from None
    except Exception as error:  # a damaged zip, JSON or .npy header may raise almost anything
        raise CheckpointError(f"{path}: expected a checkpoint (.npz), got a damaged or other file ({error})") from None


class _Defect(Exception):
    """What is wrong, before the file's name is put to it."""


def _read(archive, file_size):
    members = archive.infolist()
    names = [m.filename for m in members]
    if names[:1] != [META] or len(set(names)) != len(names):
        raise _Defect("expected the members of a checkpoint, each once, got others")
    if any(m.compress_type != zipfile.ZIP_STORED or m.file_size != m.compress_size for m in members):
        raise _Defect("expected members stored as they are, got compressed ones")
    if sum(m.file_size for m in members) > min(file_size, LARGEST):
        raise _Defect("expected members that fit the file, got larger ones")
    content = json.loads(archive.read(META))
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _Defect(f"expected format {FORMAT}, got another")
    manifest = content["arrays"]
    if names[1:] != [entry["name"] + ".npy" for entry in manifest]:
        raise _Defect("expected just the arrays that its manifest names, got others")
    return {entry["name"]: _read_array(archive, entry) for entry in manifest}, content["meta"]


def _read_array(archive, entry):
    name = entry["name"]
    with archive.open(name + ".npy") as member:
        version = np.lib.format.read_magic(member)
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, fortran, dtype = header(member)
        if list(shape) != entry["shape"] or dtype.str != entry["dtype"] or fortran or dtype.hasobject:
            raise _Defect(f"array {name}: expected {entry['dtype']} of shape {entry['shape']}, got another")
        data = member.read()
    if len(data) != dtype.itemsize * int(np.prod(shape, dtype=object)):
        raise _Defect(f"array {name}: expected as many bytes as its shape needs, got {len(data)}")
    a = np.frombuffer(data, dtype).reshape(shape).copy()
    if _sha256(a) != entry["sha256"]:
        raise _Defect(f"array {name}: its checksum does not fit its contents")
    if a.dtype.kind == "f" and not np.isfinite(a).all():
        raise _Defect(f"array {name}: expected finite numbers, got NaN or infinity")
    return a


def _sha256(a):
    return hashlib.sha256(a.tobytes()).hexdigest()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder):
    """Make the rename itself last; where a folder cannot be opened (Windows), the system does it in its own time."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

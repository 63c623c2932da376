"""What a file is that holds no word vectors in a form that is read, by its first bytes; with the way out."""

_TEXT = "save it as text, on each line a word and its numbers"
_GENSIM = 'save it as text: model.wv.save_word2vec_format("vectors.txt")'
_PICKLES = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))
_KINDS = (  # how a file begins, what it is, and the way out
    (_PICKLES, "a pickle (gensim's save, PyTorch)", _GENSIM),
    ((b"\xba\x16\x4f\x2f",), "a model of fastText (.bin)", "give its .vec (`sentifish vectors` reads .bin)"),
    ((b"\x89HDF",), "an HDF5 file (ELMo, Keras)", _TEXT),
    ((b"\x93NUMPY",), "a NumPy array (.npy), which holds no words", _TEXT),
    ((b"PK\3\4",), "an archive of arrays (.npz, PyTorch)", _TEXT),
    ((b"SQLite format 3",), "a database (Magnitude)", "give the file that it was made from"),
    ((b"GGUF", b"PAR1", b"ARROW1"), "a file of tables or arrays (GGUF, Parquet, Feather)", _TEXT),
    ((b"\xff\xfe", b"\xfe\xff"), "UTF-16", "save it as UTF-8"),
    ((b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"\x28\xb5\x2f\xfd"), "a packed file", "unpack it, or pack it with gzip"),
    ((b"version https://git-lfs",), "a pointer of Git LFS", "fetch the file itself: git lfs pull"),
)


def other_kind(head):
    """What a file that begins so is, with the way out, or "" where it may be text."""
    for beginnings, kind, way_out in _KINDS:
        if head.startswith(beginnings):
            return f"{kind}: {way_out}"
    if head[8:9] == b"{" and 1 < int.from_bytes(head[:8], "little") < 100 << 20:
        return f"a safetensors file: {_TEXT}"
    if head[257:262] == b"ustar":
        return "a tar archive: unpack it"
    return f"a binary file of an unknown kind: {_TEXT}" if b"\0" in head else ""

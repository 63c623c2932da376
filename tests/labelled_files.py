"""What the tests of labelled files share: a file of any bytes, read; and a few texts to put into it."""

import pytest

from dataset.labelled_text import ReadOptions, read_labelled

_SENTENCE = "the plot was slow but the actors were good and the music is what nobody forgets"
_WORDS = _SENTENCE.split()


class Reader:
    """Writes a file and reads it. path: of the last one."""

    def __init__(self, folder):
        self.folder, self.path = folder, None

    def __call__(self, name, content, encoding="utf-8", label_names=None, num_classes=None, **how):
        self.path = self.folder / name
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return read_labelled(self.path, ReadOptions(**how), num_classes, label_names)


@pytest.fixture
def read(tmp_path):
    return Reader(tmp_path)


@pytest.fixture
def rows():
    """rows(form, n=12): the lines that `form.format(i, t=a text, s=a short one, l=pos or neg, c=1, 2 or 3)` gives."""

    def make(form, n=12):
        form, lines = form.replace("{}", "{0}"), []
        for i in range(n):
            text = " ".join(_WORDS[(i * 5 + k) % len(_WORDS)] for k in range(6 + i % 4)) + f" {i}"
            short = f"{_WORDS[i % len(_WORDS)]} {i}"
            lines.append(form.format(i, t=text, s=short, l=["neg", "pos"][i % 2], b=i % 2, c=1 + i % 3))
        return "".join(line + "\n" for line in lines)

    return make

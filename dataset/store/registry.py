"""The files that `dataset.store.fetch` can download: names, addresses, sha256, sizes and licences, nothing else."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One file: what it is, its name in the folder, its sha256 (lower-case hexadecimal), size in bytes (None if it is
    not known), licence, source and address.
    """

    what: str
    file: str
    sha256: str
    size: int | None
    licence: str
    source: str
    url: str


_MAAS = 'Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011; ai.stanford.edu/~amaas/data/sentiment'
_IMDB_TERMS = "research, non-commercial; cite Maas et al. 2011"
_PTB_COMMIT = "3b312e3601f5af0d9eb46e99e65e1ddd587a8a05"
_TUTORIAL_COMMIT = "08fcaf9f8e56dc30a8d4e5420c651e460e75303b"

ENTRIES = {  # by name on the command line
    "imdb": Entry(
        what="Large Movie Review Dataset: 25,000 training reviews, 25,000 test reviews, 50,000 unlabelled ones",
        file="aclImdb_v1.tar.gz",
        sha256="c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
        size=84_125_825,
        licence=_IMDB_TERMS,
        source=_MAAS,
        url="https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    ),
    "imdb_train.txt": Entry(
        what="the training reviews of imdb as label<TAB>text, the format of the NumPy tutorial",
        file="imdb_train.txt",
        sha256="6a38ea6ab5e1902cc03f6b9294ceea5e8ab985af991f35bcabd301a08ea5b3f0",
        size=None,
        licence=_IMDB_TERMS,
        source=f"Zenodo record 4117827; {_MAAS}",
        url="https://zenodo.org/records/4117827/files/imdb_train.txt?download=1",
    ),
    "imdb_test.txt": Entry(
        what="the test reviews of imdb as label<TAB>text, the format of the NumPy tutorial",
        file="imdb_test.txt",
        sha256="7363ef08ad996bf4233b115008d6d7f9814b7cc0f4d13ab570b938701eadefeb",
        size=None,
        licence=_IMDB_TERMS,
        source=f"Zenodo record 4117827; {_MAAS}",
        url="https://zenodo.org/records/4117827/files/imdb_test.txt?download=1",
    ),
    "glove.6B.zip": Entry(
        what="GloVe vectors of 400,000 words in 50, 100, 200 and 300 dimensions, from 6 billion tokens",
        file="glove.6B.zip",
        sha256="617afb2fe6cbd085c235baf7a465b96f4112bd7f7ccb2b2cbd649fed9cbcf2fb",
        size=862_182_613,
        licence="PDDL 1.0",
        source='Pennington et al., "GloVe: Global Vectors for Word Representation", EMNLP 2014; '
        "nlp.stanford.edu/projects/glove",
        url="https://nlp.stanford.edu/data/glove.6B.zip",
    ),
    "speeches.csv": Entry(
        what="8 speeches with speaker and source, from the NumPy tutorial",
        file="speeches.csv",
        sha256="aa5b414425f5f63472ca91ef638db623309332ddf630ebe4aa80ebe398fd6a39",
        size=61_178,
        licence="CC0",
        source=f"numpy/numpy-tutorials at {_TUTORIAL_COMMIT[:8]}, content/tutorial-nlp-from-scratch",
        url=f"https://raw.githubusercontent.com/numpy/numpy-tutorials/{_TUTORIAL_COMMIT}"
        "/content/tutorial-nlp-from-scratch/speeches.csv",
    ),
    # The sha256 of the training part is that of EleutherAI/lm-evaluation-harness at b1a5532c, lm_eval/tasks/ptb.py (its
    # git blob is the same, 04d78dc9); those of the other two were also computed from the files.
    **{
        f"ptb.{part}.txt": Entry(
            what=f"Penn Treebank, the {name} part: {tokens} words, rare ones as <unk>, numbers as N",
            file=f"ptb.{part}.txt",
            sha256=sha256,
            size=size,
            licence="of the Linguistic Data Consortium (LDC99T42); spread for research in this preprocessed form",
            source='Marcus et al., "Building a Large Annotated Corpus of English: The Penn Treebank", 1993, as '
            f"preprocessed by T. Mikolov; tomsercu/lstm at {_PTB_COMMIT[:8]}, data",
            url=f"https://raw.githubusercontent.com/tomsercu/lstm/{_PTB_COMMIT}/data/ptb.{part}.txt",
        )
        for part, name, tokens, sha256, size in [
            (
                "train",
                "training",
                "929,589",
                "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf",
                5_101_618,
            ),
            (
                "valid",
                "validation",
                "73,760",
                "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2",
                399_782,
            ),
            ("test", "test", "82,430", "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0", 449_945),
        ]
    },
}

"""What speeches promise: mojibake is repaired and nothing else, paragraphs lose no word, bad files are one line."""

import os
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import dataset.speeches
from dataset.errors import DataError
from dataset.mojibake import repair
from dataset.speeches import Speech, load_csv, load_data, paragraphs

DATA = os.environ.get("SENTIFISH_TEST_DATA")
HEADER = "speaker,speech,source\r\n"


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "speeches.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


def misread(text, encoding):
    """UTF-8 read as something else; as browsers do it, bytes that Windows-1252 leaves open become controls."""
    return "".join(bytes([b]).decode(encoding, "ignore") or chr(b) for b in text.encode("utf-8"))


# ---- mojibake

ENCODINGS = ["cp1252", "latin-1", "mac_roman"]
# Sentences as people write them, from scripts and spellings whose letters and signs mojibake is made of.
PROPER = [
    "l’été «à Pâques» “Était-ce vrai…” café…” ‹déjà› où ça, naïf, cœur, Noël — oui-dâ",
    "„Änderung“ ‚Änderungen‘ ‚Öl‘ ‚über‘ ‚ÄÖÜ‘ »Straße« Größe – groß",
    "“AMANHÔ AMANHÃ… «IRMû ÃÃ não, coração, maçã; n.º 1, 2.ª",
    "HYVÄ” hyvä” ”Äiti” ÅÅ PÅ” ’Ärligt’ på…",
    "¿Qué? ¡Olé! año NIÑO… Él, «Ávila» €5 £5 ¥5 ½ §3 ©2014 ™ ® 20°C ±1 ²",
    "2√π sin√π n√∞ ¬π ¬p ≈√2 ∂√∂ ∫√x ∑∏Ω µm ≠ ≤ ≥ ◊",
    "Þetta „íslenska“ ðað Ísland ‚öld‘ Łódź „żółw” „Čeština“ ‚úděl‘ Việt NGÔ” “NGÔ NGÃ",
    "România în „mâncare” mâ… oui-dâ™ România® ‚Å‘ ‚Ñ‘ Ô Ï ï¡ Â° Â",
    "日本語…「はい」 中文，“好”！ русский «ёлка» — да Ελληνικά «όχι» עברית ”כן“ العربية، «نعم» हिन्दी ไทย 한국어 😀❤️ ★☆",
]


@given(st.lists(st.sampled_from([word for line in PROPER for word in line.split()]), max_size=12), st.data())
def test_proper_text_is_never_changed(words, data):
    cased = [data.draw(st.sampled_from([str, str.upper, str.lower, str.title]))(word) for word in words]
    text = data.draw(st.sampled_from([" ", "\n", ", ", "… ", " – "])).join(cased)
    assert repair(text) == text


def letters_of(first, last):
    return st.text(st.characters(min_codepoint=ord(first), max_codepoint=ord(last)), max_size=20)


@given(
    st.one_of(
        letters_of("\u0100", "\u017f"),
        letters_of("\u0250", "\u1fff"),
        letters_of("\u2c00", "\ud7ff"),
        letters_of("\U00010000", "\U0001ffff"),
    ),
    st.sampled_from(["", " ", "…", "“", "”", "’", "«", "»", "™", "©", "–"]),
)
def test_letters_of_other_scripts_are_never_changed(text, sign):
    assert repair(sign + text + sign) == sign + text + sign


@pytest.mark.parametrize("text", PROPER)
def test_whole_sentences_stay_as_they_are(text):
    assert repair(text) == text


MISREAD = "don’t “so” – — … • ‹a› a\u200bb café déjà 1.5°C ©2014 £5 suﬀer €5 ™ −1 ★ ✓ 😀"


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(st.lists(st.sampled_from(MISREAD.split())))
def test_misread_characters_are_repaired_once(encoding, words):
    text = " ".join([*words, "don’t"])  # one sign that shows it
    assert repair(misread(text, encoding)) == text == repair(text)


def test_a_sign_misread_twice_is_mended_twice():
    assert repair(misread(misread("don’t – 5", "cp1252"), "cp1252")) == "don’t – 5"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cafÃ©", "café"),
        ("Ã©tÃ©", "été"),
        ("d√©j√† vu", "déjà vu"),
        ("sch√∂n f√ºr", "schön für"),  # the second shows the first
        ("√∂", "√∂"),  # by itself it shows nothing
        ("¬∞", "¬∞"),
        ("1.5¬∞C ‚Äì", "1.5°C –"),
        ("“AMANHÃ”", "“AMANHÃ”"),
        ("‚Äöü‘ ‚Ääö‘ ‚Äüö‘", "‚Äöü‘ ‚Ääö‘ ‚Äüö‘"),
        ("amanhÃ” â€“", "amanhÔ –"),
        ("amanhÃ”", "amanhÃ”"),
        ("xÂ² nÂ°", "xÂ² nÂ°"),  # no letters of a word
        ("people’s children‚Äôs l’été", "people’s children’s l’été"),  # mended where it is broken
        ("don’â€™t", "don’’t"),
        ("1.5¬∞C â€“", "1.5¬∞C –"),  # shown for another encoding only
    ],
)
def test_examples(text, expected):
    assert repair(text) == expected


@given(st.text(st.one_of(st.characters(), st.sampled_from("ÃÂâ€™œ‚Äô√¬©\x9d"))))
def test_any_text_is_taken_and_mending_again_changes_nothing(text):
    assert repair(repair(text)) == repair(text)
    if text.isascii():
        assert repair(text) == text


# ---- paragraphs

pieces = st.sampled_from(
    [
        "a",
        "The",
        "end.",
        "Why?",
        "“No.”",
        "Mr.",
        "J.",
        "well,",
        "\n\n",
        "\n",
        "\x0c",
        "\x85",
        "...",
        "。",
        "x" * 9,
        "- ",
    ]
)


@given(st.lists(st.one_of(pieces, st.text(st.characters(), max_size=4)), max_size=80), st.integers(1, 12))
def test_no_word_is_lost(parts, words):
    text = " ".join(parts)
    cut = paragraphs(text, words)
    assert [word for paragraph in cut for word in paragraph.split()] == text.split()
    assert all(cut) and not any("\n" in paragraph for paragraph in cut)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(1, 60))
def test_paragraphs_are_whole_sentences_of_about_so_many_words(lengths, words):
    assume(max(lengths) <= 2 * words)
    sentences = ["So" + " so" * (n - 1) + "." for n in lengths]
    cut = paragraphs(" ".join(sentences), words)
    assert all(paragraph.startswith("So") and paragraph.endswith(".") for paragraph in cut)
    sizes = [len(paragraph.split()) for paragraph in cut]
    if sum(lengths) >= words:
        assert all(abs(size - words) <= words / 2 + max(lengths) for size in sizes)
    else:
        assert len(sizes) == 1


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("", 5, []),
        (" \n ", 5, []),
        ("One sentence only.", 100, ["One sentence only."]),
        ("no full stop at all", 100, ["no full stop at all"]),
        ("One two. Three four. Five.", 2, ["One two.", "Three four. Five."]),
        (
            "I met Mr. Ban. We spoke. J. F. Kennedy did too.",
            3,
            ["I met Mr. Ban.", "We spoke.", "J. F. Kennedy did too."],
        ),
        (
            "He said “Yes.” So did I. Then (at last!) we left.",
            4,
            ["He said “Yes.”", "So did I.", "Then (at last!) we left."],
        ),
        ("At 5 p.m. it rained... and rained. So be it.", 5, ["At 5 p.m. it rained... and rained.", "So be it."]),
        ("A title\n\nThe text\nbegins here.", 2, ["A title", "The text begins here."]),
        ("यह है। वह था। हाँ।", 2, ["यह है।", "वह था। हाँ।"]),
    ],
)
def test_where_sentences_end(text, words, expected):
    assert paragraphs(text, words) == expected


def test_a_sentence_of_up_to_twice_the_words_stays_whole_and_a_longer_one_is_cut_at_a_clause():
    assert paragraphs("a b c, d e f.", 3) == ["a b c, d e f."]
    assert paragraphs("a b c, d e f g h.", 4) == ["a b c, d e f g h."]
    assert paragraphs("a b c, d e f g h i.", 4) == ["a b c,", "d e f g h i."]
    assert paragraphs("a, b c d e f g h i j.", 4) == ["a, b c d", "e f g h i j."]
    lengths = [len(paragraph.split()) for paragraph in paragraphs("word " * 1000, 100)]
    assert sum(lengths) == 1000 and max(lengths) <= 200


def test_paragraphs_want_a_number_of_words():
    with pytest.raises(ValueError, match="words >= 1, got 0"):
        paragraphs("a", 0)


# ---- files


def test_columns_are_found_by_name_and_mojibake_is_repaired(write, monkeypatch):
    path = write('\ufeffsource,year,Speech , speaker\r\nradio,1999,"He said ""don‚Äôt""\n\nand left", Ann \r\n')
    expected = [Speech("Ann", 'He said "don’t"\n\nand left', "radio")]
    assert load_csv(path) == load_data(path) == expected
    monkeypatch.setattr(dataset.speeches, "fetch", {"speeches.csv": path}.__getitem__)
    assert load_data() == expected


def test_text_is_another_name_and_the_source_may_be_absent(write):
    assert load_csv(write("text,speaker\nHello.,Ann\n\nBye.,Bob\n")) == [
        Speech("Ann", "Hello.", ""),
        Speech("Bob", "Bye.", ""),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ", line 1: expected columns 'speaker' and 'speech' (or 'text'), got none"),
        ("label,text\n1,x\n", ", line 1: expected columns 'speaker' and 'speech' (or 'text'), got 'label', 'text'"),
        (
            "speaker,source\n1,x\n",
            ", line 1: expected columns 'speaker' and 'speech' (or 'text'), got 'speaker', 'source'",
        ),
        (HEADER, ": expected speeches below the header, got none"),
        (HEADER + 'Ann,"a\nb",x\nBob,b\n', ", line 4: expected 3 columns with a comma between them, got 2"),
        (HEADER + "Ann, ,x\n", ", line 2: expected a speaker and a speech, got an empty speech"),
        (HEADER + " ,hello,x\n", ", line 2: expected a speaker and a speech, got an empty speaker"),
        (HEADER + 'Ann,"hello,x\n', ", line 2: expected a CSV record, got none (unexpected end of data)"),
        (HEADER.encode() + b"Ann,caf\xe9,x\n", ", line 2: expected UTF-8, got byte 0xe9"),
    ],
)
def test_a_bad_file_is_one_line_with_its_place(write, content, said):
    path = write(content)
    with pytest.raises(DataError) as caught:
        load_csv(path)
    assert str(caught.value) == f"{path}{said}"


def test_what_is_no_file_is_one_line(tmp_path):
    with pytest.raises(DataError, match="expected a file, there is none of this name"):
        load_csv(tmp_path / "missing.csv")
    with pytest.raises(DataError, match="cannot be read"):
        load_csv(tmp_path)


@pytest.mark.skipif(DATA is None, reason="SENTIFISH_TEST_DATA is not set")
def test_the_real_speeches():
    speeches = load_csv(Path(DATA) / "speeches" / "speeches.csv")
    assert len(speeches) == 8 and speeches[5].speaker == "linda Thomas Greenfield" and speeches[1].source == "NTU blogs"
    assert set("".join(s.text for s in speeches if not s.text.isascii())) - set(map(chr, range(128))) == set("’“”–—©°ﬀ")
    assert "Children’s Organization" in speeches[1].text and "1.5°C" in speeches[0].text
    for speech in speeches:
        cut = paragraphs(speech.text)
        assert [word for paragraph in cut for word in paragraph.split()] == speech.text.split()
        assert all(50 <= len(paragraph.split()) <= 150 for paragraph in cut)

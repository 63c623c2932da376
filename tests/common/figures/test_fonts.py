"""Letters are drawn in an installed font that has them; where there is none, script and cure are named."""

import pytest
from matplotlib import font_manager, rcParams

from common.figures import fonts
from common.figures.drawing import plotting, png
from common.plot import confusion, roc, word_map

STIX_ALONE = "ℊ"  # of matplotlib's own fonts STIXGeneral alone has it
SHOP = "好评", "差评"


def test_what_the_default_font_has_needs_no_other(own_fonts):
    letters = set("Größe naïve déjà Ελλάδα Москва 1,234 $x_1$ \n\u200d")
    assert fonts.families_for(letters) == [] and fonts.remarks(letters) == []


def test_a_letter_is_drawn_in_the_installed_font_that_has_it(own_fonts):
    used = []

    def draw(plot):
        used.append(list(rcParams["font.family"]))
        return plot.confusion([[1, 2], [3, 4]], [STIX_ALONE, "b"])

    image, letters = png(draw)
    assert image.startswith(b"\x89PNG") and STIX_ALONE in letters
    assert used == [["sans-serif"], ["sans-serif", "STIXGeneral"]] and fonts.remarks(letters) == []
    with plotting():
        assert list(rcParams["font.family"]) == ["sans-serif"]  # of this figure alone


def test_what_is_drawn_is_the_letter_and_not_a_box(own_fonts, monkeypatch):
    def draw(plot):
        return plot.new_axes(1, 1).text(0.5, 0.5, STIX_ALONE).axes

    with_font, _ = png(draw)
    monkeypatch.setattr("common.figures.fonts.families_for", lambda letters: [])
    assert png(draw)[0] != with_font


def test_a_font_that_was_installed_after_matplotlib_listed_the_fonts_is_found(own_fonts, monkeypatch):
    stix = [f for f in font_manager.fontManager.ttflist if f.name == "STIXGeneral"]
    others = [f for f in font_manager.fontManager.ttflist if f.name != "STIXGeneral"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", others)
    assert fonts.remarks({STIX_ALONE})
    fonts._search.cache_clear()
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: ["nowhere.ttf", *(str(f.fname) for f in stix)])
    assert fonts.families_for({STIX_ALONE}) == ["STIXGeneral"] and fonts.remarks({STIX_ALONE}) == []


def test_a_font_that_is_gone_damaged_or_has_boxes_for_all_is_not_taken(own_fonts, monkeypatch, tmp_path):
    (tmp_path / "bad.ttf").write_bytes(b"no font")
    entry = font_manager.fontManager.ttflist[0]
    for name in (tmp_path / "bad.ttf", tmp_path / "gone.ttf"):
        odd = font_manager.FontEntry(fname=str(name), name=name.stem, style="normal", weight=400, stretch="normal")
        font_manager.fontManager.ttflist.append(odd)
    for name in ("Last Resort", ".LastResort", "Adobe Blank", "Noto Color Emoji"):
        all_boxes = font_manager.FontEntry(fname=str(entry.fname), name=name, style="normal", weight=400)
        font_manager.fontManager.ttflist.append(all_boxes)
    families, missing = fonts._search(frozenset("好" + STIX_ALONE))
    assert families == ["STIXGeneral"] and missing == {"好"}


def pretend(monkeypatch, **letters):
    """As if these fonts, named with _ for a space, were installed, and had these letters."""
    faces = {name.replace("_", " "): name.replace("_", " ") for name in letters}
    monkeypatch.setattr(fonts, "_regular_faces", lambda: faces)

    def had(path, wanted):
        return wanted & set(letters.get(str(path).replace(" ", "_"), "abcdefghijklmnopqrstuvwxyz"))

    monkeypatch.setattr(fonts, "_letters_in", had)
    monkeypatch.setattr(fonts, "_drawable", had)


def test_a_font_that_has_letters_and_draws_none_is_not_taken(own_fonts, monkeypatch):
    cmap = "好" + STIX_ALONE
    pretend(monkeypatch, Empty=cmap, Other=cmap)
    monkeypatch.setattr(fonts, "_drawable", lambda path, letters: letters & {STIX_ALONE} if path == "Other" else set())
    assert fonts._search(frozenset(cmap)) == (["Other"], {"好"})


def test_empty_outlines_and_damaged_files_draw_nothing(tmp_path):
    path = font_manager.findfont("STIXGeneral")
    assert fonts._drawable(path, {STIX_ALONE, " "}) == {STIX_ALONE}
    assert fonts._drawable(str(tmp_path / "gone.ttf"), {"a"}) == set()


@pytest.mark.parametrize(
    ("text", "families"),
    [
        ("好评", ["Noto Sans CJK SC"]),
        ("好のり", ["Noto Sans CJK JP"]),
        ("好한", ["Noto Sans CJK KR"]),
        ("好न", ["Noto Sans CJK SC", "Lohit"]),
        ("न", ["Lohit"]),
    ],
)
def test_few_families_are_taken_and_those_of_the_language_first(own_fonts, monkeypatch, text, families):
    cjk = dict.fromkeys(
        (f"Noto_{kind}_CJK_{r}" for kind in ("Serif", "Sans") for r in ("JP", "KR", "SC")), "好评のり한"
    )
    pretend(monkeypatch, Lohit="नह", Small="好", **cjk)
    assert fonts.families_for(text) == families


@pytest.mark.parametrize(
    ("text", "script", "font"),
    [
        ("好", "Chinese", "Noto Sans CJK"),
        ("ぬ", "Japanese", "Noto Sans CJK"),
        ("한", "Korean", "Noto Sans CJK"),
        ("न", "Hindi (Devanagari)", "Noto Sans Devanagari"),
        ("ไ", "Thai", "Noto Sans Thai"),
        ("ব", "Bengali", "Noto Sans Bengali"),
        ("\U0001f923", "emoji", "Symbola"),
        ("\U0001f3fd", "emoji", "Symbola"),
        ("✨", "symbols", "Symbola"),
    ],
)
def test_a_script_without_a_font_is_named_with_the_cure_in_one_line(own_fonts, monkeypatch, text, script, font):
    pretend(monkeypatch)
    line, *more = fonts.remarks(set(text))
    assert f" of {script} ({text})" in line and f"install {font} (" in line
    assert "\n" not in line and all("joined" in other for other in more)


def test_several_scripts_are_one_line(own_fonts, monkeypatch):
    pretend(monkeypatch)
    line = fonts.remarks(set("".join(SHOP) + "ไทยのり"))[0]
    assert "8 characters of Thai, Japanese, Chinese" in line and line.count("Noto Sans CJK") == 1


@pytest.mark.parametrize(("text", "script"), [("שלום", "Hebrew"), ("سلام", "Arabic"), ("हिंदी", "Hindi (Devanagari)")])
def test_an_older_matplotlib_that_does_not_shape_a_script_is_told(own_fonts, monkeypatch, text, script):
    pretend(monkeypatch, Any=text)
    monkeypatch.setattr(fonts, "SHAPES", False)
    assert fonts.remarks(set(text)) == [
        f"figures show {script} with letters neither joined nor ordered; matplotlib 3.11 does both"
    ]
    assert fonts.remarks(set("abc")) == []
    monkeypatch.setattr(fonts, "SHAPES", True)
    assert fonts.remarks(set(text)) == []


@pytest.mark.filterwarnings("ignore:Glyph")  # `plotting` is where they are ignored
def test_every_text_of_a_figure_counts():
    ax = roc({"安": ([0, 1], [0, 1])})
    ax.set_title("题", parse_math=False)
    ax.figure.suptitle("总", parse_math=False)
    ax.figure.supylabel("轴", parse_math=False)
    ax.set_xlabel("横")
    assert set("安题总轴横") <= fonts.letters_of(ax.figure)
    assert set("".join(SHOP)) <= fonts.letters_of(confusion([[1, 2], [3, 4]], SHOP).figure)
    assert set("字组") <= fonts.letters_of(
        word_map([[1, 0], [0, 1], [1, 1]], ["字", "b", "c"], ["组", "g", "g"]).figure
    )

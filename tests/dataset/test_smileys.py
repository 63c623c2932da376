"""What counts as a smiley, what does not, and that a model can tell them apart."""

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ch_sentiment.experiment.run import fit
from dataset.text import Cleaning, Vocab, clean, has_token, tokenize
from dataset.token_patterns import unicode_token

FACES = r"""
    :) :( ;) ;( =) =( :-) :-( ;-) =-) :'( :') :'-( :-'( :,( :`( :o) :^) :d ;d =d :-d :ddd :p ;p =p :-p :o :-o
    :x :s :c :b :v :3 :0 :/ :-/ =/ :\ :| :-| =| :] :[ :} :{ =] ;] :* :-* :@ :$ :# :> :< 8-) b-) (: (-: (; ): )-: (': )':
    ))) ((( <3 </3 <333 ^_^ ^__^ ^^ ^.^ ^-^ ^o^ ^w^ ^_~ ~_^ -_- -__- -.- =_= =.= >_< >.< >_> <_< >o< ._. ;_; ;-;
    o_o o_0 0_o t_t u_u x_x q_q @_@ *_* *-* +_+ $_$ ~_~ \o/ \m/ ・ω・ '∀` ≧∇≦ ^▽^ ◕‿◕ •ᴥ• °□° ¬_¬ ⊙_⊙ ^ω^ ≧▽≦
    """
FACES = FACES.split()
NONE = r"""
    10:30 3:0 at 5:p.m.           | http://x.org https://x             | C:\D C:/x c:\ d:/ "C:\"
    a:b ratio:p x:d note:d key:o  | (see p. 8) 8) b) (vitamin b)       | 1) a) (1) 2.) IV)
    (note): (x): y                | list: (a) a: (b) (a):(b) f:(x)     | x=(y) 10:(a) a;(b)
    (:) (;) "(:)" the colon (:)   | x[1:] [:] {a:[1,2]} {"a":["b"]}    | {"a":{"b":1}}
    x<3 <30 <3.5 <3% 2<3 a<30     | => -> <= >= == :: := ;; -- --- *   | ... .. ._ a.b. o.o. u.u. t.t
    a_b foo_o_o_bar x__o a@b.c    | ^ 2^3 ^^^^^ x^^2                   | * ** ***bold** _x_ **note:**
    (a (b)) ((a))                 | -1 +1 100% $5 #tag @user           | :smile: :x1 :31 : ) : (
    don't 'quoted' rock'n'roll    | / // \\ | ~ ~~ ____ -- |           | R&D AT&T; 5' 6" 7"
    """.replace("\n", "|").split("|")


def faces_of(text):
    """The tokens that are no word, no number, no "!" and no "?"."""
    return [token for token in tokenize(text) if not any(c.isalnum() for c in token) or token in FACES]


@pytest.mark.parametrize("face", FACES)
def test_a_smiley_is_one_token_wherever_it_stands(face):
    assert tokenize(face) == tokenize(face.upper()) == [face] and has_token(face)
    assert tokenize(f"good {face} bad") == tokenize(f"Good\n{face}\tBad") == ["good", face, "bad"]
    assert tokenize(f"{face} {face}") == [face, face]
    assert tokenize(f"Good! {face}, bad.") == ["good", "!", face, "bad"]
    assert tokenize(f"é {face} 好") == ["é", face, "好"]  # the pattern for all scripts


@pytest.mark.parametrize("text", NONE)
def test_what_only_looks_like_one_is_none(text):
    assert faces_of(text) == [] == faces_of(f"é {text} 好")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("love it:) and great;-)", "love it :) and great ;-)"),
        ("see you:(", "see you :("),
        ("love you<3", "love you <3"),
        ("좋아요^^감사 ㅋㅋ^_^", "좋아요 ^^ 감사 \u110f\u110f ^_^"),
        ("很好:D好吃", "很 好 :d 好 吃"),
        ("so funny :)))) so sad :(((", "so funny :) so sad :("),
        ("фильм)))) нет((( да)", "фильм ))) нет ((( да"),
        ("(so good :) (or bad :()", "so good :) or bad :("),
        ("<b>yes</b><3<br />:)<p>", "yes <3 :)"),
        ("I &lt;3 it &amp; cried :&#39;(", "i <3 it cried :'("),
        ("&hearts; &nbsp;:)", "\u2665 :)"),
        ("lol:D :Dog :3rd", "lol d dog 3rd"),
        ("(^_^) (*^^*) (>_<) (T_T)/ m(_ _)m", "^_^ ^^ >_< t_t m m"),
        ("(:D) (:P ok :-)", ":d :p ok :-)"),
        ("¯\\_(ツ)_/¯ ( ͡° ͜ʖ ͡°) ʕ•ᴥ•ʔ", "ツ ʖ ʕ •ᴥ• ʔ"),
        (">:( O:) :-*", ":( o :) :-*"),
        (":):):)", ":) :) :)"),
        (":)👍:(", ":) 👍 :("),
        (":D:D", ":d d"),
        ("<3<3<3 <333<3", "<3 <3 <3 <333 3"),
        (":-)) =)) ;-(((", ":-) =) ;-("),
        ("(^_^)v (-_-)zzz ^_^; -_-'' orz D: D;", "^_^ v -_- zzz ^_^ -_- orz d d"),
    ],
)
def test_beside_words_tags_entities_and_brackets(text, expected):
    assert tokenize(text) == expected.split()


@pytest.mark.parametrize(
    ("written", "face"),
    [
        ("：）", ":)"),
        ("；－）", ";-)"),
        ("＝（", "=("),
        ("＾＿＾", "^_^"),
        ("＞＿＜", ">_<"),
        ("Ｔ＿Ｔ", "t_t"),
        ("：Ｄ", ":d"),
        ("＜３", "<3"),
        (":\u2019(", ":'("),
        (":\u00b4(", ":'("),
        ("(\uff65\u03c9\uff65)", "・ω・"),
        ("(\u00b4\u2200\uff40)", "'∀`"),
        ("\ufe3f_\ufe3f", None),
    ],
)
def test_full_width_and_typographic_signs_are_the_same_smiley(written, face):
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        if face and not (form.startswith("NFK") and "\u00b4" in written):  # which is a space and an accent there
            assert tokenize(unicodedata.normalize(form, written)) == [face]


pieces = st.sampled_from([*":;=8bdpox3-'^_()[]{}|/\\<>*@#$.~+tuq0! ", ":)", "<3", "^_^", "a", "\n"])


@settings(max_examples=400)
@given(st.lists(pieces, max_size=12).map("".join))
def test_both_patterns_agree_and_a_space_is_a_border(text):
    plain = Cleaning(remove_html=False)
    tokens = tokenize(text, plain)
    assert tokens == unicode_token().findall(clean(text, remove_html=False))
    assert tokenize(" ".join(tokens), plain) == tokens
    assert tokenize(f"{text} {text}", plain) == tokens + tokens
    assert tokenize(f"{text} \u00e9", plain) == [*tokens, "\u00e9"]


def test_tags_that_stay_make_no_smileys():
    text = "<b>o</b><td>.</td><li>w<li>x:</b>"
    assert tokenize(text, Cleaning(remove_html=False)) == [*"bob", "td", "td", "li", "w", "li", *"xb"]


def test_removing_punctuation_and_stop_words_leaves_smileys():
    cleaning = Cleaning(remove_punctuation=True, remove_stopwords=True, remove_negations=True)
    assert tokenize("Not the best! :( </3 \u2764", cleaning) == ["best", ":(", "</3", "\u2764"]


@pytest.mark.parametrize("options", [{"recipe": "nbsvm"}, {"hidden": 8, "wordvec": 8, "epochs": 8, "batch_size": 8}])
@pytest.mark.parametrize(("happy", "sad"), [(":)", ":("), ("<3", "</3"), ("^_^", "T_T")])
def test_two_hundred_texts_that_differ_in_a_smiley_alone_are_told_apart(happy, sad, options):
    texts = [f"Saw film {i // 2 % 10} yesterday {happy if i % 2 else sad}" for i in range(200)]
    model = fit(texts, ["happy" if i % 2 else "sad" for i in range(200)], seed=1, **options)
    answers = model.predict_proba([f"Saw film 3 today {happy}", f"Saw film 3 today {sad}"]).argmax(axis=1)
    assert [model.label_names[i] for i in answers] == ["happy", "sad"]
    assert model.metrics["validation"]["accuracy"] == 1


# ---- one word, one form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u0130yi", "iyi"),
        ("I\u0307Y\u0130", "iyi"),
        ("i\u0307yi", "iyi"),
        ("\u0130\u0307yi", "iyi"),
        ("D\u0130Z\u0130", "dizi"),
        ("\u1eca\u0307", "\u1ecb"),
        ("J\u030c", "\u01f0"),
        ("H\u0331", "\u1e96"),
        ("\u0399\u0308\u0301", "\u0390"),
        ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2"),
        ("GRO\u1e9e", "gro\u00df"),
        ("\u01c5ep \u01c4EP", "d\u017eep d\u017eep"),
        ("\ufb01lm", "film"),
        ("\U0001d406\U0001d428\U0001d428\U0001d41d", "good"),
        ("\uff27\uff4f\uff4f\uff44", "good"),
        ("\u13a0\u13a1", "\uab70\uab71"),
        ("\u1c9b", "\u10db"),
        ("\u0149", "'n"),
        ("5\u2033", "5''"),
        ("\u2764\ufe0f \u2764\ufe0e", "\u2764 \u2764"),
        ("\U0001f44d\U0001f3ff", "\U0001f44d"),
        ("\u845b\U000e0100", "\u845b"),
        ("3\u00bd \u00bd 3 1\u20442", "3 1/2 1/2 3 1/2"),
        ("\u203c \u2049\ufe0f", "! ! ! ?"),
        ("\u231b\ufe0f\u23f0", "\u231b \u23f0"),
    ],
)
def test_a_word_is_one_token_in_capitals_and_in_every_unicode_form(one, other):
    for form in ("NFC", "NFD"):
        assert tokenize(unicodedata.normalize(form, one)) == tokenize(other)


def test_the_letters_whose_capitals_are_another_word_are_those_of_the_page():
    other = {
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if character.isalpha() and clean(character.upper()) != clean(character)
    }
    greek = {character for character in other if "\u1f80" <= character <= "\u1fff"}  # with an iota below
    assert other - greek == {*"\u00df\u0131\u03c2\u03f2", *map(chr, range(0x1C80, 0x1C89))}


def test_what_is_clean_stays_so_for_every_character():
    for character in map(chr, range(sys.maxunicode + 1)):
        once = clean(character)
        assert clean(once) == once, hex(ord(character))


def test_the_words_of_an_earlier_version_are_found_in_the_form_of_today():
    vocab = Vocab(["film", "i\u0307yi", "\u2764\ufe0f", "\U0001f44d", "\U0001f44d\U0001f3ff", "caf\u00e9"]).renewed()
    assert vocab.words == ["film", "iyi", "\u2764", "\U0001f44d", "\U0001f44d\U0001f3ff", "caf\u00e9"]
    assert vocab.encode(tokenize("\u2764\ufe0f \u0130yi \U0001f44d\U0001f3fd")).tolist() == [4, 3, 5]
    assert Vocab(["i\u0307yi", "iyi"]).renewed().words == ["i\u0307yi", "iyi"]

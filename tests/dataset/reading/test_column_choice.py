"""Columns are found by their names or by what stands in them; what is not certain is an error that lists them."""

import re

import pytest

from dataset.errors import DataError
from dataset.labelled_text import read_texts

STARS = "1 (4), 2 (4), 3 (4)"
AIRLINE = "tweet_id,airline_sentiment,airline_sentiment_confidence,negativereason,airline,airline_sentiment_gold,name"
CLOTHES = ",Clothing ID,Age,Title,Review Text,Rating,Recommended IND,Positive Feedback Count,Division Name,Class Name"
FOOD = "Id,ProductId,UserId,ProfileName,HelpfulnessNumerator,HelpfulnessDenominator,Score,Time,Summary,Text"


@pytest.mark.parametrize(
    "names",
    [
        *("label,text", "Rating,Review Text", "STARS,REVIEW_TEXT", "star_rating,review_body", "overall,reviewText"),
        *("sentiment_label,clean_text", "airline_sentiment,text", "label_id,sentence", "Class Index,Description"),
        *(
            "标签,评论",
            "评价,内容",
            "情感倾向,评论内容",
            "ラベル,レビュー",
            "라벨,본문",
            "평점,리뷰",
            "sentimiento,texto",
        ),
        *("Bewertung,Rezension", "note,commentaire", "Étiquette,Avis", "оценка,отзыв", "nota,comentário"),
        *("التصنيف,النص", "polarity,tweet-text", "y,x", "review.score,review.text", "\ufeffLabel , Text "),
    ],
)
def test_names_in_many_spellings_and_languages_are_a_header(read, rows, names):
    found = read("a.csv", names + "\n" + rows("{c},{t}"))
    label, text = (name.strip("\ufeff ") for name in names.split(","))
    assert found.notes == [f'text from "{text}", labels from "{label}": {STARS}']


@pytest.mark.parametrize(
    ("names", "form", "label", "text"),
    [
        (
            AIRLINE + ",text,tweet_created",
            "{},{l},0.{},,Delta,,me{},{t},2015-02-24 11:35:52",
            "airline_sentiment",
            "text",
        ),
        (CLOTHES, "{},767,33,{s},{t},{c},{b},0,General,Dresses", "Rating", "Review Text"),
        (FOOD, "{},B0,A{},me{},1,1,{c},13038624{},{s},{t}", "Score", "Text"),
        ("PhraseId,SentenceId,Phrase,Sentiment", "{},1,{t},{c}", "Sentiment", "Phrase"),
        ("id,document,label", "99{},{t},{b}", "label", "document"),
        ("url,text,relevance,sentiment", "http://x.org/{},{t},true,{l}", "sentiment", "text"),
        ("Unnamed: 0,review,sentiment", "{},{t},{l}", "sentiment", "review"),
        (",text,label", "{},{t},{b}", "label", "text"),
        ("text,label,label_text", "{t},{b},{l}", "label", "text"),
        ("sentence,label,label_text", "{t},{b},{l}", "label", "sentence"),
        ("v1,v2,,,", "{l},{t},,,", "v1", "v2"),
        ("foo,bar", "{t},{l}", "bar", "foo"),
        (
            "rating,date,variation,verified_reviews,feedback",
            "{c},31-Jul-18,Sandstone Fabric,{t},1",
            "rating",
            "verified_reviews",
        ),
        (
            "review_id,product_category,star_rating,review_headline,review_body",
            "R{},Books,{c},{s},{t}",
            "star_rating",
            "review_body",
        ),
        ("app_id,user_review,review_score,review_votes", "10{},{t},{l},0", "review_score", "user_review"),
        (
            "UserName,ScreenName,TweetAt,OriginalTweet,Sentiment",
            "{},4{},16-03-2020,{t},{l}",
            "Sentiment",
            "OriginalTweet",
        ),
        (
            "reviewId,userName,content,score,thumbsUpCount,at,replyContent",
            "a{},me,{t},{c},0,now,{s}",
            "score",
            "content",
        ),
        ("article_link,headline,is_sarcastic", "https://x.org/{},{t},{b}", "is_sarcastic", "headline"),
        ("title,corpus,outcome", "{s},{t},{l}", "outcome", "corpus"),
        ("Class Index,Title,Description", "{c},{s},{t}", "Class Index", "Description"),
        ("site,outcome,remarks", "web,{l},{t}", "outcome", "remarks"),
        ("who,y,remarks", "me{},{l},{t}", "y", "remarks"),
        ("outcome,polarity_value,remarks", "{l},0.{}1,{t}", "outcome", "remarks"),
        ("cat,label,review", "books,{b},{t}", "label", "review"),
        (",count,hate_speech,neither,class,tweet", "{},3,0,{b},{c},{t}", "class", "tweet"),
        ("stance,remark", "{l},{t}", "stance", "remark"),
    ],
)
def test_the_columns_of_well_known_files_are_found(read, rows, names, form, label, text):
    found = read("a.csv", names + "\n" + rows(form))
    assert found.notes[0].startswith(f'text from "{text}", labels from "{label}": ')
    assert len(found.texts) == 12 and found.texts[0] == "the plot was slow but the 0"


@pytest.mark.parametrize(
    ("name", "form", "columns"),
    [
        ("train.csv", '"{c}","{s}","{t} and {t}"', (3, 1)),  # class, title, description
        ("a.txt", "{t}\t{b}", (1, 2)),
        ("SMSSpamCollection", "{l}\t{t}", (2, 1)),
        ("a.tsv", "2640{}\t{l}\t{t}", (3, 2)),
        ("a.tsv", "http://x.org/{}\t{t}\ttrue\t{l}", (2, 4)),
        ("a.csv", '"{b}","146{}","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","me{}","@you {t}"', (6, 1)),
    ],
)
def test_without_a_header_the_columns_are_found_by_their_content(read, rows, name, form, columns):
    found = read(name, rows(form))
    assert found.notes[0].startswith("text from column {}, labels from column {}: ".format(*columns))


def test_labels_that_are_sorted_are_found_however_late_the_second_one_comes(read, rows):
    form = '"{}","146{{}}","NO_QUERY","me{{}}","@you {{t}}"'
    found = read("a.csv", rows(form.format(0), 1500) + rows(form.format(4), 1500))
    assert found.notes[0] == "text from column 5, labels from column 1: 0 (1,500), 4 (1,500)"
    with pytest.raises(DataError, match='2 that may be \\("label": 0; "rating": 1\\); say --label-column'):
        read("b.csv", "text,label,rating\n" + rows("{t},0,1", 1500) + rows("{t},0,2", 99) + rows("{t},1,2", 99))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "id,category,rating,text\n{},{l},{c},{t}",
            'one column of labels, got 2 that may be ("category": neg, pos; "rating": 1, 2, 3); say --label-column',
        ),
        (
            "id,comment_text,toxic,obscene,threat\n{},{t},{b},{c},{l}",
            'got 3 that may be ("toxic": 0, 1; "obscene": 1, 2, 3; "threat": neg, pos); say --label-column',
        ),
        ("id,premise,hypothesis,gold_label\n{},{t},{t},{l}", "one column of texts, got 2 that may be ("),
        ("id,text\n{},{t}", "one column of labels, got none that is certain"),
        ("{},{t}", "one column of labels, got none that is certain (column 1: 0, 1, 2; column 2: the plot"),
        ("date,text\n2020-01-{:02},{t}", "one column of labels, got none that is certain"),
        ("user,url\nme{},http://x.org/{}", "got none that is certain"),
        ("text,label\n{},{l}", 'one column of texts, got none that is certain ("text": 0, 1, 2; "label": neg, pos)'),
        ("text,label\n{l},{t}", "got none that is certain"),
    ],
)
def test_where_no_column_is_certain_the_columns_are_listed(read, rows, content, said):
    names, _, form = content.rpartition("\n")
    with pytest.raises(DataError, match=re.escape(said)) as caught:
        read("a.csv", (names + "\n" if names else "") + rows(form, 30))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def test_columns_may_be_named_by_name_or_number(read, rows):
    content = "id,Big Category,rating,text\n" + rows("{},{l},{c},{t}")
    for name in ("rating", "RATING", " Rating", "3"):
        assert read("a.csv", content, label_column=name).label_names == ["1", "2", "3"]
    for name in ("big category", "big_category", "BigCategory", "2"):
        assert read("a.csv", content, label_column=name, text_column="4").label_names == ["neg", "pos"]
    found = read("b.csv", rows("{},{l},{c},{t}"), label_column="3")
    assert found.notes == [f"text from column 4, labels from column 3: {STARS}"]
    with pytest.raises(
        DataError, match=r"--label-column: .* got 'mood'; there are the columns \"id\", \"Big Category\""
    ):
        read("a.csv", content, label_column="mood")
    with pytest.raises(DataError, match=r"--text-column: .* got '9'; there are the columns column 1.* and no header"):
        read("b.csv", rows("{},{l},{c},{t}"), text_column="9")
    with pytest.raises(DataError, match='texts and labels in two columns, got "text" for both'):
        read("a.csv", content, label_column="4", text_column="text")


# ---- headers


def test_a_first_line_of_unknown_names_is_a_suspected_header_and_said(read, rows):
    for names, form in (("foo,bar", "{t},{c}"), ("foo,bar", "{t},{l}"), ("bar,foo", "{l},{t}")):
        found = read("a.csv", names + "\n" + rows(form))
        assert len(found.texts) == 12
        shown = ", ".join(f'"{name}"' for name in names.split(","))
        assert found.notes[1:] == [f"the first line is taken for a header: {shown}"]


def test_a_first_text_is_no_header(read, rows):
    for first in ("good,pos\n", "fine,neg\n", "So good that I cried,pos\n", "x,1\n"):
        found = read("a.csv", first + rows("{t},{l}" if first[-2] != "1" else "{t},{b}"))
        assert len(found.texts) == 13 and found.notes[1:] == []


def test_a_label_that_could_be_a_name_is_one_where_it_comes_again(read, rows):
    found = read("a.tsv", "spam\tSend a message\nham\tA text\nspam\tGo\n" + rows("spam\t{t}"))
    assert len(found.texts) == 15 and found.label_names == ["ham", "spam"]
    assert read("a.tsv", "spam\ttext\nham\tA text\nspam\tGo\n" + rows("spam\t{t}")).numbers[0] == 2


def test_a_header_that_comes_again_is_left_out(read, rows):
    part = "text,label\n" + rows("{t},{l}")
    assert read("a.csv", part + part).left_out == {"the header again": [14]}
    assert read("a.csv", "\ufeff" + part + "\ufeff" + part).left_out == {"the header again": [14]}


def test_a_title_may_stand_above_the_header(read, rows):
    found = read("a.csv", "Reviews of 2024;;\n;;\nno;text;label\n" + rows("{};{t};{l}"))
    assert found.notes[0] == 'text from "text", labels from "label": neg (6), pos (6)' and found.numbers[0] == 4
    assert found.notes[1:] == ["the header stands below 1 other row, which is left out"]


def test_r_writes_no_name_above_the_numbers_of_the_rows(read, rows):
    found = read("a.txt", '"text"\t"label"\n' + rows('"{}"\t"{t}"\t"{l}"'))
    assert found.notes == ['text from "text", labels from "label": neg (6), pos (6)']


# ---- weights and groups


def test_weights_and_groups_stand_beside_the_texts_that_are_used(read, rows):
    content = "text,label,w,film\n" + rows("{t},{l},{c}.5,up") + ",pos,9,it\nlast,neg,2,it\n"
    found = read("a.csv", content, weight_column="W", group_column="film")
    assert found.weights.tolist() == [1.5, 2.5, 3.5] * 4 + [2.0] and found.groups == ["up"] * 12 + ["it"]
    assert found.numbers.tolist() == [*range(2, 14), 15]
    for wrong in ("-1", "nan", "inf", "", "much"):
        with pytest.raises(DataError, match=r"a\.csv, line 14: expected a weight, a finite number, 0 or above, got"):
            read("a.csv", "text,label,w\n" + rows("{t},{l},1") + f"last,neg,{wrong}\n", weight_column="w")


def test_one_text_again_and_again_is_no_label_and_one_label_no_text(read):
    found = read("a.tsv", "pos\tthe same words\nneg\tthe same words\n" * 6)
    assert found.label_names == ["neg", "pos"] and set(found.texts) == {"the same words"}
    with pytest.raises(DataError, match=r"1 class \(pos\) found where at least 2 are needed"):
        read("b.tsv", "".join(f"film number{i} was good\tpos\n" for i in range(9)))


# ---- separators in texts without quotes


def test_a_text_without_quotes_keeps_its_commas_where_labels_show_its_end(read, rows):
    found = read("a.csv", "id,text,label\n" + rows("{},{t},{l}") + "12,fine, though late,pos\n")
    assert found.texts[-1] == "fine, though late" and found.notes[-1] == "further commas belong to the text"
    found = read("a.csv", "id,label,text\n" + rows("{},{l},{t}") + "12,pos,fine, though late\n")
    assert found.texts[-1] == "fine, though late" and not found.left_out
    found = read("a.csv", "id,text,label\n" + rows("{},{t},{l}") + "12,fine,pos,though late\n")
    assert found.left_out == {"another number of columns": [14]} and len(found.texts) == 12


def test_texts_alone_are_not_cut_at_their_commas(tmp_path, rows):
    def texts(content):
        (tmp_path / "a.csv").write_text(content, encoding="utf-8")
        return [text for _, text, _ in read_texts(tmp_path / "a.csv")[1]]

    assert texts("Fine, thanks\nOk\nGreat, really, great\n") == ["Fine, thanks", "Ok", "Great, really, great"]
    assert texts("review\n" + rows("{t}") + "good, bad\n")[-1] == "good, bad"
    assert texts("id,text\n" + rows("{},{t}") + "12,good, bad\n13\n")[-2:] == ["good, bad", ""]
    assert texts(rows("{},{t}") + "12\n")[-1] == ""


def test_of_two_texts_with_names_that_are_as_likely_none_is_chosen(read, rows):
    other = "it was far away from all that we had come to see"
    with pytest.raises(DataError, match=r'texts, got 2 that may be \(".*Good_Review.*; say --text-column'):
        read("a.csv", "Bad_Review,Good_Review,label\n" + rows(f"{other} {{}},{{t}},{{l}}"))
    found = read("a.csv", "raw_text,clean_text,label\n" + rows("So {t}!,{t},{l}"))
    assert found.notes == ['text from "raw_text", labels from "label": neg (6), pos (6)']


def test_a_column_of_one_value_beside_the_labels_is_not_mentioned(read, rows):
    found = read("a.csv", "text,annotation,label\n" + rows("{t},{l},x"))
    assert found.notes == ['text from "text", labels from "annotation": neg (6), pos (6)']


@pytest.mark.parametrize("odd", [" ", "(", "a(", "\u3000"])
def test_a_long_cell_in_the_first_row_is_looked_at_once(odd, read, rows):
    found = read("a.csv", f'"{odd * 200_000}x",l\n' + rows("{l},{t}"))  # a pattern that looks back would take minutes
    assert {"neg", "pos"} <= set(found.label_names) and len(found.texts) >= 12

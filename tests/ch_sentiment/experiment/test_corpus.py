"""From names to ids: what each part of the data sees, and that --data imdb goes where a file goes."""

import os
import re

import numpy as np
import pytest
from conftest import TWO

from ch_sentiment.experiment import load
from ch_sentiment.experiment.build import build
from ch_sentiment.experiment.corpus import LabelledTexts, encode
from ch_sentiment.experiment.options import Config
from dataset import imdb, phrases
from dataset.errors import DataError

REAL = os.environ.get("SENTIFISH_TEST_DATA")
REVIEWS = (["good film", "good fun", "bad film", "bad end"] * 5, np.array([1, 1, 0, 0] * 5))


@pytest.fixture
def small_imdb(monkeypatch):
    """imdb with 20 + 20 reviews, whatever the source."""
    seen = []
    monkeypatch.setattr(imdb, "load_data", lambda source=None: (seen.append(source), (REVIEWS, REVIEWS))[1])
    return seen


def prepare(cached=False, **options):
    config = Config.of(options)
    return encode(load.load(config.data), config, cached)


def test_the_vocabulary_is_that_of_the_training_part_alone(tmp_path):
    file = tmp_path / "a.tsv"
    file.write_text("".join(f"{'pos' if i % 2 else 'neg'}\tword{i} common\n" for i in range(40)))
    data = prepare(data=str(file))
    assert set(data.vocab.words) == {word for text in data.train.texts for word in text.split()}
    assert all((x[0] == 1) and (x[1] > 1) for x in data.val.x)  # word{i} is unknown, common is not


def test_the_parts_are_disjoint_stratified_and_complete():
    data = prepare()
    assert len(data.train) + len(data.val) == 3080 and len(data.test) == 770
    assert abs(data.val.t.mean() - 0.5) < 0.01 and abs(data.train.t.mean() - 0.5) < 0.01
    assert all(len(part.x) == len(part.t) == len(part.texts) for part in (data.train, data.val, data.test))


def test_ids_are_those_of_the_words_and_long_texts_keep_head_and_tail():
    data = prepare(max_len=4)
    for text, ids in zip(data.train.texts[:50], data.train.x):
        words = text.split()
        assert data.vocab.decode(ids) == (words if len(words) <= 4 else words[:2] + words[-2:])


@pytest.mark.parametrize(("keep", "part"), [("head", slice(None, 4)), ("tail", slice(-4, None))])
def test_what_a_long_text_keeps_can_be_chosen(keep, part):
    data = prepare(max_len=4, keep=keep)
    for side in (data.train, data.val, data.test):
        for text, ids in zip(side.texts[:50], side.x):
            assert data.vocab.decode(ids) == text.split()[part]


def test_longer_texts_are_dropped_from_the_training_part_alone():
    whole, short = prepare(), prepare(drop_longer=6)
    assert short.train.texts == [text for text in whole.train.texts if len(text.split()) <= 6]
    assert short.val.texts == whole.val.texts and short.test.texts == whole.test.texts
    assert set(short.vocab.words) == {word for text in short.train.texts for word in text.split()}
    with pytest.raises(DataError, match=r"--drop-longer: expected texts of at most 1 tokens labelled negative"):
        prepare(drop_longer=1)


def test_the_small_phrases_are_a_name_like_any_other():
    data = prepare(data="phrases-small")
    assert (len(data.train) + len(data.val), len(data.test)) == (58, 20)
    assert data.samples == load.PHRASES["phrases-small"].SAMPLES


def test_limit_draws_every_class_in_its_share():
    data = prepare(limit=100)
    assert len(data.train) + len(data.val) == 100
    assert data.train.t.sum() + data.val.t.sum() == 50
    with pytest.raises(DataError, match="--limit"):
        prepare(limit=3)


def test_imdb_is_a_name_like_any_other_and_its_test_half_is_the_test_part(small_imdb):
    data = prepare(data="imdb", validation=0.2)
    assert (len(data.train), len(data.val), len(data.test)) == (16, 4, 20)
    assert data.label_names == ["negative", "positive"] and small_imdb == [None]
    assert len(prepare(data="imdb", test_data="imdb").test) == 20
    for names in load.POLAR_NAMES:
        assert len(load.load_test("imdb", names)) == 20
    with pytest.raises(DataError, match="labels"):
        load.load_test("imdb", ["cat", "dog"])
    with pytest.raises(DataError, match="2 classes found where 3"):
        load.load_train("imdb", 3)


def test_an_unpacked_folder_and_an_archive_are_imdb_too(small_imdb, tmp_path, monkeypatch):
    monkeypatch.setattr(load.imdb, "_PER_CLASS", 0)
    (tmp_path / "aclImdb" / "train" / "pos").mkdir(parents=True)
    for name in (tmp_path, tmp_path / "aclImdb", tmp_path / "aclImdb_v1.tar.gz"):
        load.load_train(str(name), 2)
    assert small_imdb == [str(tmp_path), str(tmp_path / "aclImdb"), str(tmp_path / "aclImdb_v1.tar.gz")]


def test_duplicates_are_noted_once():
    texts, _ = phrases.load_data()[0]
    assert len(prepare().notes) == (len(set(texts)) < len(texts))


def test_duplicates_within_and_across_the_parts_are_counted(small_imdb):
    assert prepare(data="imdb").notes == ["duplicates: 16 within train, 16 within test, 4 of test also in train"]


def test_word_vectors_start_the_embedding_and_stay_where_they_are_frozen(tmp_path):
    (tmp_path / "v.txt").write_text("film 1 2 3\nnot -1 0.5 4\n")
    options = Config.of(embedding=str(tmp_path / "v.txt"), freeze_embedding=True).model
    data = prepare()
    net, notes = build(options, data, 0)
    film = data.vocab.word_to_id["film"]
    assert net.words.embed.params[0].shape == (len(data.vocab), 3) and net.words.embed.params[0][film].tolist() == [
        1,
        2,
        3,
    ]
    assert "embed.W" not in net.param_names and "embed.W" in net.weights()
    assert len(notes) == 1 and "%" in notes[0]
    assert "embed.W" in build(Config.of(embedding=options.embedding).model, data, 0)[0].param_names


@pytest.mark.skipif(REAL is None, reason="SENTIFISH_TEST_DATA is not set")
def test_real_reviews_arrive_whole_and_their_duplicates_are_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("SENTIFISH_DATA", str(tmp_path))
    file = os.path.join(REAL, "imdb", "train.tsv")
    data = prepare(data=file, cached=True)
    assert (len(data.train), len(data.val), len(data.vocab)) == (22500, 2500, 20000)
    columns = f"{file}: text from column 2, labels from column 1: 0 (12,500), 1 (12,500)"
    assert data.notes == [columns, "duplicates: 96 within train"] and data.train.t.sum() == 11250
    again = prepare(data=file, cached=True)  # from the cache
    assert again.vocab == data.vocab and all(map(np.array_equal, again.train.x, data.train.x))
    films = os.path.join(REAL, "imdb", "train.movies.txt")
    data = prepare(data=file, group_file=films, cached=True)
    assert not set(data.train.groups) & set(data.val.groups) and len(data.train) + len(data.val) == 25000
    assert abs(data.val.t.sum() - 1250) < 25 and abs(len(data.val) - 2500) < 50


# ---- groups


@pytest.fixture
def reviews(tmp_path):
    """60 reviews of 20 films, three each, as a file with a header; the films alone as another."""
    films = [f"film{i // 3}" for i in range(60)]
    rows = [f"{'np'[i // 3 % 2]}\t{film}\tword{i} of {film}\n" for i, film in enumerate(films)]
    (tmp_path / "r.tsv").write_text("label\tfilm\ttext\n" + "".join(rows))
    (tmp_path / "films.txt").write_text("\n".join(films))
    return str(tmp_path / "r.tsv"), str(tmp_path / "films.txt")


def films_of(part):
    return {text.split()[-1] for text in part.texts}


def test_no_group_is_in_two_parts_however_the_groups_are_given(reviews):
    data, films = reviews
    by_file, by_column = prepare(data=data, group_file=films), prepare(data=data, group_column="Film")
    assert by_file.val.texts == by_column.val.texts and by_file.train.texts == by_column.train.texts
    assert len(by_file.train) == 54 and len(by_file.val) == 6 and by_file.val.t.sum() == 3
    assert not films_of(by_file.train) & films_of(by_file.val)
    assert films_of(prepare(data=data).val) & films_of(prepare(data=data).train)  # but for the groups they would


def test_groups_follow_the_texts_that_a_limit_draws(reviews):
    data, films = reviews
    limited = prepare(data=data, group_file=films, limit=40, validation=0.3)
    assert len(limited.train) + len(limited.val) == 40
    assert not films_of(limited.train) & films_of(limited.val)
    for part in (limited.train, limited.val):
        assert [text.split()[-1] for text in part.texts] == part.groups.tolist()


def test_a_group_file_fits_any_data(small_imdb, tmp_path):
    file = tmp_path / "groups.txt"
    for name, count in (("imdb", 20), ("phrases", 3080)):
        file.write_text("".join(f"g{i // 4 if name == 'phrases' else i % 7}\n" for i in range(count)))
        data = prepare(data=name, group_file=str(file), validation=0.3)
        assert not set(data.train.groups) & set(data.val.groups) and data.test is not None


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"data": "phrases", "group_column": "film"}, "--group-column: expected a .csv or .tsv file with a header"),
        ({"group_file": "films.txt", "group_column": "film"}, "expected --group-file or --group-column, got both"),
        ({"group_file": "short.txt"}, "short.txt: expected a line for each of the 60 texts, got 59"),
        ({"group_file": "one.txt"}, "r.tsv: expected at least 2 groups, with texts of each label in several"),
        (
            {"group_column": "actor"},
            "--group-column: expected the name or number of a column, got 'actor'; there are the columns",
        ),
        ({"group_file": "none.txt"}, "none.txt: cannot be read"),
    ],
)
def test_wrong_groups_are_refused_in_one_line(reviews, tmp_path, monkeypatch, how, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.txt").write_text("a\nb\n" * 29 + "a\n")
    (tmp_path / "one.txt").write_text("a\n" * 60)
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        prepare(**{"data": reviews[0], **how})
    assert "\n" not in str(caught.value)


def test_the_parts_follow_from_the_split_seed_or_else_from_the_seed(reviews):
    def parts(**how):
        return prepare(data=reviews[0], group_column="film", **how).val.texts

    assert parts(seed=1) == parts(seed=1) == parts(seed=5, split_seed=1) != parts(seed=2)
    assert parts(seed=0) != parts(split_seed=1)


def test_cleaning_reaches_the_words():
    data = prepare(remove_stopwords=True, remove_punctuation=True)
    assert "the" not in data.vocab and "not" in data.vocab


def test_texts_without_labels_are_encoded_without_those_of_any_part():
    texts, labels = [text for _, text in TWO], [label for label, _ in TWO]
    more = ["a text that is new", texts[0], "", None, "another good one", "a text that is new", "* *"]
    data = encode(LabelledTexts.of(texts, labels, unlabelled=more), Config.of(validation=0.2))
    assert data.unlabelled_texts.texts == ["a text that is new", "another good one"]
    np.testing.assert_array_equal(data.unlabelled[1], data.vocab.encode(["another", "good", "one"]))
    assert "texts without labels: 2 texts without labels to learn from" in data.notes
    plain = encode(LabelledTexts.of(texts, labels), Config.of(validation=0.2))
    assert plain.unlabelled is None and plain.fingerprint == data.labelled_fingerprint != data.fingerprint


def test_texts_without_labels_in_memory_that_cannot_be_are_one_line():
    texts, labels = [text for _, text in TWO], [label for label, _ in TWO]
    for wrong, message in (("a text", "unlabelled: expected a list of texts"), ([3], "expected a str, got int")):
        with pytest.raises(DataError, match=message):
            LabelledTexts.of(texts, labels, unlabelled=wrong)

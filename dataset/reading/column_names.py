"""Names that people give to the columns of texts and of labels, in many languages and spellings.
"Review Text", "review_text", "reviewText" and "REVIEW-TEXT" are one name."""

import re
import unicodedata

PARTLY = 100  # from this rank on a name is one only in part
LONGEST_NAME = 300  # characters; what is longer is a text, and the patterns below would take long for it
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BETWEEN = re.compile(r"[\W_]+")
_BRACKETS = re.compile(r"\s*[(\[（【].*?[)\]）】]")  # "label (0=neg, 1=pos)"


def _listed(words):
    return words.split()


# The likeliest first.
TEXT_WORDS = _listed("""
text texts review reviews comment comments content contents body sentence sentences phrase document documents
tweet tweets message messages post utterance utterances feedback opinion statement sms transcript description headline
title summary x 文本 评论 评价 内容 正文 句子 评论内容 点评 留言 弹幕 評論 評價 內容 文字 レビュー 本文 テキスト 文章
コメント 感想 텍스트 리뷰 본문 내용 댓글 문장 texto textos reseña reseñas comentario comentarios opinión
bewertungstext rezension kommentar inhalt satz nachricht texte commentaire commentaires avis critique текст
отзыв отзывы комментарий сообщение resenha avaliacao avaliação comentário mensagem testo recensione commento
tekst recensie recenzja opinia metin yorum نص النص مراجعة تعليق التعليق متن نظر टिप्पणी समीक्षा पाठ ข้อความ
รีวิว bình_luận nội_dung ulasan komentar teks recension κείμενο σχόλιο טקסט ביקורת
""")
LABEL_WORDS = _listed("""
label labels sentiment sentiments class classes target targets category categories polarity y rating ratings
score scores stars star overall emotion emotions feeling mood topic intent intents tag stance spam grade verdict
annotation 标签 标注 情感 类别 分类 评分 星级 情绪 极性 標籤 情感倾向 類別 評分 ラベル 感情 評価 分類 極性
点数 評点 라벨 레이블 감정 감성 평점 별점 분류 etiqueta etiquetas sentimiento clase clasificación calificación
calificacion puntuación puntuacion estrellas polaridad categoría bewertung stimmung klasse kategorie sterne
note étiquette etiquette classe catégorie categorie étoiles polarité метка класс оценка тональность категория
рейтинг rótulo rotulo sentimento classificação nota estrelas polaridade categoria etichetta stelle voto
etykieta ocena etiket duygu puan sınıf التصنيف تصنيف المشاعر التقييم تقييم برچسب लेबल भावना ป้าย nhãn cảm_xúc
sentimen kategori betyg ετικέτα תווית
""")
# A name with one of these words is of something else, "sentiment_confidence" or "review_id", where others are not.
_OTHER_WORDS = _listed("""
id ids uid uuid idx index key no num number count counts len length n date time timestamp datetime created at
url uri link user username author name reviewer reviewername source lang language country location city
confidence reason gold prob probability proba std var mean avg average median helpful helpfulness votes vote
product brand version file path image compound subjectivity pos neg neu split fold weight page verified asin
""")


def key_of(name):
    """A name without case, spaces, underscores and the like, by which names are compared."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", name).casefold())


def words_of(name):
    """The words of a name, in small letters."""
    name = _CAMEL.sub(" ", unicodedata.normalize("NFKC", name))
    return [word for word in _BETWEEN.split(name.casefold()) if word]


_TEXT_KEYS = {key_of(word): rank for rank, word in reversed(list(enumerate(TEXT_WORDS)))}
_LABEL_KEYS = {key_of(word): rank for rank, word in reversed(list(enumerate(LABEL_WORDS)))}
_WEAK = {"description", "headline", "title", "summary", "subject", "x"}  # which may stand beside the text
_OTHER_KEYS = set(_OTHER_WORDS)
_LABEL_IDS = {
    key_of(word + other) for word in LABEL_WORDS[:10] for other in ("id", "name", "num", "index", "no", "text")
}


def text_rank(name):
    """How likely a name is that of the texts, 0 the likeliest; None where it is not."""
    return _rank(name, _TEXT_KEYS, _LABEL_KEYS)


def label_rank(name):
    """How likely a name is that of the labels, 0 the likeliest; None where it is not."""
    return PARTLY if key_of(name) in _LABEL_IDS else _rank(name, _LABEL_KEYS, _TEXT_KEYS)


def _rank(name, keys, others):
    """The rank of a name by all of it, by its last word, or by any of them where the last is not among `others`."""
    if len(name) > LONGEST_NAME:
        return None
    name = _BRACKETS.sub("", name) or name
    key, words = key_of(name), words_of(name)
    weak = PARTLY if keys is _TEXT_KEYS and words and words[-1] in _WEAK else 0
    if key in keys:
        return keys[key] + weak
    if not words or (keys is _TEXT_KEYS and others.keys() & set(words)) or words[-1] in others:
        return None
    odd = bool(_OTHER_KEYS & set(words))
    if words[-1] in keys and len(words[-1]) > 1:
        return keys[words[-1]] + (weak or (PARTLY if odd else 1))
    ranks = [keys[word] for word in words if word in keys and len(word) > 1]
    ranks += [rank for word, rank in keys.items() if not word.isascii() and len(word) > 1 and word in key]
    return min(ranks) + PARTLY if ranks and not odd else None


def is_text_name(name):
    """Whether a name is that of the texts as it stands, "review" and not "my review"."""
    return key_of(name) in _TEXT_KEYS and len(words_of(name)) == 1


def is_other(name):
    """Whether a column of this name is neither text nor label: a number, a date, an address, a person."""
    words = words_of(name)
    if name.rstrip().endswith(("?", "？")) or len(words) > 5:  # a question, "What could we do better next time?"
        return False
    named = text_rank(name) is not None or label_rank(name) is not None
    return not words or words[0] == "unnamed" or (bool(_OTHER_KEYS & set(words)) and not named)


def is_header(cells):
    """Whether cells are names of columns, one of them that of texts and another that of labels."""
    if not all(len(cell) <= 60 for cell in cells):
        return False
    texts = {i for i, cell in enumerate(cells) if text_rank(cell) is not None and (len(cell) > 1 or "y" in cells)}
    labels = {i for i, cell in enumerate(cells) if label_rank(cell) is not None}
    return bool(texts and labels and len(texts | labels) > 1)

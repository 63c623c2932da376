"""Small grammars of opinions, one for each language: words, and the frames they stand in. Forms of a word are divided
by slashes: {a[1]} in a frame is the second form of an adjective.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Grammar:
    """nouns, and adjectives of two kinds, opposites in the same place: str of words. affirmed, negated: frames of one
    opinion, {a}, on {noun}. two: frames of two, of which {b} decides, though {a} is said, too.
    """

    nouns: str
    good: str
    bad: str
    affirmed: tuple
    negated: tuple
    two: tuple

    def words(self, name):
        """-> list of words of "nouns", "good" or "bad", each a str, or a list of its forms."""
        divided = [[form.strip() for form in word.split("/")] for word in getattr(self, name).split(",")]
        return [forms if len(forms) > 1 else forms[0] for forms in divided]


GRAMMARS = {
    "english": Grammar(
        "film, book, show, story",
        "good, funny, clever, lovely, exciting",
        "bad, dull, silly, clumsy, boring",
        (
            "the {noun} is {a}",
            "the {noun} is very {a}",
            "the {noun} was really {a}",
            "i think that the {noun} is {a}",
            "everybody said that the {noun} is {a}",
        ),
        (
            "the {noun} is not {a}",
            "the {noun} is not {a} at all",
            "the {noun} was not very {a}",
            "i do not think that the {noun} is {a}",
            "nobody said that the {noun} is {a}",
        ),
        (
            "the {noun} is {a} but the {other} is {b}",
            "the {noun} was {a} once but it is {b} now",
            "although the {noun} is {a} the {other} is {b}",
            "the {other} is {b} although the {noun} is {a}",
        ),
    ),
    "chinese": Grammar(
        "电影, 小说, 故事, 演出",
        "精彩, 有趣, 动人, 出色, 迷人",
        "无聊, 糟糕, 乏味, 平庸, 差劲",
        ("{noun}很{a}", "{noun}非常{a}", "{noun}真{a}", "我觉得{noun}很{a}", "大家都说{noun}很{a}"),
        ("{noun}不{a}", "{noun}一点也不{a}", "{noun}并不{a}", "我不觉得{noun}{a}", "没有人说{noun}{a}"),
        (
            "{noun}很{a}，但是{other}很{b}",
            "{noun}以前很{a}，现在很{b}",
            "虽然{noun}很{a}，但是{other}很{b}",
            "{other}很{b}，虽然{noun}很{a}",
        ),
    ),
    "japanese": Grammar(
        "映画, 物語, 音楽, 番組",
        "面白い/面白くない/面白かった, 楽しい/楽しくない/楽しかった, 素晴らしい/素晴らしくない/素晴らしかった, "
        "美しい/美しくない/美しかった, 良い/良くない/良かった",
        "つまらない/つまらなくない/つまらなかった, ひどい/ひどくない/ひどかった, 悪い/悪くない/悪かった, "
        "くだらない/くだらなくない/くだらなかった, 古臭い/古臭くない/古臭かった",
        (
            "{noun}は{a[0]}",
            "{noun}はとても{a[0]}",
            "{noun}は本当に{a[0]}",
            "{noun}は{a[0]}と思う",
            "みんな{noun}は{a[0]}と言った",
        ),
        (
            "{noun}は{a[1]}",
            "{noun}は全然{a[1]}",
            "{noun}はあまり{a[1]}",
            "{noun}が{a[0]}とは思わない",
            "誰も{noun}が{a[0]}とは言わなかった",
        ),
        (
            "{noun}は{a[0]}が{other}は{b[0]}",
            "{noun}は{a[0]}けれど{other}は{b[0]}",
            "{noun}は前は{a[2]}が今は{b[0]}",
            "{noun}は{a[0]}のに{other}は{b[0]}",
        ),
    ),
    "korean": Grammar(
        "영화는/영화가, 책은/책이, 드라마는/드라마가, 음악은/음악이",
        "재미있어요/재미있지 않아요/재미있지만/재미있었지만/재미있다고, 좋아요/좋지 않아요/좋지만/좋았지만/좋다고, "
        "훌륭해요/훌륭하지 않아요/훌륭하지만/훌륭했지만/훌륭하다고, 멋져요/멋지지 않아요/멋지지만/멋졌지만/멋지다고, "
        "아름다워요/아름답지 않아요/아름답지만/아름다웠지만/아름답다고",
        "지루해요/지루하지 않아요/지루하지만/지루했지만/지루하다고, 나빠요/나쁘지 않아요/나쁘지만/나빴지만/나쁘다고, "
        "형편없어요/형편없지 않아요/형편없지만/형편없었지만/형편없다고, "
        "유치해요/유치하지 않아요/유치하지만/유치했지만/유치하다고, "
        "실망스러워요/실망스럽지 않아요/실망스럽지만/실망스러웠지만/실망스럽다고",
        (
            "{noun[0]} {a[0]}",
            "{noun[0]} 정말 {a[0]}",
            "{noun[0]} 아주 {a[0]}",
            "저는 {noun[1]} {a[4]} 생각해요",
            "모두 {noun[1]} {a[4]} 말했어요",
        ),
        (
            "{noun[0]} {a[1]}",
            "{noun[0]} 전혀 {a[1]}",
            "{noun[0]} 별로 {a[1]}",
            "저는 {noun[1]} {a[4]} 생각하지 않아요",
            "아무도 {noun[1]} {a[4]} 말하지 않았어요",
        ),
        (
            "{noun[0]} {a[2]} {other[0]} {b[0]}",
            "{noun[0]} 전에는 {a[3]} 지금은 {b[0]}",
            "비록 {noun[0]} {a[2]} {other[0]} {b[0]}",
        ),
    ),
    "thai": Grammar(
        "หนัง, เพลง, หนังสือ, ละคร",
        "ดี, สนุก, เจ๋ง, น่าสนใจ, น่าประทับใจ",
        "แย่, น่าเบื่อ, ห่วย, น่ารำคาญ, น่าผิดหวัง",
        ("{noun}{a}", "{noun}{a}มาก", "{noun}{a}จริงๆ", "ฉันคิดว่า{noun}{a}", "ทุกคนบอกว่า{noun}{a}"),
        ("{noun}ไม่{a}", "{noun}ไม่{a}เลย", "{noun}ไม่ค่อย{a}", "ฉันไม่คิดว่า{noun}{a}", "ไม่มีใครบอกว่า{noun}{a}"),
        (
            "{noun}{a}แต่{other}{b}",
            "{noun}เคย{a}แต่ตอนนี้{b}",
            "ถึงแม้{noun}จะ{a}แต่{other}{b}",
            "{other}{b}แม้ว่า{noun}จะ{a}",
        ),
    ),
    "arabic": Grammar(
        "الفيلم, الكتاب, العرض, المسلسل",
        "جيد/جيدا, رائع/رائعا, ممتع/ممتعا, جميل/جميلا, مشوق/مشوقا",
        "سيئ/سيئا, ممل/مملا, ضعيف/ضعيفا, سخيف/سخيفا, رديء/رديئا",
        (
            "{noun} {a[0]}",
            "{noun} {a[0]} جدا",
            "كان {noun} {a[1]}",
            "أظن أن {noun} {a[0]}",
            "قال الجميع إن {noun} {a[0]}",
        ),
        (
            "{noun} ليس {a[1]}",
            "{noun} غير {a[0]}",
            "لم يكن {noun} {a[1]}",
            "لا أظن أن {noun} {a[0]}",
            "لم يقل أحد إن {noun} {a[0]}",
        ),
        (
            "{noun} {a[0]} لكن {other} {b[0]}",
            "كان {noun} {a[1]} لكنه الآن {b[0]}",
            "رغم أن {noun} {a[0]} فإن {other} {b[0]}",
            "{other} {b[0]} مع أن {noun} {a[0]}",
        ),
    ),
    "hindi": Grammar(
        "नाटक, गाना, उपन्यास, कार्यक्रम",
        "अच्छा, मज़ेदार, शानदार, रोचक, सुंदर",
        "बुरा, उबाऊ, बेकार, नीरस, भद्दा",
        (
            "{noun} {a} है",
            "{noun} बहुत {a} है",
            "{noun} सच में {a} था",
            "मुझे लगता है कि {noun} {a} है",
            "सबने कहा कि {noun} {a} था",
        ),
        (
            "{noun} {a} नहीं है",
            "{noun} बिल्कुल {a} नहीं है",
            "{noun} {a} नहीं था",
            "मुझे नहीं लगता कि {noun} {a} है",
            "किसी ने नहीं कहा कि {noun} {a} था",
        ),
        (
            "{noun} {a} है लेकिन {other} {b} है",
            "{noun} पहले {a} था लेकिन अब {b} है",
            "हालाँकि {noun} {a} है फिर भी {other} {b} है",
            "{other} {b} है हालाँकि {noun} {a} है",
        ),
    ),
    "turkish": Grammar(
        "film, kitap, dizi, oyun",
        "güzel/güzeldi, harika/harikaydı, eğlenceli/eğlenceliydi, ilginç/ilginçti, başarılı/başarılıydı",
        "kötü/kötüydü, berbat/berbattı, sıkıcı/sıkıcıydı, saçma/saçmaydı, zayıf/zayıftı",
        (
            "{noun} {a[0]}",
            "{noun} çok {a[0]}",
            "{noun} gerçekten {a[1]}",
            "bence {noun} {a[0]}",
            "herkes {noun} {a[0]} dedi",
        ),
        (
            "{noun} {a[0]} değil",
            "{noun} hiç {a[0]} değil",
            "{noun} {a[0]} değildi",
            "{noun} pek {a[0]} sayılmaz",
            "kimse {noun} {a[0]} demedi",
        ),
        (
            "{noun} {a[0]} ama {other} {b[0]}",
            "{noun} önceden {a[1]} ama şimdi {b[0]}",
            "{noun} {a[0]} olsa da {other} {b[0]}",
            "{noun} {a[0]} olmasına rağmen {other} {b[0]}",
        ),
    ),
}

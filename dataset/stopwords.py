"""English function words: articles, pronouns, auxiliaries, prepositions, conjunctions. Negations and contrasts, which
reverse the meaning of a sentence, are a list of their own."""

# Adverbs of degree ("very", "too", "most", "only", "hardly") are in neither list: they strengthen or weaken an opinion.
_FUNCTION_WORDS = """
    a an the
    i me my mine myself we us our ours ourselves you your yours yourself yourselves
    he him his himself she her hers herself it its itself they them their theirs themselves one
    this that these those here there who whom whose which what where when why how
    am is are was were be been being do does did doing done have has had having
    will would shall should can could may might must ought let
    of to in on at by for from with into onto upon about above below over under between among through during
    before after since until till within along across behind beside around toward towards up down out off per via
    and or if then than as because so while whether
    each every all both some any other another such same own
    also again just now once ever
"""
_CONTRACTIONS = """
    i'm i've i'd i'll we're we've we'd we'll you're you've you'd you'll he's he'd he'll she's she'd she'll
    it's it'd it'll they're they've they'd they'll
    that's that'd that'll there's there'd there'll here's who's who'd who'll what's where's when's why's how's let's
"""
_NEGATIONS = """
    no not nor never neither none nobody nothing nowhere without cannot
    but however although though yet despite instead except unless against
    ain't aren't can't couldn't daren't didn't doesn't don't hadn't hasn't haven't isn't mayn't mightn't mustn't
    needn't oughtn't shan't shouldn't wasn't weren't won't wouldn't
    aint arent cant couldnt didnt doesnt dont hadnt hasnt havent isnt shouldnt wasnt werent wont wouldnt
"""

STOPWORDS = frozenset((_FUNCTION_WORDS + _CONTRACTIONS).split())
NEGATIONS = frozenset(_NEGATIONS.split())

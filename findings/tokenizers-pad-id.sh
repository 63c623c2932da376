#!/usr/bin/env bash
# tokenizers: enable_padding(pad_token="[PAD]") pads with id 0, whatever the vocabulary says of [PAD].
# Version: tokenizers 0.23.3.
# Good guess: the id is looked up in the vocabulary, or a token and an id that do not belong together are an error.
# Seen: with the special tokens [UNK], [PAD] (ids 0, 1) the batch's tokens read "[PAD]" and its ids say 0, which is [UNK]:
#   printed tokens look right, and a mask made of ids == token_to_id("[PAD]") masks nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check tokenizers==0.23.3

"$work/venv/bin/python" - <<'PY'
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
trainer = trainers.WordLevelTrainer(special_tokens=["[UNK]", "[PAD]"])
tokenizer.train_from_iterator(["a good film", "a bad film"], trainer)
tokenizer.enable_padding(pad_token="[PAD]")
short = tokenizer.encode_batch(["good film", "bad"])[1]
pad = tokenizer.token_to_id("[PAD]")
print("tokens:", short.tokens, " ids:", short.ids, " token_to_id('[PAD]'):", pad, " id 0:", tokenizer.id_to_token(0))
print("a good guess: the last id is", pad)
holds = short.tokens[-1] == "[PAD]" and short.ids[-1] == 0 and pad == 1 and tokenizer.id_to_token(0) == "[UNK]"
raise SystemExit(print("HOLDS") if holds else "CHANGED")
PY

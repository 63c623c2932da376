// The page itself: reads the text as it is typed, in slices of time, and shows the answer, the words and the cell.

const SLICE = 25; // milliseconds of work between two looks at what was typed
const SHOWN = 2000; // words; of a longer reading only the answer is shown
const LABELS = 8; // in the list of probabilities
const LEVELS = 5; // of strength, on each side of 0
const NAMES = { rnn: "RNN", lstm: "LSTM", gru: "GRU", "gru-reset-after": "GRU" };
// What a step shows, part by part: letter, name, what it says. A gate is between 0 and 1, all else on both sides of 0.
const GRU_PARTS = [
  ["z", "update gate", "how much is renewed"],
  ["r", "reset gate", "how much of the past the new content reads"],
  ["n", "new content h̃", "what could be written"],
  ["h", "state h′", "(1 − z)·h + z·h̃"],
];
const PARTS = {
  rnn: [["h", "state h′", "tanh(x Wx + h Wh + b)"]],
  lstm: [
    ["f", "forget gate", "how much of the memory stays"],
    ["i", "input gate", "how much of the new content is written"],
    ["g", "new content", "what could be written"],
    ["c", "memory c′", "f·c + i·g"],
    ["o", "output gate", "how much of the memory is shown"],
    ["h", "state h′", "o·tanh(c′)"],
  ],
  gru: GRU_PARTS,
  "gru-reset-after": GRU_PARTS,
};
const PASSES = { lstm: "forget gate f", gru: "update gate, 1 − z,", "gru-reset-after": "update gate, 1 − z,", rnn: "tanh" };

const $ = (id) => document.getElementById(id);
const percent = (p) => `${(100 * p).toFixed(1)} %`;
const number = (x) => (x < 0 ? "−" : "") + Math.abs(x).toFixed(2);
const signed = (x) => (x < 0 ? "−" : "+") + Math.abs(x).toFixed(2);
const words = (n) => `${n.toLocaleString("en")} word${n === 1 ? "" : "s"}`;

// An element with attributes and children; a string is a text, never markup.
function make(name, attributes = {}, ...children) {
  const svg = ["path", "line", "text", "circle", "rect", "svg", "polyline"].includes(name);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// The arrays of the page: base64 -> name -> numbers. A half is read through a table of all 65,536.
function decode(text, manifest, dtype) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), view = new DataView(bytes.buffer);
  const half = dtype === "float16" && Float32Array.from({ length: 1 << 16 }, (_, bits) => {
    const exponent = (bits >> 10) & 31, fraction = (bits & 1023) / 1024;
    return (bits >> 15 ? -1 : 1) * (exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction);
  });
  const read = half ? (i) => half[view.getUint16(2 * i, true)] : (i) => view.getFloat32(4 * i, true);
  const arrays = {};
  let start = 0;
  for (const [name, size] of manifest) {
    arrays[name] = new (name === "embed.W" ? Float32Array : Float64Array)(size);
    for (let i = 0; i < size; i++) arrays[name][i] = read(start + i);
    start += size;
  }
  return arrays;
}

const model = JSON.parse($("model").textContent);
const net = makeNet(model, decode($("weights").textContent, model.arrays, model.dtype));
const tokenize = makeTokenizer(model.tables);
const idOf = new Map(model.words.map((word, i) => [word, i + 2])); // 0 is the padding, 1 the unknown word

let job = 0; // counts what was typed; work for an older text stops
let shown = null; // what is on the page: words, ids, run, answer, and later soFar, weights, gradients
let at = 0; // the word that is looked at
const choice = { layer: 0, side: 0, unit: 0 };

// Runs a generator to its end, in slices -> what it returns, or undefined where something else was typed meanwhile.
async function inSlices(generator, own) {
  for (let end = performance.now() + SLICE; ; ) {
    const { done, value } = generator.next();
    if (done) return value;
    if (performance.now() < end) continue;
    await new Promise((resolve) => setTimeout(resolve));
    if (own !== job) return undefined;
    end = performance.now() + SLICE;
  }
}

function readText(text) {
  const all = tokenize(text), read = cut(all, model);
  return { words: read, total: all.length, ids: read.map((word) => idOf.get(word) ?? 1) };
}

// The probability of the answer after each word, the gradients, and by how much the margin falls without each word.
function* lookInto(whole, report) {
  const { ids, run, answer } = whole;
  const soFar = [], weights = [];
  for (let t = 0; t < ids.length; t++) {
    report(`the probability after each word: ${t} of ${ids.length}`);
    soFar.push((yield* net.read(ids.slice(0, t + 1), run)).probabilities[answer]);
  }
  whole.soFar = soFar;
  whole.gradients = yield* net.gradients(run, answer);
  for (let t = 0; t < ids.length; t++) {
    report(`what each word changes: ${t} of ${ids.length}`);
    const without = yield* net.read(ids.filter((_, i) => i !== t), run);
    weights.push(net.margin(run, answer) - net.margin(without, answer));
  }
  whole.weights = weights;
}

async function update() {
  const own = ++job, found = readText($("text").value);
  const run = await inSlices(net.read(found.ids, shown?.run), own);
  if (!run) return;
  const answer = run.probabilities.indexOf(Math.max(...run.probabilities));
  const known = found.ids.filter((id) => id !== 1).length;
  shown = { ...found, known, run, answer, unsure: model.abstainBelow !== null && run.probabilities[answer] < model.abstainBelow };
  at = Math.max(0, Math.min(at, found.ids.length - 1));
  showAnswer();
  $("reading").hidden = !found.ids.length || found.ids.length > SHOWN;
  if ($("reading").hidden) return say();
  showWords();
  look(at);
  const progress = (line) => ($("progress").textContent === line ? 0 : ($("progress").textContent = line));
  const looking = lookInto(shown, (line) => own === job && found.ids.length > 30 && progress(line));
  if ((await inSlices(finished(looking), own)) === undefined) return;
  progress("");
  showWeights();
  look(at);
  say();
}
function* finished(generator) { yield* generator; return true; }

function answerText() {
  if (!shown.words.length) return "No words yet";
  if (!shown.known) return "No word that the model knows";
  const p = percent(shown.run.probabilities[shown.answer]);
  return shown.unsure ? `${model.unsure} (${model.labels[shown.answer]}, ${p})` : `${model.labels[shown.answer]}, ${p}`;
}

function showAnswer() {
  $("label").textContent = answerText();
  const { probabilities } = shown.run, notes = [];
  const order = [...probabilities.keys()].sort(probabilities.length > LABELS ? (a, b) => probabilities[b] - probabilities[a] : undefined);
  $("classes").replaceChildren(...(shown.known ? order : []).slice(0, LABELS).map((j) => {
    const filling = make("span");
    filling.style.width = percent(probabilities[j]).replace(" ", "");
    const bar = make("span", { class: "bar", "aria-hidden": "true" }, filling);
    return make("li", {}, make("bdi", {}, model.labels[j]), make("span", {}, percent(probabilities[j])), bar);
  }));
  const { words: read, total, known } = shown;
  if (read.length < total) notes.push(`${read.length.toLocaleString("en")} of ${words(total)} are read (${model.keep}), as in training.`);
  else if (total) notes.push(`${words(total)}.`);
  if (known < read.length) notes.push(known ? `${words(read.length - known)} not in the vocabulary.`
    : "None of them is in the model's vocabulary: an answer would rest on nothing.");
  if (read.length > SHOWN) notes.push(`Word by word, texts of up to ${words(SHOWN)} are shown.`);
  $("note").textContent = notes.join(" ");
}

// For a screen reader, once nothing more is typed.
function say() {
  const { weights, words: read } = shown;
  const strongest = weights && [...weights.keys()].sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a])).slice(0, 3);
  const list = strongest && strongest.map((t) => `${read[t]} ${weights[t] < 0 ? "against" : "for"} it`).join(", ");
  $("status").textContent = `${answerText()}. ${list && shown.known ? `Strongest words: ${list}.` : ""}`;
}

function showWords() {
  $("words").replaceChildren(...shown.words.flatMap((word, t) => [
    make("span", { role: "option", "data-t": t, "aria-selected": "false", class: shown.ids[t] === 1 ? "unknown" : "" }, word), " ",
  ]));
  $("unknown-key").hidden = shown.known === shown.words.length;
  $("curve-label").textContent = model.labels[shown.answer];
}

function showWeights() {
  const top = Math.max(...shown.weights.map(Math.abs)) || 1;
  for (const [t, chip] of [...$("words").children].entries()) {
    const level = Math.round((LEVELS * shown.weights[t]) / top), side = level > 0 ? "for" : "against";
    chip.className = (level ? `${side} ${side}${Math.abs(level)}` : "") + (shown.ids[t] === 1 ? " unknown" : "");
    chip.setAttribute("aria-label", `${shown.words[t]}, ${signed(shown.weights[t])}`);
  }
  showCurve();
  showNumbers();
}

function showCurve() {
  const { soFar, words: read } = shown, T = soFar.length;
  const x = (t) => (T > 1 ? 52 + (540 * t) / (T - 1) : 322), y = (p) => 10 + 110 * (1 - p);
  const grid = [0, 0.5, 1].flatMap((p) => [
    make("line", { class: "grid", x1: 46, x2: 598, y1: y(p), y2: y(p) }),
    make("text", { x: 40, y: y(p) + 4, "text-anchor": "end" }, `${100 * p} %`),
  ]);
  const points = soFar.map((p, t) => `${x(t).toFixed(1)},${y(p).toFixed(1)}`).join(" ");
  $("curve").replaceChildren(...grid, make("line", { class: "chosen", x1: x(at), x2: x(at), y1: y(1), y2: y(0) }),
    make("polyline", { class: "curve", points }),
    ...(T > 60 ? [at] : [...soFar.keys()]).map((t) => make("circle", { class: "dot", cx: x(t), cy: y(soFar[t]), r: t === at ? 5 : 3 })),
    make("text", { x: 52, y: 142 }, "word 1"), make("text", { x: 596, y: 142, "text-anchor": "end" }, `word ${T}`));
  $("curve").setAttribute("aria-label",
    `${percent(soFar[0])} after ${read[0]}, ${percent(soFar[T - 1])} after the last word; after the chosen word ${percent(soFar[at])}`);
}

function showNumbers() {
  if (!$("numbers").open || !shown?.weights) return;
  const row = (cell, ...texts) => make("tr", {}, ...texts.map((text) => make(cell, cell === "th" ? { scope: "col" } : { dir: "auto" }, text)));
  const rows = shown.words.map((word, t) => row("td", word, signed(shown.weights[t]), percent(shown.soFar[t])));
  const head = row("th", "word", "weight", "so far");
  $("numbers").lastElementChild.replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
}

// Look at word t: mark it, and show its step.
function look(t) {
  if (t < 0 || t >= shown.words.length) return;
  at = t;
  for (const chip of $("words").children) {
    const own = +chip.dataset.t === t;
    chip.setAttribute("aria-selected", own);
    chip.tabIndex = own ? 0 : -1;
  }
  const weight = shown.weights?.[t], name = model.labels[shown.answer];
  const effect = weight >= 0 ? "lower" : "higher";
  $("word").textContent = weight === undefined ? "" :
    `“${shown.words[t]}” ${signed(weight)}: without it the margin of “${name}” would be ${Math.abs(weight).toFixed(2)} ${effect}.`;
  if (shown.weights) showCurve();
  if (model.layers) showStep();
}

function showStep() {
  const { run, words: read, gradients } = shown, T = read.length, { layer, side } = choice;
  const direction = net.sides[layer][side], { found } = run.layers[layer][side], step = found[at];
  const from = at + (direction.backwards ? 1 : -1), before = found[from] ?? { h: zeros(direction.H), c: zeros(direction.H) };
  const H = direction.H, k = Math.min(choice.unit, H - 1);
  $("unit").max = H - 1;
  $("previous").disabled = at === 0;
  $("next").disabled = at === T - 1;
  const came = read[from] === undefined ? "the state before is zero" : `the state comes from “${read[from]}”`;
  $("step").textContent = `Word ${at + 1} of ${T}, “${read[at]}”: ${came}${direction.backwards ? ", since this direction reads from the end" : ""}.`;
  $("parts").replaceChildren(...PARTS[model.cell].map(([letter, name, what]) => part(letter, name, what, step[letter], found, k)));
  const v = (s) => number(s[k]);
  $("sum").textContent = `Unit ${k + 1} of ${H}: ` + {
    rnn: () => `h = ${v(before.h)} before, h′ = ${v(step.h)}`,
    lstm: () => `c′ = f·c + i·g = ${v(step.f)}·${v(before.c)} + ${v(step.i)}·${v(step.g)} = ${v(step.c)};  ` +
      `h′ = o·tanh(c′) = ${v(step.o)}·${number(Math.tanh(step.c[k]))} = ${v(step.h)}`,
    gru: () => `h′ = (1 − z)·h + z·h̃ = ${number(1 - step.z[k])}·${v(before.h)} + ${v(step.z)}·${v(step.n)} = ${v(step.h)}`,
  }[model.cell.slice(0, 4).replace("gru-", "gru")]();
  const back = gradients?.layers[layer][side][at];
  $("backward").textContent = back ? `Backward: the gradient of the margin comes in with |dh| = ${back.dh.length ? small(length(back.dh)) : 0}` +
    (model.cell === "lstm" ? `, |dc| = ${small(length(back.dc))}` : "") +
    `; the ${PASSES[model.cell]} lets ${percent(back.through || 0)} of it pass ${read[from] === undefined ? "out of the text" : `on to “${read[from]}”`}.` : "";
}
const small = (x) => (x === 0 ? "0" : x.toPrecision(2));

// A row of bars, one for each unit: up and blue above 0, down and orange below; a gate from its floor.
function part(letter, name, what, values, found, unit) {
  const gate = name.endsWith("gate"), H = values.length;
  const most = letter === "c" ? found.reduce((top, step) => step.c.reduce((a, x) => Math.max(a, Math.abs(x)), top), 1) : 1;
  const bars = (keep) => [...values].map((x, k) => {
    if (!keep(x)) return "";
    const size = Math.max(gate ? 100 * x : (50 * Math.abs(x)) / most, 1);
    return `M${k + 0.1} ${gate ? 100 - size : x > 0 ? 50 - size : 50}h.8v${size.toFixed(1)}h-.8z`;
  }).join("");
  const above = values.filter((x) => x > (gate ? 0.5 : 0)).length;
  const label = `${letter}, ${name}: ${above} of ${H} above ${gate ? "0.5" : "0"}; unit ${unit + 1}: ${number(values[unit])}`;
  const svg = make("svg", { viewBox: `0 0 ${H} 100`, preserveAspectRatio: "none", role: "img", "aria-label": label, height: 42 },
    make("rect", { class: "unit", x: unit, y: 0, width: 1, height: 100 }),
    ...(gate ? [make("path", { class: "gate", d: bars(() => true) })]
      : [make("path", { class: "up", d: bars((x) => x > 0) }), make("path", { class: "down", d: bars((x) => x <= 0) })]));
  svg.addEventListener("click", (event) => chooseUnit(Math.floor((event.offsetX / svg.clientWidth) * H)));
  const short = letter === "n" ? "h̃" : "ch".includes(letter) ? `${letter}′` : letter;
  return make("div", { class: "part" }, make("div", {}, make("b", {}, name), make("span", {}, `${short}: ${what}`)), svg,
    make("output", {}, number(values[unit])));
}

function chooseUnit(unit) {
  choice.unit = unit;
  $("unit").value = unit;
  showStep();
}

function start() {
  const { layers, bidirectional, temperature, abstainBelow } = model;
  $("calibration").textContent = (temperature === 1 ? "Not calibrated: the scores are used as they are." :
    `Calibrated: the scores are divided by a temperature of ${+temperature.toPrecision(3)}.`) +
    (abstainBelow === null ? "" : ` Below ${percent(abstainBelow)} the answer is “${model.unsure}”.`);
  const sides = bidirectional ? ["from the start", "from the end"] : [""];
  $("layer").replaceChildren(...Array.from({ length: layers }).flatMap((_, l) =>
    sides.map((name, s) => make("option", { value: `${l} ${s}` }, `${l + 1}${name && `, ${name}`}`))));
  $("layer-choice").hidden = layers * sides.length < 2;
  $("cell").hidden = !layers;
  if (layers) $("cell-head").textContent = `One step of the ${NAMES[model.cell]}`;
  let wait;
  $("text").addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(update, 40); });
  $("words").addEventListener("click", ({ target }) => target.dataset.t && look(+target.dataset.t));
  $("words").addEventListener("keydown", (event) => {
    const T = shown.words.length, rtl = getComputedStyle($("words")).direction === "rtl" ? -1 : 1;
    const to = { ArrowRight: at + rtl, ArrowLeft: at - rtl, ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: T - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    look(to);
    $("words").children[at].focus();
  });
  $("previous").addEventListener("click", () => look(at - 1));
  $("next").addEventListener("click", () => look(at + 1));
  $("unit").addEventListener("input", () => chooseUnit(+$("unit").value));
  $("layer").addEventListener("change", () => { [choice.layer, choice.side] = $("layer").value.split(" ").map(Number); showStep(); });
  $("numbers").addEventListener("toggle", showNumbers);
  document.querySelector("main").hidden = false;
  update();
}
start();

// The page itself: reads the text as it is typed, in slices of time, and shows the answer, the words and the cell.

const SLICE = 25; // milliseconds of work between two looks at what was typed
const SHOWN = 2000; // words; of a longer reading only the answer is shown
const LABELS = 8; // in the list of probabilities
const LEVELS = 5; // of strength, on each side of 0
// What a step shows, part by part: letter, name, what it says. A gate is between 0 and 1, all else on both sides of 0.
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
  gru: [
    ["z", "update gate", "how much is renewed"],
    ["r", "reset gate", "how much of the past the new content reads"],
    ["n", "new content h̃", "what could be written"],
    ["h", "state h′", "(1 − z)·h + z·h̃"],
  ],
};
PARTS["gru-reset-after"] = PARTS.gru;

const $ = (id) => document.getElementById(id);
const percent = (p) => `${(100 * p).toFixed(1)} %`;
const number = (x) => (x <= -0.005 ? "−" : "") + Math.abs(x).toFixed(2);
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
  const raw = atob(text), bytes = new Uint8Array(raw.length), arrays = {};
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  const halves = dtype === "float16" && new Uint16Array(bytes.buffer);
  const numbers = new Float32Array(halves ? halves.length : bytes.buffer);
  if (halves) for (let i = 0; i < halves.length; i++) numbers[i] = HALVES[halves[i]];
  let start = 0;
  for (const [name, size] of manifest)
    arrays[name] = new (name === "embed.W" ? Float32Array : Float64Array)(numbers.subarray(start, (start += size)));
  return arrays;
}
const HALVES = Float32Array.from({ length: 1 << 16 }, (_, bits) => {
  const exponent = (bits >> 10) & 31, fraction = (bits & 1023) / 1024;
  return (bits >> 15 ? -1 : 1) * (exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction);
});

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
  const all = tokenize(text), read = all.length > model.maxLen ? KEEPS[model.keep](all, model.maxLen) : all;
  return { words: read, total: all.length, ids: read.map((word) => idOf.get(word) ?? 1) };
}

// The probability of the answer after each word, the gradients, and by how much the margin falls without each word.
function* lookInto(whole, report) {
  const { ids, run, answer } = whole, soFar = [], weights = [];
  for (let t = 0; t < ids.length; t++) {
    report(`the probability after each word: ${t} of ${ids.length}`);
    soFar.push((yield* net.read(ids.slice(0, t + 1), run)).probabilities[answer]);
    yield;
  }
  whole.soFar = soFar;
  whole.gradients = yield* net.gradients(run, answer);
  for (let t = 0; t < ids.length; t++) {
    report(`what each word changes: ${t} of ${ids.length}`);
    const without = yield* net.read(ids.filter((_, i) => i !== t), run);
    weights.push(net.margin(run, answer) - net.margin(without, answer));
    yield;
  }
  return Object.assign(whole, { weights });
}

async function update() {
  const own = ++job, found = readText($("text").value);
  const run = await inSlices(net.read(found.ids, shown?.run), own);
  if (!run) return;
  const answer = run.probabilities.indexOf(Math.max(...run.probabilities));
  const known = found.ids.filter((id) => id !== 1).length;
  const unsure = model.abstainBelow !== null && run.probabilities[answer] < model.abstainBelow;
  shown = { ...found, known, run, answer, unsure };
  at = Math.max(0, Math.min(at, found.ids.length - 1));
  showAnswer();
  $("reading").hidden = !found.ids.length || found.ids.length > SHOWN;
  if ($("reading").hidden) return say();
  showWords();
  look(at);
  const report = (line) => found.ids.length > 30 && ($("progress").textContent = line);
  if (!(await inSlices(lookInto(shown, report), own))) return;
  $("progress").textContent = "";
  showWeights();
  look(at);
  say();
}

function answerText() {
  if (!shown.words.length) return "No words yet";
  if (!shown.known) return "No word that the model knows";
  const p = percent(shown.run.probabilities[shown.answer]);
  return shown.unsure ? `${model.unsure} (${model.labels[shown.answer]}, ${p})` : `${model.labels[shown.answer]}, ${p}`;
}

function showAnswer() {
  $("label").textContent = answerText();
  const { probabilities } = shown.run, notes = [];
  const order = shown.known ? [...probabilities.keys()] : [];
  if (order.length > LABELS) order.sort((a, b) => probabilities[b] - probabilities[a]).splice(LABELS);
  $("classes").replaceChildren(...order.map((j) => {
    const filling = make("span");
    filling.style.width = percent(probabilities[j]).replace(" ", "");
    const bar = make("span", { class: "bar", "aria-hidden": "true" }, filling);
    return make("li", {}, make("bdi", {}, model.labels[j]), make("span", {}, percent(probabilities[j])), bar);
  }));
  const { words: read, total, known } = shown;
  const some = `${read.length} of ${words(total)} are read (${model.keep}).`;
  if (total) notes.push(read.length < total ? some : `${words(total)}.`);
  if (known < read.length) notes.push(known ? `${words(read.length - known)} not in the vocabulary.`
    : "None of them is in the model's vocabulary: an answer would rest on nothing.");
  if (read.length > SHOWN) notes.push(`Word by word, texts of up to ${words(SHOWN)} are shown.`);
  $("note").textContent = notes.join(" ");
}

// For a screen reader, once nothing more is typed.
function say() {
  const { weights, words: read } = shown;
  const order = [...(weights ?? []).keys()].sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]));
  const list = order.slice(0, 3).map((t) => `${read[t]} ${weights[t] < 0 ? "against" : "for"} it`).join(", ");
  $("status").textContent = `${answerText()}. ${list && shown.known ? `Strongest words: ${list}.` : ""}`;
}

function showWords() {
  const look = (t) => ({ role: "option", "data-t": t, class: shown.ids[t] === 1 ? "unknown" : "" });
  $("words").replaceChildren(...shown.words.flatMap((word, t) => [make("span", look(t), word), " "]));
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
  const width = $("curve").clientWidth, left = 54, space = width - left - 8;
  const x = (t) => left + (T > 1 ? (space * t) / (T - 1) : space / 2), y = (p) => 10 + 110 * (1 - p);
  const text = (x, y, anchor, content) => make("text", { x, y, "text-anchor": anchor }, content);
  const grid = [0, 0.5, 1].flatMap((p) => [
    make("line", { class: "grid", x1: left - 8, x2: width, y1: y(p), y2: y(p) }),
    text(left - 12, y(p) + 4, "end", `${100 * p} %`),
  ]);
  const points = soFar.map((p, t) => `${x(t).toFixed(1)},${y(p).toFixed(1)}`).join(" ");
  const dot = (t) => make("circle", { class: "dot", cx: x(t), cy: y(soFar[t]), r: t === at ? 5 : 3 });
  $("curve").setAttribute("viewBox", `0 0 ${width} 150`);
  $("curve").replaceChildren(...grid, make("line", { class: "chosen", x1: x(at), x2: x(at), y1: y(1), y2: y(0) }),
    make("polyline", { class: "curve", points }), ...(T > 60 ? [at] : [...soFar.keys()]).map(dot),
    text(left, 144, "start", "word 1"), text(width - 8, 144, "end", `word ${T}`));
  const ends = `${percent(soFar[0])} after “${read[0]}”, ${percent(soFar[T - 1])} after the last word`;
  $("curve").setAttribute("aria-label", `${ends}, ${percent(soFar[at])} after the chosen word, “${read[at]}”`);
}

function showNumbers() {
  if (!$("numbers").open || !shown?.weights) return;
  const row = (cell, ...texts) => make("tr", {}, ...texts.map((text) => make(cell, { dir: "auto" }, text)));
  const rows = shown.words.map((word, t) => row("td", word, signed(shown.weights[t]), percent(shown.soFar[t])));
  const head = row("th", "word", "weight", "so far");
  $("numbers").lastElementChild.replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
}

// Look at word t: mark it, and show its step.
function look(t) {
  if (!(t >= 0 && t < shown.words.length)) return;
  at = t;
  for (const chip of $("words").children) {
    chip.setAttribute("aria-selected", +chip.dataset.t === t);
    chip.tabIndex = +chip.dataset.t === t ? 0 : -1;
  }
  const weight = shown.weights?.[t], name = model.labels[shown.answer];
  const effect = `${Math.abs(weight).toFixed(2)} ${weight < 0 ? "higher" : "lower"}`;
  const without = `“${shown.words[t]}” ${signed(weight)}: without it the margin of “${name}” would be ${effect}.`;
  $("word").textContent = weight === undefined ? "" : without;
  if (shown.weights) showCurve();
  if (model.layers) showStep();
}

function showStep() {
  const { run, words: read, gradients } = shown, T = read.length, { layer, side } = choice;
  const direction = net.sides[layer][side], { found } = run.layers[layer][side], step = found[at];
  const { H, backwards } = direction, from = at + (backwards ? 1 : -1), k = Math.min(choice.unit, H - 1);
  const before = found[from] ?? { h: zeros(H), c: zeros(H) };
  $("unit").max = H - 1;
  [$("previous").disabled, $("next").disabled] = [at === 0, at === T - 1];
  const came = read[from] === undefined ? "the state before is zero" : `the state comes from “${read[from]}”`;
  const order = backwards ? ", since this direction reads from the end" : "";
  $("step").textContent = `Word ${at + 1} of ${T}, “${read[at]}”: ${came}${order}.`;
  $("parts").replaceChildren(...PARTS[model.cell].map((named) => part(...named, step[named[0]], found, k)));
  const v = (values) => number(values[k]);
  const { f, g, i, o, c, z, n, h } = step;
  let sum = `h = ${v(before.h)} before, h′ = ${v(h)} after`;
  if (z) sum = `h′ = (1 − z)·h + z·h̃ = ${number(1 - z[k])}·${v(before.h)} + ${v(z)}·${v(n)} = ${v(h)}`;
  if (c) sum = `c′ = f·c + i·g = ${v(f)}·${v(before.c)} + ${v(i)}·${v(g)} = ${v(c)}; h′ = o·tanh(c′) = ` +
    `${v(o)}·${number(Math.tanh(c[k]))} = ${v(h)}`;
  $("sum").textContent = `Unit ${k + 1} of ${H}: ${sum}`;
  const back = gradients?.layers[layer][side][at];
  if (!back) return;
  const to = read[from] === undefined ? "to where the reading began" : `on to “${read[from]}”`;
  const size = (name) => `|${name}| = ${length(back[name]).toPrecision(2)}`, of = c ? "the memory's gradient" : "it";
  const gate = c ? "the forget gate" : z ? "1 − z" : "tanh", share = percent(back.through || 0);
  $("backward").textContent = `Backward: the gradient of the margin comes in with ${size("dh")}` +
    `${c ? `, ${size("dc")}` : ""}; through ${gate} ${share} of ${of} passes ${to}.`;
}

// A row of bars, one for each unit: up and blue above 0, down and orange below; a gate from its floor.
function part(letter, name, what, values, found, unit) {
  const gate = name.endsWith("gate"), H = values.length;
  const largest = (top, step) => step[letter].reduce((a, x) => Math.max(a, Math.abs(x)), top);
  const most = "ch".includes(letter) ? found.reduce(largest, 1e-9) : 1;
  const bars = (keep) => [...values].map((x, k) => {
    if (!keep(x)) return "";
    const size = Math.max(gate ? 100 * x : (50 * Math.abs(x)) / most, 1);
    return `M${k + 0.1} ${gate ? 100 - size : x > 0 ? 50 - size : 50}h.8v${size.toFixed(1)}h-.8z`;
  }).join("");
  const above = values.filter((x) => x > (gate ? 0.5 : 0)).length;
  const label = `${name}: ${above} of ${H} above ${gate ? "0.5" : "0"}; unit ${unit + 1}: ${number(values[unit])}`;
  const filled = gate ? { gate: () => true } : { up: (x) => x > 0, down: (x) => x <= 0 };
  const attributes = { viewBox: `0 0 ${H} 100`, preserveAspectRatio: "none", role: "img", "aria-label": label };
  const svg = make("svg", attributes, make("rect", { class: "unit", x: unit, y: 0, width: 1, height: 100 }),
    ...Object.entries(filled).map(([name, keep]) => make("path", { class: name, d: bars(keep) })));
  svg.addEventListener("click", (event) => chooseUnit(Math.floor((event.offsetX / svg.clientWidth) * H)));
  const short = letter === "n" ? "h̃" : "ch".includes(letter) ? `${letter}′` : letter;
  const head = make("div", {}, make("b", {}, name), make("span", {}, `${short}: ${what}`));
  return make("div", { class: "part" }, head, svg, make("output", {}, number(values[unit])));
}

function chooseUnit(unit) {
  $("unit").value = choice.unit = unit;
  showStep();
}

function start() {
  $("cell").hidden = !model.layers;
  let wait;
  $("text").addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(update, 40); });
  $("words").addEventListener("click", ({ target }) => look(+target.dataset.t));
  $("words").addEventListener("keydown", (event) => {
    const right = getComputedStyle($("words")).direction === "rtl" ? -1 : 1, end = shown.words.length - 1 - at;
    const by = { ArrowRight: right, ArrowLeft: -right, ArrowDown: 1, ArrowUp: -1, Home: -at, End: end }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    look(at + by);
    $("words").children[at].focus();
  });
  for (const [id, by] of [["previous", -1], ["next", 1]]) $(id).addEventListener("click", () => {
    look(at + by);
    $("status").textContent = $("step").textContent;
  });
  $("unit").addEventListener("input", () => chooseUnit(+$("unit").value));
  $("layer").addEventListener("change", ({ target }) => {
    [choice.layer, choice.side] = target.value.split(" ").map(Number);
    showStep();
  });
  addEventListener("resize", () => shown?.weights && !$("reading").hidden && showCurve());
  $("numbers").addEventListener("toggle", showNumbers);
  document.querySelector("main").hidden = false;
  update();
}
start();

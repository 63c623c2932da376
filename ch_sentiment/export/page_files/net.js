// The arithmetic: word vectors, recurrent layers, pooling, logits, and the gradients of a step, in float64. The letters
// are those of common/recurrent: h state, c memory, gates f g i o of the LSTM, z r n (for h~) of the GRU.

const zeros = (n) => new Float64Array(n);
const sigmoid = (a) => 1 / (1 + Math.exp(-a));
const blocks = (a, n) => Array.from({ length: n }, (_, i) => a.subarray((i * a.length) / n, ((i + 1) * a.length) / n));
const length = (v) => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));

// out += x @ W, in the columns from .. to; W (K, width) by rows, four of them at a time. -> out
function addProduct(out, x, W, from = 0, to = out.length) {
  const K = x.length, width = W.length / K;
  let k = 0;
  for (; k + 3 < K; k += 4) {
    const x0 = x[k], x1 = x[k + 1], x2 = x[k + 2], x3 = x[k + 3], row = k * width;
    for (let j = from, p = row + from, q = p + width, r = q + width, s = r + width; j < to; j++)
      out[j] += x0 * W[p++] + x1 * W[q++] + x2 * W[r++] + x3 * W[s++];
  }
  for (; k < K; k++) for (let j = from, p = k * width + from; j < to; j++) out[j] += x[k] * W[p++];
  return out;
}

// d @ W.T, over the columns from .. to -> (K,)
function productT(d, W, K, from = 0, to = d.length) {
  const out = zeros(K), width = W.length / K;
  for (let k = 0; k < K; k++) for (let j = from; j < to; j++) out[k] += d[j] * W[k * width + j];
  return out;
}

// The reset gate acts before the product with the state (the book's form) or after it (PyTorch's).
const gru = (after) => ({
  step(a, { h }, { Wh, bh }) {
    const H = h.length, [z, r, n] = blocks(a, 3), p = addProduct(bh.slice(), h, Wh, 0, (after ? 3 : 2) * H);
    for (let k = 0; k < H; k++) { z[k] = sigmoid(z[k] + p[k]); r[k] = sigmoid(r[k] + p[H + k]); }
    if (!after) addProduct(p, h.map((x, k) => r[k] * x), Wh, 2 * H, 3 * H);
    const past = p.subarray(2 * H);
    for (let k = 0; k < H; k++) n[k] = Math.tanh(n[k] + (after ? r[k] * past[k] : past[k]));
    return { z, r, n, past, h: h.map((x, k) => (1 - z[k]) * x + z[k] * n[k]) };
  },
  back({ z, r, n, past }, { h }, dh, dc, { Wh }) {
    const H = h.length, da = zeros(3 * H), [dz, dr, dn] = blocks(da, 3);
    for (let k = 0; k < H; k++) {
      dn[k] = dh[k] * z[k] * (1 - n[k] * n[k]);
      dz[k] = dh[k] * (n[k] - h[k]) * z[k] * (1 - z[k]);
    }
    const drh = after ? zeros(H) : productT(da, Wh, H, 2 * H); // of r h
    for (let k = 0; k < H; k++) dr[k] = (after ? dn[k] * past[k] : drh[k] * h[k]) * r[k] * (1 - r[k]);
    const dp = after ? da.map((d, j) => (j < 2 * H ? d : d * r[j - 2 * H])) : da.subarray(0, 2 * H); // of h Wh
    const direct = dh.map((d, k) => d * (1 - z[k])), more = productT(dp, Wh, H);
    return { da, dh: direct.map((d, k) => d + drh[k] * r[k] + more[k]), through: length(direct) / length(dh) };
  },
});

// name -> step(a, before, weights): the parts of a step; a = x Wx + b, which it may change. back(step, before, dh, dc,
// weights): da, of a; dh and dc of the step before; and `through`: the share of the gradient that a gate lets pass.
const CELLS = {
  rnn: {
    step(a, { h }, { Wh }) {
      return { h: addProduct(a, h, Wh).map(Math.tanh) };
    },
    back({ h }, before, dh, dc, { Wh }) {
      const da = dh.map((d, k) => d * (1 - h[k] * h[k]));
      return { da, dh: productT(da, Wh, h.length), through: length(da) / length(dh) };
    },
  },
  lstm: {
    step(a, before, { Wh }) {
      const [f, g, i, o] = blocks(addProduct(a, before.h, Wh), 4), c = zeros(f.length), h = zeros(f.length);
      for (let k = 0; k < c.length; k++) {
        f[k] = sigmoid(f[k]); g[k] = Math.tanh(g[k]); i[k] = sigmoid(i[k]); o[k] = sigmoid(o[k]);
        c[k] = f[k] * before.c[k] + g[k] * i[k];
        h[k] = o[k] * Math.tanh(c[k]);
      }
      return { f, g, i, o, c, h };
    },
    back({ f, g, i, o, c }, before, dh, dc, { Wh }) {
      const H = c.length, da = zeros(4 * H), [df, dg, di, dO] = blocks(da, 4), all = zeros(H), past = zeros(H);
      for (let k = 0; k < H; k++) {
        const t = Math.tanh(c[k]);
        all[k] = dc[k] + dh[k] * o[k] * (1 - t * t);
        past[k] = all[k] * f[k];
        df[k] = all[k] * before.c[k] * f[k] * (1 - f[k]);
        dg[k] = all[k] * i[k] * (1 - g[k] * g[k]);
        di[k] = all[k] * g[k] * i[k] * (1 - i[k]);
        dO[k] = dh[k] * t * o[k] * (1 - o[k]);
      }
      return { da, dh: productT(da, Wh, H), dc: past, through: length(past) / length(all) };
    },
  },
  gru: gru(false),
  "gru-reset-after": gru(true),
};

// hs: T vectors of K -> one. attend: (T vectors) -> T weights; both: whether hs holds two directions.
function pool(name, hs, both, attend) {
  const T = hs.length, K = hs[0].length, half = both ? K / 2 : K;
  const sum = (weight) => hs.reduce((out, h, t) => addProduct(out, [weight[t]], h), zeros(K));
  const last = () => Float64Array.from(hs[T - 1], (x, k) => (k < half ? x : hs[0][k]));
  const max = () => hs.reduce((top, h) => top.map((x, k) => Math.max(x, h[k])));
  const mean = () => sum(Array(T).fill(1 / T));
  const pair = (a, b) => Float64Array.of(...a, ...b);
  if (name === "first-last") return pair(hs[0], hs[T - 1]);
  if (name === "max-mean") return pair(max(), mean());
  return { last, max, mean, attention: () => sum(attend(hs)) }[name]();
}

// The gradient (T vectors of K) of hs, from that of what `pool` gave.
function poolBack(name, hs, both, attention, d) {
  const T = hs.length, K = hs[0].length, half = both ? K / 2 : K, dhs = hs.map(() => zeros(K)), d2 = d.subarray(K);
  for (let k = 0; k < K; k++) {
    if (name === "last") dhs[k < half ? T - 1 : 0][k] = d[k];
    if (name === "first-last") { dhs[0][k] += d[k]; dhs[T - 1][k] += d2[k]; }
    if (name.startsWith("max")) dhs[hs.reduce((best, h, t) => (h[k] > hs[best][k] ? t : best), 0)][k] += d[k];
    const each = name === "mean" ? d[k] : name === "max-mean" ? d2[k] : 0;
    for (let t = 0; t < T; t++) dhs[t][k] += each / T;
  }
  if (name !== "attention") return dhs;
  const { W, v, a, u } = attention(hs);
  const da = hs.map((h) => h.reduce((sum, x, k) => sum + x * d[k], 0));
  const mean = da.reduce((sum, x, t) => sum + a[t] * x, 0);
  return hs.map((h, t) => {
    const du = v.map((x, j) => a[t] * (da[t] - mean) * x * (1 - u[t][j] ** 2));
    return productT(du, W, K).map((x, k) => x + a[t] * d[k]);
  });
}

function softmax(logits) {
  const top = Math.max(...logits), e = Array.from(logits, (x) => Math.exp(x - top)), sum = e.reduce((a, b) => a + b);
  return e.map((x) => x / sum);
}

// model: sizes and names; arrays: name -> Float64Array, but for the word vectors, "embed.W", which stay Float32Array.
function makeNet({ cell, bidirectional, layers: count, pool: poolName, D, temperature }, arrays) {
  const sides = bidirectional ? [".forward", ".backward"] : [""];
  const layers = Array.from({ length: count }, (_, l) => sides.map((side, s) => {
    const [Wx, Wh, bias] = ["Wx", "Wh", "b"].map((name) => arrays[`layer${2 * l}${side}.${name}`]);
    const width = cell === "rnn" ? 1 : cell === "lstm" ? 4 : 3, H = Math.sqrt(Wh.length / width);
    const bh = bias.length > width * H ? bias.subarray(width * H) : zeros(width * H);
    return { Wx, Wh, b: bias.subarray(0, width * H), bh, H, backwards: s === 1, inputs: l ? null : new Map() };
  }));
  const vectors = new Map(), scores = new WeakMap(), outputs = arrays["head.b"].length;

  function vector(id) {
    if (!vectors.has(id)) vectors.set(id, Float64Array.from(arrays["embed.W"].subarray(id * D, (id + 1) * D)));
    return vectors.get(id);
  }

  function inputOf(direction, x) { // x Wx + b, which for a word is computed once
    const { Wx, b, inputs } = direction;
    if (!inputs) return addProduct(b.slice(), x, Wx);
    if (!inputs.has(x)) inputs.set(x, addProduct(b.slice(), x, Wx));
    return inputs.get(x).slice();
  }

  function attention(hs) {
    const [W, b, v] = ["W", "b", "v"].map((name) => arrays[`pool.${name}`]);
    for (const h of hs) {
      if (scores.has(h)) continue;
      const u = addProduct(b.slice(), h, W).map(Math.tanh);
      scores.set(h, { u, score: u.reduce((sum, x, j) => sum + x * v[j], 0) });
    }
    return { W, v, a: softmax(hs.map((h) => scores.get(h).score)), u: hs.map((h) => scores.get(h).u) };
  }

  // One direction over xs. Steps that stand in `base`, a former reading, with all before them, are taken from there.
  function* steps(direction, xs, base) {
    const T = xs.length, found = Array(T), place = (n, k) => (direction.backwards ? n - 1 - k : k);
    let before = { h: zeros(direction.H), c: zeros(direction.H) }, same = base !== undefined;
    for (let k = 0; k < T; k++) {
      const t = place(T, k), there = same ? place(base.xs.length, k) : -1;
      same = same && base.xs[there] === xs[t];
      if (!same) yield;
      before = found[t] = same ? base.found[there] : CELLS[cell].step(inputOf(direction, xs[t]), before, direction);
    }
    return { xs, found };
  }

  // Reads a text: ids (T,) -> all that was computed; a generator, so that whoever runs it can stop between two steps.
  function* read(ids, base) {
    let hs = (ids.length ? ids : [1]).map(vector); // without a word one unknown word is read
    const read = [];
    for (const [l, directions] of layers.entries()) {
      const sides = [];
      for (const [s, direction] of directions.entries()) sides.push(yield* steps(direction, hs, base?.layers[l]?.[s]));
      read.push(sides);
      const [first, second] = sides.map(({ found }) => found);
      hs = first.map((step, t) => (second ? Float64Array.of(...step.h, ...second[t].h) : step.h));
    }
    const pooled = pool(poolName, hs, bidirectional, (hs) => attention(hs).a);
    const logits = addProduct(arrays["head.b"].slice(), pooled, arrays["head.W"]).map((x) => x / temperature);
    const probabilities = outputs === 1 ? [sigmoid(-logits[0]), sigmoid(logits[0])] : softmax(logits);
    return { layers: read, hs, logits, probabilities };
  }

  // By what the logits are weighted to give the margin of an answer: how far it stands above the other labels.
  function weight(answer) {
    if (outputs === 1) return [answer ? 1 : -1];
    return Array.from({ length: outputs }, (_, j) => (j === answer ? 1 : -1 / (outputs - 1)));
  }
  const margin = ({ logits }, answer) => weight(answer).reduce((sum, w, j) => sum + w * logits[j], 0);

  // Backward of the margin: for each layer and direction {dh, dc, through} of its T steps, and that of the vectors.
  function* gradients({ layers: read, hs }, answer) {
    const d = Float64Array.from(weight(answer), (w) => w / temperature), W = arrays["head.W"];
    let dhs = poolBack(poolName, hs, bidirectional, attention, productT(d, W, W.length / outputs));
    const found = layers.map(() => []);
    for (let l = layers.length - 1; l >= 0; l--) {
      const dxs = read[l][0].xs.map((x) => zeros(x.length));
      for (const [s, direction] of layers[l].entries()) {
        const T = dhs.length, { H, backwards, Wx } = direction, of = read[l][s].found, at = (found[l][s] = Array(T));
        let past = { dh: zeros(H), dc: zeros(H) };
        for (let k = T - 1; k >= 0; k--) {
          const t = backwards ? T - 1 - k : k, before = of[backwards ? t + 1 : t - 1] ?? { h: zeros(H), c: zeros(H) };
          const dh = past.dh.map((x, j) => x + dhs[t][s * H + j]), dc = past.dc ?? zeros(H);
          past = CELLS[cell].back(of[t], before, dh, dc, direction);
          at[t] = { dh, dc, through: past.through };
          productT(past.da, Wx, dxs[t].length).forEach((x, j) => (dxs[t][j] += x));
          yield;
        }
      }
      dhs = dxs;
    }
    return { layers: found, vectors: dhs };
  }

  return { read, margin, gradients, sides: layers };
}

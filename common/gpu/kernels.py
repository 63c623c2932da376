"""The kernels: what a GPU does in one go for each element, as the C text of a `cupy.ElementwiseKernel`.

`i` is the number of the element; an argument without `raw` stands for its element i; those after the arrow are
written, and some of them read before. T: float or double. A gate's element k of row n stands, in (N, G H), at
(G - 1) H n + i, and H further for each gate after the first. `real` (N,): the rows that are not masked; the others keep
their state, and pass the gradient of it on in `direct`. The formulas are those of the one-step cells of
`common.recurrent`, where they are derived.
"""

from functools import cache

KERNELS = {
    # a: x Wx + b, p: h Wh.  h' = tanh(a + p)
    "rnn": (
        "T a, T p, T h, raw bool real, int32 H -> T h_next",
        "h_next = real[i / H] ? tanh(a + p) : h;",
    ),
    # da = dh (1 - h'^2), and dh has three parts: of the output, of the product of the next step, and `direct`
    "rnn_backward": (
        "T dout, T dproduct, T h_next, raw bool real, int32 H -> T direct, T da",
        """
        const T dh = dout + dproduct + direct;
        da = real[i / H] ? dh * (1 - h_next * h_next) : 0;
        direct = real[i / H] ? 0 : dh;
        """,
    ),
    # gates: a before, f, g, i, o after.  f, i, o = sigmoid(a + p), g = tanh(a + p), c' = f c + g i, h' = o tanh(c')
    "lstm": (
        "raw T p, T h, T c, raw bool real, int32 H -> T h_next, T c_next, raw T gates",
        """
        const int n = i / H, f = 3 * H * n + i, g = f + H, in = g + H, o = in + H;
        gates[f] = 1 / (1 + exp(-gates[f] - p[f]));
        gates[g] = tanh(gates[g] + p[g]);
        gates[in] = 1 / (1 + exp(-gates[in] - p[in]));
        gates[o] = 1 / (1 + exp(-gates[o] - p[o]));
        c_next = real[n] ? gates[f] * c + gates[g] * gates[in] : c;
        h_next = real[n] ? gates[o] * tanh(c_next) : h;
        """,
    ),
    # all = dc + dh o (1 - tanh(c')^2);  da = all c f (1 - f), all i (1 - g^2), all g i (1 - i), dh tanh(c') o (1 - o)
    "lstm_backward": (
        "T dout, T dproduct, T c, T c_next, raw T gates, raw bool real, int32 H -> T direct, T dc, raw T da",
        """
        const int n = i / H, at = 3 * H * n + i;
        const T f = gates[at], g = gates[at + H], in = gates[at + 2 * H], o = gates[at + 3 * H];
        const T dh = dout + dproduct + direct, tanh_c = tanh(c_next);
        const T all = dc + dh * o * (1 - tanh_c * tanh_c);
        da[at] = real[n] ? all * c * f * (1 - f) : 0;
        da[at + H] = real[n] ? all * in * (1 - g * g) : 0;
        da[at + 2 * H] = real[n] ? all * g * in * (1 - in) : 0;
        da[at + 3 * H] = real[n] ? dh * tanh_c * o * (1 - o) : 0;
        dc = real[n] ? all * f : dc;
        direct = real[n] ? 0 : dh;
        """,
    ),
    # z, r = sigmoid(a + p), and r h, whose product with Wh comes between this kernel and the next
    "gru_gates": (
        "raw T p, T h, int32 H -> T past, raw T gates",
        """
        const int n = i / H, z = 2 * H * n + i, r = z + H, at = H * n + i;
        gates[z] = 1 / (1 + exp(-gates[z] - p[at]));
        gates[r] = 1 / (1 + exp(-gates[r] - p[at + H]));
        past = gates[r] * h;
        """,
    ),
    # h~ = tanh(a + p), h' = h + z (h~ - h)
    "gru_state": (
        "T p, T h, raw bool real, int32 H -> T h_next, raw T gates",
        """
        const int n = i / H, z = 2 * H * n + i, hat = z + 2 * H;
        gates[hat] = tanh(gates[hat] + p);
        h_next = real[n] ? h + gates[z] * (gates[hat] - h) : h;
        """,
    ),
    # daz = dh (h~ - h) z (1 - z), dah = dh z (1 - h~^2), direct = dh (1 - z)
    "gru_state_backward": (
        "T dout, T dproduct, T h, raw T gates, raw bool real, int32 H -> T direct, T dah, raw T dzr",
        """
        const int n = i / H, at = 2 * H * n + i;
        const T z = gates[at], hat = gates[at + 2 * H], dh = dout + dproduct + direct;
        dzr[H * n + i] = real[n] ? dh * (hat - h) * z * (1 - z) : 0;
        dah = real[n] ? dh * z * (1 - hat * hat) : 0;
        direct = real[n] ? dh * (1 - z) : dh;
        """,
    ),
    # dpast: of r h.  dar = dpast h r (1 - r), direct += dpast r
    "gru_gates_backward": (
        "T dpast, T h, raw T gates, int32 H -> T direct, raw T dzr",
        """
        const int n = i / H;
        const T r = gates[2 * H * n + i + H];
        dzr[H * n + i + H] = dpast * h * r * (1 - r);
        direct += dpast * r;
        """,
    ),
    # z, r = sigmoid(a + p + b), past = p + b, h~ = tanh(a + r past), h' = h + z (h~ - h); b: that of the state, (3H,)
    "gru_reset_after": (
        "raw T p, raw T b, T h, raw bool real, int32 H -> T h_next, T past, raw T gates",
        """
        const int n = i / H, k = i - n * H, z = 2 * H * n + i, r = z + H, hat = r + H;
        gates[z] = 1 / (1 + exp(-gates[z] - p[z] - b[k]));
        gates[r] = 1 / (1 + exp(-gates[r] - p[r] - b[k + H]));
        past = p[hat] + b[k + 2 * H];
        gates[hat] = tanh(gates[hat] + gates[r] * past);
        h_next = real[n] ? h + gates[z] * (gates[hat] - h) : h;
        """,
    ),
    # as of the GRU, with dar = dah past r (1 - r); da: of x Wx, dp: of h Wh
    "gru_reset_after_backward": (
        "T dout, T dproduct, T h, T past, raw T gates, raw bool real, int32 H -> T direct, raw T da, raw T dp",
        """
        const int n = i / H, at = 2 * H * n + i;
        const T z = gates[at], r = gates[at + H], hat = gates[at + 2 * H], dh = dout + dproduct + direct;
        const T dah = real[n] ? dh * z * (1 - hat * hat) : 0;
        da[at] = dp[at] = real[n] ? dh * (hat - h) * z * (1 - z) : 0;
        da[at + H] = dp[at + H] = dah * past * r * (1 - r);
        da[at + 2 * H] = dah;
        dp[at + 2 * H] = dah * r;
        direct = real[n] ? dh * (1 - z) : dh;
        """,
    ),
    # ids (M,) sorted; values (M, D), in the order of `order`. Of each run of equal ids, every 64 places a sum begins:
    "row_parts": (
        "raw T values, raw int64 order, raw I ids, int32 M, int32 D, int32 V -> raw T parts",
        """
        const int row = i / D, d = i - row * D;
        const long long id = ids[row];
        if (id < V && (row % 64 == 0 || ids[row - 1] != id)) {
            T sum = 0;
            for (int k = row; k < M && ids[k] == id && (k == row || k % 64 != 0); ++k) sum += values[order[k] * D + d];
            parts[i] = sum;
        }
        """,
    ),
    # and the first place of the run adds these up.
    "row_sums": (
        "raw T parts, raw I ids, int32 M, int32 D, int32 V -> raw T dW",
        """
        const int row = i / D, d = i - row * D;
        const long long id = ids[row];
        if (id < V && (row == 0 || ids[row - 1] != id)) {
            T sum = parts[i];
            for (int k = (row / 64 + 1) * 64; k < M && ids[k] == id; k += 64) sum += parts[k * D + d];
            dW[id * D + d] = sum;
        }
        """,
    ),
    # `common.optimizer.Adam` and AdamW; share: 1 - beta. lazy: where g is -0.0, see `write_rows`, nothing moves.
    "adam": (
        "T g, T rate, T share1, T share2, T eps, T decay, bool lazy -> T p, T m, T v",
        """
        if (!(lazy && g == 0 && 1 / g < 0)) {
            p -= decay * p;
            m += share1 * (g - m);
            v += share2 * (g * g - v);
            p -= rate * m / (sqrt(v) + eps);
        }
        """,
    ),
}


def on_gpu(a):
    """Whether kernels take the place of array operations: for the arrays of CuPy."""
    return type(a).__module__ == "cupy"


@cache
def kernel(name):
    """The compiled kernel, called with its arguments in order, those that it writes last; `size=` if all are raw."""
    import cupy

    arguments, text = KERNELS[name]
    return cupy.ElementwiseKernel(*arguments.split(" -> "), text, f"sentifish_{name}")

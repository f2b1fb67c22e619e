"""ADBench's LSTM with diagonal weights: the loss of predicting each character of a text from the ones before it.

main[l, 2, 4, b] holds weight and bias of the gates (forget, in, out, change); extra[3, b] the input weight, output
weight and output bias; state[l, 2, b] the hidden values and cells to begin with; text[c, b] the characters' bits.
"""

import pydex as dx
from pydex import f64

layers, c, b = dx.index_sets("layers c b")
WEIGHT, BIAS = 0, 1
FORGET, INTO, OUT, CHANGE = 0, 1, 2, 3


@dx.jit
def objective(
    main: f64[layers, dx.Fin(2), dx.Fin(4), b],
    extra: f64[dx.Fin(3), b],
    state: f64[layers, dx.Fin(2), b],
    text: f64[c, b],
) -> f64:
    hidden = [[state[s, 0, i] for i in b] for s in layers]
    cell = [[state[s, 1, i] for i in b] for s in layers]
    total = 0.0
    for t in c[:-1]:
        value = [text[t, i] * extra[0, i] for i in b]
        for s in layers:
            for i in b:
                old = hidden[s, i]
                forget = dx.sigmoid(value[i] * main[s, WEIGHT, FORGET, i] + main[s, BIAS, FORGET, i])
                into = dx.sigmoid(old * main[s, WEIGHT, INTO, i] + main[s, BIAS, INTO, i])
                out = dx.sigmoid(value[i] * main[s, WEIGHT, OUT, i] + main[s, BIAS, OUT, i])
                change = dx.tanh(old * main[s, WEIGHT, CHANGE, i] + main[s, BIAS, CHANGE, i])
                cell[s, i] = cell[s, i] * forget + into * change
                hidden[s, i] = out * dx.tanh(cell[s, i])
                value[i] = hidden[s, i]
        guess = [value[i] * extra[1, i] + extra[2, i] for i in b]
        partition = dx.log(2.0 + sum(dx.exp(guess[i]) for i in b))
        total += sum(text[t + 1, i] * (guess[i] - partition) for i in b)
    return -total / ((c.size - 1) * b.size)


gradient = dx.grad(objective, wrt=("main", "extra"))

"""ADBench's LSTM with diagonal weights: the loss of predicting each character of a text from the ones before it.

main[l, 2, 4, b] holds weight and bias of the gates (forget, in, out, change), extra[3, b] the input weight, output
weight and output bias, state[l, 2, b] the hidden values and the cells to begin with, text[c, b] the characters' bits.
The log-partition is log(2 + Σ exp), as ADBench has it.
"""

import numpy as np


def _sigmoid(v):
    return 1 / (1 + np.exp(-v))


def _cell(main, hidden, cell, value):
    """(new hidden, new cell, what the derivative needs) of one layer."""
    weight, bias = main
    forget = _sigmoid(value * weight[0] + bias[0])
    into = _sigmoid(hidden * weight[1] + bias[1])
    out = _sigmoid(value * weight[2] + bias[2])
    change = np.tanh(hidden * weight[3] + bias[3])
    new = cell * forget + into * change
    squashed = np.tanh(new)
    return out * squashed, new, (hidden, cell, value, forget, into, out, change, squashed)


def _forward(main, extra, state, text):
    """For each step: the tapes of the layers, the last hidden value and the prediction."""
    hidden, cell = list(state[:, 0]), list(state[:, 1])
    for step in range(len(text) - 1):
        value, tapes = text[step] * extra[0], []
        for layer in range(len(main)):
            hidden[layer], cell[layer], tape = _cell(main[layer], hidden[layer], cell[layer], value)
            value = hidden[layer]
            tapes.append(tape)
        yield tapes, value, value * extra[1] + extra[2]


def objective(main, extra, state, text):
    """The mean loss, a scalar."""
    total = 0.0
    for gold, (_, _, guess) in zip(text[1:], _forward(main, extra, state, text), strict=True):
        total = total + (gold * (guess - np.log(2 + np.exp(guess).sum()))).sum()
    return -total / text[1:].size


def _cell_back(main, tape, d_hidden, d_cell, d_main):
    """Cotangents of (old hidden, old cell, input value); adds those of the parameters to d_main."""
    hidden, cell, value, forget, into, out, change, squashed = tape
    d_new = d_cell + d_hidden * out * (1 - squashed**2)
    gates = np.stack(
        [
            d_new * cell * forget * (1 - forget),
            d_new * change * into * (1 - into),
            d_hidden * squashed * out * (1 - out),
            d_new * into * (1 - change**2),
        ]
    )
    d_main[0] += gates * np.stack([value, hidden, value, hidden])
    d_main[1] += gates
    back = gates * main[0]
    return back[1] + back[3], d_new * forget, back[0] + back[2]


def gradient(main, extra, state, text):
    """With respect to (main, extra)."""
    steps = list(_forward(main, extra, state, text))
    d_main, d_extra = np.zeros_like(main), np.zeros_like(extra)
    d_hidden, d_cell = np.zeros_like(state[:, 0]), np.zeros_like(state[:, 0])
    scale = -1 / text[1:].size
    for step in reversed(range(len(steps))):
        tapes, top, guess = steps[step]
        gold, e = text[step + 1], np.exp(guess)
        d_guess = scale * (gold - gold.sum() * e / (2 + e.sum()))
        d_extra[1] += d_guess * top
        d_extra[2] += d_guess
        d_value = d_guess * extra[1]
        for layer in reversed(range(len(main))):
            incoming = d_hidden[layer] + d_value
            d_hidden[layer], d_cell[layer], d_value = _cell_back(
                main[layer], tapes[layer], incoming, d_cell[layer], d_main[layer]
            )
        d_extra[0] += d_value * text[step]
    return d_main, d_extra

"""Every interest equals a plain loop written from its formula, on random weights."""

import itertools
import math

import numpy as np
import pytest
import torch

from taojin.nn.encoders import Capsules, Recurrent
from taojin.nn.encoders import MeanPool as OfTowers
from taojin.nn.transformer import Block, Transformer
from taojin.ranking.interests.bst import BST
from taojin.ranking.interests.dien import Evolution, next_event_loss
from taojin.ranking.interests.encoded import Encoded, turned_states
from taojin.ranking.interests.mean_pool import MeanPool
from taojin.ranking.interests.target_attention import TargetAttention
from taojin.ranking.parts import History, InterestModule
from tests.ranking.given import FIELDS, D, L, N, bias, both, past, randomise, weight


def pool(part: InterestModule, history: History, candidate: torch.Tensor, weights: np.ndarray) -> None:
    """Compare with the sum over places of weights [N, L] times vectors, one vector per history column."""
    found = part(history, candidate)[0].detach().numpy()
    assert part.count == 2 and found.shape[1:] == (2, D)
    for n in range(N):
        places = history.vectors[min(n, len(history.vectors) - 1)].numpy().astype(np.float64)
        expected = sum(weights[n, place] * places[place] for place in range(L)).reshape(2, D)
        np.testing.assert_allclose(found[min(n, len(found) - 1)], expected, rtol=1e-5, atol=1e-5)


@both
def test_mean_pool(requests: int) -> None:
    history, candidate = past(requests)
    known = history.known.numpy()
    weights = np.array([row / max(row.sum(), 1) for row in known] * (N // requests))
    pool(MeanPool().build(FIELDS), history, candidate, weights)


@both
@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize("hidden", [(6,), (6, 3)])
def test_target_attention(requests: int, softmax: bool, hidden: tuple[int, ...]) -> None:
    part = randomise(TargetAttention(hidden, softmax=softmax).build(FIELDS))
    history, candidate = past(requests)
    # The layer as the paper has it, over [q, k, q - k, q * k]: W1 + W3 = A, W2 - W3 = B, W4 = C.
    a, b, c = weight(part.score.query), weight(part.score.key), weight(part.score.both)
    third = np.random.default_rng(0).normal(size=a.shape)
    first = np.concatenate([a - third, b + third, third, c], axis=1)
    weights = np.zeros((N, L))
    for n in range(N):
        r = min(n, requests - 1)
        q = candidate[n].numpy().astype(np.float64)
        for place in range(L):
            k = history.vectors[r, place].numpy().astype(np.float64)
            h = first @ np.concatenate([q, k, q - k, q * k]) + bias(part.score.query)
            for layer in part.score.rest:
                h = weight(layer) @ np.maximum(h, 0) + bias(layer)
            weights[n, place] = h[0]
        known = history.known[r].numpy()
        if softmax and known.any():
            weights[n, known] = np.exp(weights[n, known]) / np.exp(weights[n, known]).sum()
        weights[n, ~known] = 0
    pool(part, history, candidate, weights)


def known_places(history: History, n: int) -> np.ndarray:
    """Vectors of the known places of row n, oldest first, float64[., E]."""
    r = min(n, len(history.vectors) - 1)
    return history.vectors[r][history.known[r]].numpy().astype(np.float64)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def gru(x: np.ndarray, h: np.ndarray, cell: torch.nn.GRU) -> np.ndarray:
    """A step as torch documents it."""
    w, u, b, c = (p.detach().numpy().astype(np.float64) for p in cell.parameters())
    reset_x, update_x, new_x = np.split(w @ x + b, 3)
    reset_h, update_h, new_h = np.split(u @ h + c, 3)
    reset, update = sigmoid(reset_x + reset_h), sigmoid(update_x + update_h)
    return (1 - update) * np.tanh(new_x + reset * new_h) + update * h


@both
def test_evolution(requests: int) -> None:
    part = randomise(Evolution().build(FIELDS))
    history, candidate = past(requests)
    with torch.no_grad():
        found = part(history, candidate)[0].numpy()
    cell = part.evolution
    for n in range(N):
        states, h = [], np.zeros(2 * D)
        for x in known_places(history, n):
            h = gru(x, h, part.extraction)
            states.append(h)
        scores = np.exp([state @ weight(part.query) @ candidate[n].numpy() for state in states])
        h = np.zeros(2 * D)
        for state, score in zip(states, scores, strict=True):
            update, reset, new = np.split(weight(cell.read) @ state + bias(cell.read), 3)
            kept_update, kept_reset, kept_new = np.split(weight(cell.keep) @ h, 3)
            share = score / scores.sum() * sigmoid(update + kept_update)
            h = (1 - share) * h + share * np.tanh(new + sigmoid(reset + kept_reset) * kept_new)
        np.testing.assert_allclose(found[n].ravel(), h, rtol=1e-4, atol=1e-5)


def test_the_auxiliary_loss_tells_the_next_event_from_another_rows() -> None:
    random = torch.Generator().manual_seed(0)
    states, rows = torch.randn(3, 4, 2, generator=random), torch.randn(3, 4, 2, generator=random)
    known = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]], dtype=torch.bool)
    total, count = 0.0, 0
    for r, place in itertools.product(range(3), range(3)):
        if known[r, place + 1]:
            count += 1
            total -= np.log(sigmoid(float(states[r, place] @ rows[r, place + 1])))
            if known[r - 1, place + 1]:
                total -= np.log(1 - sigmoid(float(states[r, place] @ rows[r - 1, place + 1])))
    assert float(next_event_loss(states, rows, known)) == pytest.approx(total / count, rel=1e-5)
    nobody = next_event_loss(states, rows, torch.zeros_like(known))
    assert float(nobody) == 0


def attend(block: Block, x: np.ndarray, heads: int) -> np.ndarray:
    """One block over places float64[L, E], all of which are known, as the formula says it."""

    def norm(layer: torch.nn.LayerNorm, v: np.ndarray) -> np.ndarray:
        scaled = (v - v.mean(1, keepdims=True)) / np.sqrt(v.var(1, keepdims=True) + layer.eps)
        return scaled * weight(layer) + bias(layer)

    query, key, value = np.split(norm(block.first_norm, x) @ weight(block.joined).T + bias(block.joined), 3, axis=1)
    size = x.shape[1] // heads
    parts = []
    for head in range(heads):
        of = slice(head * size, (head + 1) * size)
        scores = np.exp(query[:, of] @ key[:, of].T / np.sqrt(size))
        parts.append(scores / scores.sum(1, keepdims=True) @ value[:, of])
    x = x + np.concatenate(parts, axis=1) @ weight(block.out).T + bias(block.out)
    wide = norm(block.second_norm, x) @ weight(block.wide).T + bias(block.wide)
    bent = np.array([[0.5 * u * (1 + math.erf(u / math.sqrt(2))) for u in row] for row in wide])
    return x + bent @ weight(block.narrow).T + bias(block.narrow)


@both
def test_behaviour_sequence_transformer(requests: int) -> None:
    part = randomise(BST(heads=2).build(FIELDS))
    history, candidate = past(requests)
    with torch.no_grad():
        found = part(history, candidate)[0].numpy()
        short = part(History(history.vectors[:, 2:], history.known[:, 2:]), candidate)[0].numpy()
    position = part.position.detach().numpy().astype(np.float64)
    for n in range(N):
        places = np.concatenate([known_places(history, n), candidate[n : n + 1].numpy()])
        expected = attend(part.blocks[0], places + position[-len(places) :], 2)
        rows = found[n].reshape(L + 1, 2 * D)
        np.testing.assert_allclose(rows[-len(places) :], expected, rtol=1e-4, atol=1e-4)
        assert not rows[: -len(places)].any()
        if len(places) <= L - 1:  # what is cut off was not known
            np.testing.assert_allclose(short[n], found[n], rtol=1e-4, atol=1e-5)


@both
@pytest.mark.parametrize("causal", [True, False])
def test_the_candidate_looks_at_states(requests: int, causal: bool) -> None:
    part = randomise(Encoded(encoder=Transformer(causal=causal, blocks=1, heads=1)).build(FIELDS))
    history, candidate = past(requests)
    with torch.no_grad():
        found = part(history, candidate)[0].numpy().reshape(N, -1)
        states, known = turned_states(part.encoder, history)
    for n in range(N):
        r = min(n, requests - 1)
        count = int(known[r].sum())
        own = states[r, :count].numpy().astype(np.float64)
        query = weight(part.query) @ candidate[n].numpy()
        scores = np.exp(own @ query / np.sqrt(2 * D))
        expected = scores / max(scores.sum(), 1e-9) @ own
        np.testing.assert_allclose(found[n], expected, rtol=1e-4, atol=1e-5)
        if not causal and count:  # the whole of the block, too
            x = known_places(history, n) * np.sqrt(2 * D) + part.encoder.position.detach().numpy()[:count]
            block = attend(part.encoder.blocks[0], x, 1)
            last = part.encoder.norm
            normal = (block - block.mean(1, keepdims=True)) / np.sqrt(block.var(1, keepdims=True) + last.eps)
            np.testing.assert_allclose(own, normal * weight(last) + bias(last), rtol=1e-3, atol=1e-4)


WHOLE = [
    *(Encoded(encoder=encoder, ask="end") for encoder in (Recurrent(), Capsules(), Transformer(), OfTowers())),
    Encoded(encoder=Recurrent(), ask="mask"),
    Encoded(ask="mask"),
]


@both
@pytest.mark.parametrize("spec", WHOLE, ids=lambda spec: f"{type(spec.encoder).__name__}-{spec.ask}")
def test_an_encoder_speaks_for_the_whole(requests: int, spec: Encoded) -> None:
    part = randomise(spec.build(FIELDS))
    history, candidate = past(requests)
    with torch.no_grad():
        found, _ = part(history, candidate)
        again, _ = part(history, candidate.flip(0))
    assert found.shape == (requests, part.count, D) and torch.isfinite(found).all()
    torch.testing.assert_close(found, again)
    empty = ~history.known.any(1)
    assert not found[empty].any() and found[~empty].flatten(1).any(1).all()


def test_what_has_no_states_cannot_be_looked_at() -> None:
    for ask in ("candidate", "mask"):
        with pytest.raises(ValueError, match=f"Capsules has no state at each place, for ask='{ask}'"):
            Encoded(encoder=Capsules(), ask=ask).build(FIELDS)
    with pytest.raises(ValueError, match=r"Encoded.ask: expected 'candidate', 'end' or 'mask'; got 'first'"):
        Encoded(ask="first")
    with pytest.raises(ValueError, match=r"BST: expected a width that 3 heads divide, got 8"):
        BST(heads=3).build(FIELDS)

"""Genres of film, and where they lie among the axes of taste.

Shapes: G genres, A axes of taste.
"""

import numpy as np

from taojin.core.units import Floats

AXES = (
    "thrill",
    "heart",
    "laughter",
    "wonder",
    "dread",
    "puzzle",
    "truth",
    "youth",
    "era",
    "style 1",
    "style 2",
    "style 3",
)
"""What a film can have and a user can like. Genres lie in the first eight; no genre has any of the others."""
ERA = AXES.index("era")
STYLE = len(AXES) - ERA - 1
"""Number of axes that no genre has."""

STYLE_WEIGHT = 2.0
"""How much more than on an axis of genres people and films differ, by themselves, on an axis of style."""

# Share of films that have the genre first; then thrill, heart, laughter, wonder, dread, puzzle, truth, youth.
_TABLE: dict[str, tuple[float, tuple[float, ...]]] = {
    "Action": (0.12, (1.0, -0.3, 0.0, 0.2, 0.1, -0.1, -0.2, 0.0)),
    "Adventure": (0.06, (0.8, 0.0, 0.2, 0.7, -0.2, 0.0, -0.1, 0.4)),
    "Animation": (0.03, (0.0, 0.1, 0.5, 0.7, -0.4, -0.1, -0.5, 0.9)),
    "Comedy": (0.19, (-0.2, 0.2, 1.0, -0.1, -0.3, -0.2, 0.0, 0.1)),
    "Crime": (0.06, (0.6, -0.1, -0.1, -0.3, 0.4, 0.7, 0.3, -0.4)),
    "Documentary": (0.05, (-0.4, 0.0, -0.2, 0.0, -0.1, 0.2, 1.0, -0.1)),
    "Drama": (0.20, (-0.3, 0.7, -0.4, -0.2, 0.0, 0.1, 0.6, -0.3)),
    "Family": (0.03, (0.0, 0.4, 0.5, 0.4, -0.5, -0.2, -0.2, 1.0)),
    "Fantasy": (0.03, (0.3, 0.2, 0.1, 1.0, 0.0, 0.0, -0.6, 0.4)),
    "History": (0.02, (0.1, 0.3, -0.4, 0.0, 0.1, 0.1, 0.9, -0.2)),
    "Horror": (0.06, (0.4, -0.4, -0.1, 0.1, 1.0, 0.2, -0.3, -0.3)),
    "Musical": (0.02, (-0.3, 0.6, 0.5, 0.4, -0.4, -0.3, -0.1, 0.4)),
    "Mystery": (0.02, (0.2, 0.0, -0.1, 0.1, 0.5, 1.0, 0.0, -0.2)),
    "Romance": (0.05, (-0.5, 1.0, 0.3, 0.0, -0.3, -0.2, 0.0, -0.1)),
    "Sci-Fi": (0.04, (0.6, -0.2, -0.1, 0.9, 0.2, 0.4, -0.5, 0.0)),
    "Thriller": (0.05, (0.8, -0.1, -0.3, -0.1, 0.6, 0.7, 0.0, -0.3)),
    "War": (0.02, (0.6, 0.3, -0.5, -0.2, 0.4, -0.1, 0.8, -0.3)),
    "Western": (0.02, (0.7, 0.0, 0.0, -0.1, 0.0, -0.2, 0.2, -0.1)),
}

GENRES = tuple(_TABLE)
FREQUENCY = np.array([share for share, _ in _TABLE.values()]) / sum(share for share, _ in _TABLE.values())
"""How often a film's first genre is this one, float64[G]."""


def _directions() -> Floats:
    loading = np.array([row for _, row in _TABLE.values()], np.float32)
    # Half-way to axes of equal weight: otherwise thrill and laughter alone would tell most films apart.
    left, strength, right = np.linalg.svd(loading - FREQUENCY.astype(np.float32) @ loading, full_matrices=False)
    loading = (left * np.sqrt(strength)) @ right
    loading /= np.linalg.norm(loading, axis=1, keepdims=True)
    return np.pad(loading, ((0, 0), (0, len(AXES) - loading.shape[1])))


DIRECTION = _directions()
"""Where each genre lies, float32[G, A], unit length."""


def companions() -> Floats:
    """How likely each genre stands beside a film's first one, float32[G, G]; each row sums to 1."""
    together = FREQUENCY * np.exp(3.5 * (DIRECTION @ DIRECTION.T))
    np.fill_diagonal(together, 0.0)
    return (together / together.sum(axis=1, keepdims=True)).astype(np.float32)


def temperaments(n: int, rng: np.random.Generator) -> Floats:
    """What n people or films have of their own, whatever their genre: most of it style, float32[n, A], unit length."""
    own = rng.standard_normal((n, len(AXES)), np.float32)
    own[:, ERA] = 0.0
    own[:, -STYLE:] *= STYLE_WEIGHT
    return own / np.linalg.norm(own, axis=1, keepdims=True)

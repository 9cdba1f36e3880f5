/**
 * The strokes that posters are drawn with, on 200 x 300 units.
 * The title is written in the lowest third, so the drawings live above it.
 */
import { svg } from "../dom.js";

export const WIDTH = 200;
export const HEIGHT = 300;

export const circle = (cx, cy, r, fill, more = {}) => svg("circle", { cx, cy, r, fill, ...more });
export const rect = (x, y, width, height, fill, more = {}) => svg("rect", { x, y, width, height, fill, ...more });
export const path = (d, fill, more = {}) => svg("path", { d, fill, ...more });
export const stroke = (d, colour, width, more = {}) =>
  svg("path", { d, fill: "none", stroke: colour, "stroke-width": width, "stroke-linecap": "round", ...more });
export const times = (count, draw) => Array.from({ length: count }, (_, place) => draw(place));

/** Outline of hills from edge to edge, filled downwards. */
export function ridge(random, base, height, steps) {
  const step = WIDTH / steps;
  const points = times(steps + 1, (place) => `L${(place - 0.5) * step + random.between(0, step)} ${base - random.between(0.15, 1) * height}`);
  return `M-40 ${HEIGHT}L-40 ${base}${points.join("")}L240 ${base}L240 ${HEIGHT}Z`;
}

export function stars(random, colour, count, low = 0, high = 190) {
  return times(count, () => circle(random.between(4, 196), random.between(low, high), random.between(0.4, 1.5), colour, { opacity: random.between(0.4, 1) }));
}

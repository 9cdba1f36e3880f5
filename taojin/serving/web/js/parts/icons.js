/** Small drawings in the colour of the text. */
import { svg } from "../dom.js";

const icon = (...shapes) =>
  svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, shapes);
const line = (d) => svg("path", { d, fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round" });
const solid = (d) => svg("path", { d, fill: "currentColor" });

const HEART = "M12 20.5C5.5 15.5 3 12.3 3 8.9 3 6.2 5.1 4 7.7 4 9.4 4 11 4.9 12 6.4 13 4.9 14.6 4 16.3 4 18.9 4 21 6.2 21 8.9c0 3.4-2.5 6.6-9 11.6z";

export const heart = () => icon(svg("path", { d: HEART, class: "heart", stroke: "currentColor", "stroke-width": 2, "stroke-linejoin": "round" }));
export const star = () => icon(solid("M12 2.8l2.8 6 6.5.7-4.9 4.4 1.4 6.4L12 17l-5.8 3.3 1.4-6.4L2.7 9.5l6.5-.7z"));
export const glass = () => icon(svg("circle", { cx: 11, cy: 11, r: 6.5, fill: "none", stroke: "currentColor", "stroke-width": 2 }), line("M16 16l4.5 4.5"));
export const back = () => icon(line("M14.5 5.5L8 12l6.5 6.5"));
export const forth = () => icon(line("M9.5 5.5L16 12l-6.5 6.5"));
export const house = () => icon(line("M4 11.5L12 4.5l8 7M6.5 10v9.5h11V10"));
export const spark = () => icon(line("M12 3.5l2.1 5.4 5.4 2.1-5.4 2.1L12 18.5l-2.1-5.4L4.5 11l5.4-2.1zM19 16.5v4M17 18.5h4"));
export const cross = () => icon(line("M6 6l12 12M18 6L6 18"));

/** A poster for an item without a picture: always the same one for the same item. */
import { svg } from "../dom.js";
import { MOTIFS } from "./motifs.js";
import { families, palettes, shifted } from "./palettes.js";
import { chance, hash } from "./random.js";

const MOST_LINES = 4;
const HUES = 18;
/** Ways of writing; `width` is how many letters of size 1 go into a line. */
const STYLES = [
  { name: "book", scale: 1, width: 330, capitals: false },
  { name: "slanted", scale: 1.04, width: 345, capitals: false },
  { name: "block", scale: 0.8, width: 222, capitals: true },
];
let drawn = 0;

/** An SVG of 200 x 300 units; decoration only, since the title stands beside it. */
export function poster({ id, title, genres, year }) {
  const { random, palette, family } = look({ id, title, genres });
  // Gradients are found by name in the whole document.
  drawn += 1;
  const [ground, shade] = [`ground-${drawn}`, `shade-${drawn}`];
  return svg("svg", { class: "poster", viewBox: "0 0 200 300", "aria-hidden": "true", preserveAspectRatio: "xMidYMid slice" },
    svg("defs", {},
      gradient(ground, [["0", palette.top, 1], ["1", palette.bottom, 1]]),
      gradient(shade, [["0", palette.bottom, 0], ["0.55", palette.bottom, 0.86], ["1", palette.bottom, 1]])),
    svg("rect", { width: 200, height: 300, fill: `url(#${ground})` }),
    random.pick(MOTIFS[family])(random, palette.accents),
    svg("rect", { y: 165, width: 200, height: 135, fill: `url(#${shade})` }),
    lettering(title, year, palette.text, random.pick(STYLES)));
}

/** A lively and a dark colour of an item's poster. */
export function tint(item) {
  const { palette } = look(item);
  return [palette.accents[0], palette.bottom];
}

/** Chance, family and colours of an item; posters of one family differ in hue as prints of one artist do. */
function look({ id, title, genres }) {
  const random = chance(hash(`${id} ${title}`));
  const family = families(genres)[random.maybe(0.7) ? 0 : families(genres).length - 1];
  return { random, family, palette: shifted(random.pick(palettes(family)), random.between(-HUES, HUES)) };
}

function gradient(id, stops) {
  return svg("linearGradient", { id, x1: 0, y1: 0, x2: 0, y2: 1 },
    stops.map(([offset, colour, opacity]) => svg("stop", { offset, "stop-color": colour, "stop-opacity": opacity })));
}

function lettering(title, year, fill, style) {
  const size = (title.length > 34 ? 15 : title.length > 18 ? 18 : 22) * style.scale;
  const lines = wrapped(style.capitals ? title.toUpperCase() : title, Math.floor(style.width / size));
  const base = 276 - (year ? 14 : 0);
  return svg("g", { fill, class: `lettering ${style.name}` },
    lines.map((line, place) => svg("text", { x: 14, y: base - (lines.length - 1 - place) * size * 1.13, "font-size": size }, line)),
    year ? svg("text", { x: 14, y: 282, "font-size": 10, class: "small" }, String(year)) : null);
}

/** Breaks a title into lines of about so many letters. */
function wrapped(title, letters) {
  const lines = [""];
  for (const word of title.split(/\s+/)) {
    const line = lines.at(-1);
    if (line && line.length + word.length >= letters) lines.push(word);
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES - 1), `${lines[MOST_LINES - 1]} …`];
}

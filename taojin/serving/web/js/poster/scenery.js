/** Posters that show something: each a drawing out of chance and a palette's three accents. */
import { svg } from "../dom.js";
import { HEIGHT, WIDTH, circle, path, rect, ridge, stars, stroke, times } from "./shapes.js";

export function peaks(random, [one, two, three]) {
  return [
    circle(random.between(40, 160), random.between(45, 90), random.between(16, 34), two),
    path(ridge(random, 170, 90, 4), one, { opacity: 0.65 }),
    path(ridge(random, 205, 80, 5), one),
    path(ridge(random, 240, 55, 6), three),
  ];
}

export function magic(random, [one, two, three]) {
  const x = random.between(60, 140);
  const tower = (at, width, height) => [
    rect(at - width / 2, 215 - height, width, height + 30, three),
    path(`M${at - width * 0.75} ${215 - height}L${at} ${215 - height - width * 1.8}L${at + width * 0.75} ${215 - height}Z`, one),
  ];
  return [
    stars(random, two, 26),
    circle(random.between(40, 160), random.between(50, 80), random.between(18, 30), two),
    path(ridge(random, 225, 60, 5), one, { opacity: 0.45 }),
    tower(x - 26, 18, random.between(30, 55)),
    tower(x + 24, 16, random.between(20, 50)),
    tower(x, 24, random.between(60, 90)),
    path(ridge(random, 250, 35, 4), three),
  ];
}

export function blinds(random, [one, two, three]) {
  const x = random.between(55, 145);
  const y = random.between(80, 130);
  return [
    circle(x, y, random.between(48, 64), one, { opacity: 0.95 }),
    times(14, (place) => rect(0, 12 + place * 15, WIDTH, random.between(5, 9), three, { opacity: 0.55 })),
    path(`M${x - 17} ${y + 62}q0-42 17-42t17 42Z`, "#0b0a09"),
    circle(x, y + 6, 12, "#0b0a09"),
    rect(x - 22, y - 3, 44, 4.5, "#0b0a09", { rx: 2 }),
    rect(x - 12, y - 16, 24, 14, "#0b0a09", { rx: 3 }),
    rect(0, 214, WIDTH, 2, two, { opacity: 0.6 }),
  ];
}

export function orbits(random, [one, two, three]) {
  const [x, y, r] = [random.between(65, 135), random.between(85, 130), random.between(30, 44)];
  const tilt = { transform: `rotate(${random.between(-35, 35)} ${x} ${y})` };
  const ring = (size, stroke, width) => svg("ellipse", { cx: x, cy: y, rx: r * size, ry: r * size * 0.28, fill: "none", stroke, "stroke-width": width, ...tilt });
  return [
    stars(random, "#ffffff", 46, 0, 290),
    circle(x, y, r, two),
    path(`M${x - r} ${y}a${r} ${r} 0 0 0 ${2 * r} 0a${r * 1.25} ${r * 1.25} 0 0 1 ${-2 * r} 0Z`, three, { opacity: 0.55 }),
    ring(1.7, one, 4),
    ring(2.05, two, 1.5),
    circle(random.between(20, 180), random.between(25, 60), random.between(4, 10), one),
  ];
}

export function claws(random, [one, two, three]) {
  const [x, y] = [random.between(60, 140), random.between(70, 105)];
  return [
    circle(x, y, random.between(34, 48), two, { opacity: 0.9 }),
    times(11, (place) => {
      const at = place * 20 - 5 + random.between(-5, 5);
      return path(`M${at - 12} 0L${at} ${random.between(25, 75)}L${at + 12} 0Z`, three);
    }),
    times(9, (place) => {
      const at = place * 25 + random.between(-6, 6);
      return path(`M${at - 20} ${HEIGHT}L${at + random.between(-9, 9)} ${random.between(135, 195)}L${at + 20} ${HEIGHT}Z`, place % 2 ? one : three, { opacity: 0.9 });
    }),
  ];
}

export function desert(random, [one, two, three]) {
  const mesa = (x, width, top) => path(`M${x} 226L${x + 5} ${top + 12}L${x + 9} ${top}H${x + width - 9}L${x + width - 5} ${top + 12}L${x + width} 226Z`, three);
  const cactus = random.between(25, 165);
  return [
    circle(random.between(55, 145), random.between(95, 130), random.between(36, 50), two),
    mesa(random.between(-30, 20), random.between(60, 90), random.between(135, 165)),
    mesa(random.between(95, 140), random.between(50, 90), random.between(145, 175)),
    path(ridge(random, 232, 16, 4), one),
    svg("g", { stroke: one, "stroke-width": 7, "stroke-linecap": "round", fill: "none" },
      svg("path", { d: `M${cactus} 232V172M${cactus} 208h-13v-17M${cactus} 200h13v-17` })),
  ];
}

export function skyline(random, [one, two, three]) {
  const houses = (base, low, high, colour, lit) => {
    const drawn = [];
    for (let x = -10; x < WIDTH; ) {
      const [width, height] = [random.between(18, 34), random.between(low, high)];
      drawn.push(rect(x, base - height, width, HEIGHT, colour));
      for (let y = base - height + 8; lit && y < base + 10; y += 11) {
        for (let at = x + 5; at < x + width - 5; at += 8) if (random.maybe(0.45)) drawn.push(rect(at, y, 3.4, 5, two));
      }
      x += width + random.between(0, 5);
    }
    return drawn;
  };
  return [
    circle(random.between(45, 155), random.between(55, 85), random.between(18, 32), two, { opacity: 0.9 }),
    svg("g", { opacity: 0.45 }, houses(200, 50, 115, one, false)),
    houses(215, 20, 80, three, true),
  ];
}

export function balloons(random, accents) {
  const strings = random.between(85, 115);
  return times(random.whole(4, 6), (place) => {
    const [x, y, r] = [random.between(30, 170), random.between(45, 130), random.between(19, 30)];
    const fill = accents[place % 3];
    return [
      stroke(`M${x} ${y + r}Q${x + random.between(-18, 18)} ${y + 75} ${strings} 232`, fill, 1.3, { opacity: 0.8 }),
      path(`M${x - 4} ${y + r * 1.28}L${x} ${y + r * 1.08}L${x + 4} ${y + r * 1.28}Z`, fill),
      svg("ellipse", { cx: x, cy: y, rx: r * 0.92, ry: r * 1.12, fill }),
      svg("ellipse", { cx: x - r * 0.34, cy: y - r * 0.42, rx: r * 0.16, ry: r * 0.26, fill: "#ffffff", opacity: 0.55 }),
    ];
  });
}

export function smile(random, [one, , three]) {
  const [x, y, r] = [random.between(88, 112), random.between(98, 116), random.between(52, 66)];
  const lean = { transform: `rotate(${random.between(-22, 22)} ${x} ${y})` };
  const wink = random.maybe(0.35);
  const [face, ink] = [random.pick(["#ffd84d", "#ffcf56", "#ffe27a", "#ffc247"]), "#3a2a1a"];
  return [
    times(12, () => circle(random.between(0, 200), random.between(8, 215), random.between(3, 8), random.pick([one, three]), { opacity: 0.7 })),
    circle(x, y, r, face),
    svg("g", lean,
      circle(x - r * 0.36, y - r * 0.2, r * 0.1, ink),
      wink ? stroke(`M${x + r * 0.22} ${y - r * 0.2}h${r * 0.28}`, ink, r * 0.1) : circle(x + r * 0.36, y - r * 0.2, r * 0.1, ink),
      path(`M${x - r * 0.52} ${y + r * 0.12}H${x + r * 0.52}A${r * 0.52} ${r * 0.52} 0 0 1 ${x - r * 0.52} ${y + r * 0.12}Z`, ink)),
  ];
}

export function bunting(random, accents) {
  const string = (y, drop, count) => [
    stroke(`M-5 ${y}Q100 ${y + 2 * drop} 205 ${y}`, accents[2], 1.5),
    times(count, (place) => {
      const along = (place + 0.5) / count;
      const [x, top] = [along * 210 - 5, y + 4 * drop * along * (1 - along)];
      return path(`M${x - 8} ${top}h16L${x} ${top + 21}Z`, accents[place % 3]);
    }),
  ];
  return [30, 82, 134].map((y) => string(y + random.between(-8, 8), random.between(8, 22), random.whole(7, 9)));
}

export function sail(random, [one, two, three]) {
  const [x, y] = [random.between(75, 125), random.between(168, 182)];
  const swell = (at, fill, opacity) => path(`M-20 ${at}q25 -12 50 0t50 0t50 0t50 0t50 0V${HEIGHT}H-20Z`, fill, { opacity });
  return [
    circle(random.between(30, 170), random.between(48, 80), random.between(20, 32), two, { opacity: 0.85 }),
    path(`M${x} ${y - 112}L${x + 52} ${y - 18}H${x}Z`, two),
    path(`M${x - 5} ${y - 92}L${x - 38} ${y - 18}H${x - 5}Z`, three, { opacity: 0.85 }),
    path(`M${x - 46} ${y - 11}H${x + 58}L${x + 40} ${y + 12}H${x - 30}Z`, three),
    swell(y + 4, one, 0.7),
    swell(y + 24, one, 1),
  ];
}

export function road(random, [one, two, three]) {
  const [x, y] = [random.between(70, 130), random.between(118, 135)];
  return [
    circle(x + random.between(-30, 30), y - random.between(4, 22), random.between(26, 40), two),
    path(`M0 ${y}H200V${HEIGHT}H0Z`, one),
    path(ridge(random, y + 1, 26, 6).replace(`L240 ${HEIGHT}Z`, `L240 ${y + 1}Z`).replace(`M-40 ${HEIGHT}`, `M-40 ${y + 1}`), three, { opacity: 0.6 }),
    path(`M${x - 3} ${y}h6L${x + 105} ${HEIGHT}h-210Z`, three),
    times(5, (place) => {
      const [top, low] = [y + 6 + place * place * 7, y + 13 + place * place * 7 + place * 5];
      return path(`M${x - 1 - place} ${top}h${2 + 2 * place}l${0.8} ${low - top}h${-3.6 - 2 * place}Z`, two);
    }),
  ];
}

export function tree(random, [one, two, three]) {
  const x = random.between(75, 125);
  const branch = (fromX, fromY, angle, length, width) => {
    const [toX, toY] = [fromX + length * Math.cos(angle), fromY - length * Math.sin(angle)];
    const drawn = [stroke(`M${fromX} ${fromY}L${toX} ${toY}`, three, width)];
    if (width < 1.6) return [...drawn, random.maybe(0.75) ? circle(toX, toY, random.between(2.5, 6.5), random.maybe(0.6) ? one : two, { opacity: 0.9 }) : null];
    return [...drawn, ...[-1, 1].flatMap((side) => branch(toX, toY, angle + side * random.between(0.25, 0.62), length * random.between(0.68, 0.84), width * 0.62))];
  };
  return [
    circle(x + random.between(-45, 45), random.between(70, 100), random.between(34, 50), two, { opacity: 0.5 }),
    branch(x, 232, Math.PI / 2 + random.between(-0.12, 0.12), random.between(44, 56), 9),
    path(ridge(random, 236, 14, 4), three),
  ];
}

export function eye(random, [one, two, three]) {
  const [y, open] = [random.between(95, 120), random.between(42, 62)];
  const lid = `M12 ${y}Q100 ${y - 1.7 * open} 188 ${y}Q100 ${y + 1.7 * open} 12 ${y}Z`;
  const at = random.between(88, 112);
  return [
    times(11, (place) => stroke(`M100 ${y}L${100 + 240 * Math.cos((place * Math.PI) / 5.5)} ${y + 240 * Math.sin((place * Math.PI) / 5.5)}`, three, 7, { opacity: 0.5 })),
    path(lid, two),
    circle(at, y, open * 0.68, one),
    circle(at, y, open * 0.34, "#0d0b0a"),
    circle(at + open * 0.18, y - open * 0.2, open * 0.1, "#ffffff"),
  ];
}

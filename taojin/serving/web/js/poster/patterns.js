/** Posters of pure form: each a drawing out of chance and a palette's three accents. */
import { HEIGHT, WIDTH, circle, path, rect, times } from "./shapes.js";

export function rays(random, [one, two, three]) {
  const x = random.between(40, 160);
  const y = random.between(90, 150);
  const count = random.whole(9, 15);
  const turn = random.between(0, Math.PI);
  const at = (angle) => `${x + 420 * Math.cos(angle)} ${y + 420 * Math.sin(angle)}`;
  return [
    times(count, (place) => {
      const angle = turn + (2 * Math.PI * place) / count;
      return path(`M${x} ${y}L${at(angle)}L${at(angle + Math.PI / count)}Z`, place % 3 ? one : three, { opacity: 0.5 });
    }),
    circle(x, y, random.between(26, 44), two),
    circle(x, y, random.between(12, 22), one),
  ];
}

export function confetti(random, accents) {
  const big = random.whole(2, 3);
  return [
    times(big, () => circle(random.between(20, 180), random.between(30, 180), random.between(30, 58), random.pick(accents), { opacity: 0.85 })),
    times(22, () => {
      const [x, y, size] = [random.between(0, 200), random.between(0, 215), random.between(3, 9)];
      const fill = random.pick(accents);
      const turn = { transform: `rotate(${random.between(0, 90)} ${x} ${y})` };
      return random.maybe(0.5) ? circle(x, y, size / 1.6, fill) : rect(x, y, size * 2, size, fill, { rx: size / 2, ...turn });
    }),
  ];
}

export function waves(random, [one, two, three]) {
  const wave = (y, swing, fill, opacity) => {
    const shift = random.between(-30, 30);
    return path(`M-40 ${y}C${20 + shift} ${y - swing} ${60 + shift} ${y + swing} 100 ${y}S${180 + shift} ${y - swing} 240 ${y}V${HEIGHT}H-40Z`, fill, { opacity });
  };
  return [
    circle(random.between(50, 150), random.between(80, 125), random.between(30, 52), two, { opacity: 0.92 }),
    wave(random.between(130, 145), random.between(14, 34), one, 0.55),
    wave(random.between(160, 175), random.between(14, 30), one, 0.75),
    wave(random.between(192, 205), random.between(10, 26), three, 0.9),
  ];
}

export function embrace(random, [one, two, three]) {
  const r = random.between(40, 56);
  const [x, y, lean] = [100, random.between(95, 120), random.between(-16, 16)];
  return [
    times(3, (place) => circle(x, y, r + 26 + place * 24, "none", { stroke: two, "stroke-width": 1, opacity: 0.35 })),
    circle(x - r * 0.52, y - lean / 2, r, one, { opacity: 0.85 }),
    circle(x + r * 0.52, y + lean / 2, r, three, { opacity: 0.75 }),
    times(9, () => circle(random.between(10, 190), random.between(15, 210), random.between(1.5, 4), two, { opacity: 0.8 })),
  ];
}

export function rings(random, [one, two, three]) {
  const [x, y] = [random.between(70, 130), random.between(85, 130)];
  const [driftX, driftY] = [random.between(-3.5, 3.5), random.between(-3.5, 3.5)];
  return [
    times(9, (place) => circle(x + driftX * place, y + driftY * place, 108 - place * 12, place % 2 ? three : one, { opacity: place % 2 ? 0.9 : 0.75 })),
    circle(x + driftX * 9, y + driftY * 9, 7, two),
  ];
}

export function bars(random, accents) {
  const count = random.whole(9, 13);
  const width = WIDTH / count;
  return [
    circle(random.between(50, 150), random.between(60, 100), random.between(40, 60), accents[2], { opacity: 0.3 }),
    times(count, (place) => {
      const swell = Math.sin((Math.PI * (place + 0.5)) / count);
      const height = 25 + swell * random.between(60, 150);
      return rect(place * width + 2.5, 215 - height, width - 5, height, accents[place % 3], { rx: (width - 5) / 2 });
    }),
  ];
}

export function tiles(random, accents) {
  const size = 50;
  return times(16, (place) => {
    const [x, y] = [(place % 4) * size, Math.floor(place / 4) * size + 8];
    const [fill, other] = [random.pick(accents), random.pick(accents)];
    const turn = { transform: `rotate(${90 * random.whole(0, 3)} ${x + size / 2} ${y + size / 2})` };
    switch (random.whole(0, 4)) {
      case 0: return path(`M${x} ${y}h${size}a${size} ${size} 0 0 1 ${-size} ${size}Z`, fill, turn);
      case 1: return circle(x + size / 2, y + size / 2, size / 2 - 5, fill);
      case 2: return path(`M${x} ${y}L${x + size} ${y + size}H${x}Z`, fill, turn);
      case 3: return [rect(x, y, size, size, fill), circle(x + size / 2, y + size / 2, 11, other)];
      default: return null;
    }
  });
}

export function stripes(random, [one, two, three]) {
  const [low, step] = [random.between(55, 90), random.between(20, 28)];
  return [
    circle(random.between(45, 155), random.between(45, 70), random.between(18, 26), two, { opacity: 0.85 }),
    times(6, (place) => path(`M0 ${low + place * step + 40}L100 ${low + place * step}L200 ${low + place * step + 40}v${step * 0.55}L100 ${low + place * step + step * 0.55}L0 ${low + place * step + 40 + step * 0.55}Z`, place % 2 ? three : one, { opacity: 0.85 })),
  ];
}

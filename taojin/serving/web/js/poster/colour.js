/** Colours as "#rrggbb". */

/** The colour with its hue turned by some degrees; its lightness and saturation stay. */
export function turned(colour, degrees) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  const [high, low] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  const spread = high - low;
  if (spread === 0) return colour;
  const sixth = high === red ? (green - blue) / spread : high === green ? 2 + (blue - red) / spread : 4 + (red - green) / spread;
  const hue = (((60 * sixth + degrees) % 360) + 360) % 360;
  const channel = (shift) => {
    const place = (shift + hue / 60) % 6;
    return high - spread * Math.max(0, Math.min(place, 4 - place, 1));
  };
  return `#${[5, 3, 1].map((shift) => Math.round(255 * channel(shift)).toString(16).padStart(2, "0")).join("")}`;
}

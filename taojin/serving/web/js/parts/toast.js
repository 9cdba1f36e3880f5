/** A line at the foot of the window that goes away by itself. */

const SHOWN_MS = 3500;
let timer = 0;

export function toast(text) {
  const place = document.getElementById("toast");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => place.classList.remove("shown"), SHOWN_MS);
}

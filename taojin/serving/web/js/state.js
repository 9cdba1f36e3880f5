/** Who is looking, and in which language; kept in the browser. */

const KEYS = { user: "taojin.user", language: "taojin.language" };
const listeners = new Set();

/** Id of the current user, null before one was chosen. */
export const user = () => localStorage.getItem(KEYS.user);

/** "en" or "zh": what was chosen, else what the browser prefers. */
export function language() {
  return localStorage.getItem(KEYS.language) ?? (navigator.language.startsWith("zh") ? "zh" : "en");
}

export function chooseUser(id) {
  localStorage.setItem(KEYS.user, id);
  tell();
}

export function chooseLanguage(name) {
  localStorage.setItem(KEYS.language, name);
  tell();
}

/** An id that nobody has yet. */
export function newVisitor() {
  const bytes = crypto.getRandomValues(new Uint8Array(5));
  return `visitor-${[...bytes].map((byte) => byte.toString(36).padStart(2, "0")).join("").slice(0, 8)}`;
}

export const isVisitor = (id) => id.startsWith("visitor-");

/** Calls the listener after each change. */
export function onChange(listener) {
  listeners.add(listener);
}

function tell() {
  for (const listener of listeners) listener();
}

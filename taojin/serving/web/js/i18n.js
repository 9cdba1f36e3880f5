/** Words in the current language. */
import * as state from "./state.js";
import * as en from "./words/en.js";
import * as zh from "./words/zh.js";

const LANGUAGES = { en, zh };

/** A text by its name, with {places} filled in. */
export function t(name, values = {}) {
  const text = LANGUAGES[state.language()].words[name];
  return text.replace(/\{(\w+)\}/g, (_, place) => values[place]);
}

/** What a channel means to a viewer; its own name where nobody has written more. */
export const channelText = (name) => LANGUAGES[state.language()].words.channel[name] ?? name;

/** A genre or other word of the catalogue, translated where it is known. */
export const word = (text) => LANGUAGES[state.language()].genreWords[text] ?? text;

/** Name of a field of the catalogue. */
export function fieldName(field) {
  const text = LANGUAGES[state.language()].words[field];
  return typeof text === "string" ? text : (field[0].toUpperCase() + field.slice(1)).replaceAll("_", " ");
}

export const listed = (words) => words.map(word).join(state.language() === "zh" ? "、" : ", ");

export const number = (value) => new Intl.NumberFormat(state.language()).format(value);

export const userName = (id) => (state.isVisitor(id) ? t("visitor") : t("user", { id }));

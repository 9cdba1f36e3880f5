/** Search results, and the films of one genre. */
import * as api from "../api.js";
import { h, replace } from "../dom.js";
import { film } from "../film.js";
import { t, word } from "../i18n.js";
import { card } from "../parts/card.js";
import { empty, failed, skeletons } from "../parts/status.js";
import * as state from "../state.js";
import { fields } from "./home.js";

const FOUND = 60;

export async function search(page) {
  await list(page, t("results", { text: page.argument }), t("noResults"), () => api.search(page.argument, FOUND));
}

export async function genre(page) {
  const question = { user: state.user(), n: FOUND, only: { genres: [page.argument] }, fields: fields(page.catalogue) };
  await list(page, word(page.argument), t("empty"), () => api.recommend(question));
}

async function list({ main, catalogue, alive }, title, nothing, ask) {
  const cards = h("ul", { class: "grid", "aria-busy": "true" }, skeletons(12));
  main.append(h("div", { class: "intro" }, h("h1", {}, title)), cards);
  await fill();

  async function fill() {
    try {
      const films = (await ask()).items.map(film);
      if (!alive()) return;
      replace(cards, films.length ? films.map((one) => card(one, catalogue)) : h("li", { class: "whole" }, empty(nothing)));
    } catch (error) {
      replace(cards, h("li", { class: "whole" }, failed(error, fill)));
    }
    cards.removeAttribute("aria-busy");
  }
}

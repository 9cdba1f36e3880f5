/** One film: what is known of it, the viewer's reaction, and films like it. */
import * as api from "../api.js";
import { h, replace } from "../dom.js";
import { film, genreLink } from "../film.js";
import { fieldName, t, word } from "../i18n.js";
import { card } from "../parts/card.js";
import { likeButton, ratingStars, remember } from "../parts/reactions.js";
import { empty, failed, skeletons } from "../parts/status.js";
import { poster, tint } from "../poster/poster.js";
import * as state from "../state.js";
import { fields } from "./home.js";

const SIMILAR = 18;
const PEOPLE_SHOWN = 8;
const ELSEWHERE = {
  imdb: (id) => `https://www.imdb.com/title/tt${String(id).replace(/^tt/, "").padStart(7, "0")}/`,
  tmdb: (id) => `https://www.themoviedb.org/movie/${id}`,
};

export async function item({ main, catalogue, alive, argument: id }) {
  const [found, past] = await Promise.all([api.item(id), api.history(state.user(), { item: id })]);
  if (!alive()) return;
  remember(past.events, catalogue.positive);
  const shown = film(found);
  document.title = `${shown.title} · Taojin`;
  const list = h("ul", { class: "grid", "aria-busy": "true" }, skeletons(6));
  main.append(about(shown, past.events, catalogue), h("section", { class: "block", "aria-labelledby": "more-like" }, h("h2", { id: "more-like" }, t("moreLike")), list));
  await alike(list, shown, catalogue);
}

async function alike(list, shown, catalogue) {
  try {
    const answer = await api.similar(shown.id, { n: SIMILAR, fields: fields(catalogue) });
    const films = answer.items.map(film);
    replace(list, films.length ? films.map((other) => card(other, catalogue, { reason: true, here: shown.id })) : empty());
  } catch (error) {
    replace(list, h("li", { class: "whole" }, failed(error, () => alike(list, shown, catalogue))));
  }
  list.removeAttribute("aria-busy");
}

function about(shown, events, catalogue) {
  const rating = events.find((event) => event.events.includes("rate") && event.value !== null)?.value ?? 0;
  const stars = ratingStars(shown, catalogue, rating, async () => {});
  const hero = h("article", { class: "film" },
    h("div", { class: "film-poster" }, poster(shown)),
    h("div", { class: "film-text" },
      h("h1", {}, shown.title),
      h("p", { class: "chips" },
        shown.year ? h("span", { class: "chip plain-chip" }, String(shown.year)) : null,
        shown.genres.map((genre) => h("a", { class: "chip", href: genreLink(genre) }, word(genre)))),
      h("div", { class: "reaction", role: "group", "aria-label": t("yourReaction") }, likeButton(shown, catalogue, { wide: true }), stars),
      facts(shown.fields)));
  const [lively] = tint(shown);
  hero.style.setProperty("--lively", lively);
  return hero;
}

/** The other fields of the catalogue, a line each. */
function facts(known) {
  const lines = Object.entries(known).filter(([field, value]) => !["genres", "year"].includes(field) && filled(value));
  if (!lines.length) return null;
  return h("dl", { class: "facts", "aria-label": t("details") }, lines.map(([field, value]) => [h("dt", {}, fieldName(field)), h("dd", {}, told(field, value))]));
}

const filled = (value) => value !== null && value !== "" && !(Array.isArray(value) && !value.length);

function told(field, value) {
  if (field in ELSEWHERE) return h("a", { href: ELSEWHERE[field](value), rel: "noopener noreferrer", target: "_blank" }, String(value));
  if (field === "released") return new Intl.DateTimeFormat(state.language(), { dateStyle: "long", timeZone: "UTC" }).format(value);
  if (Array.isArray(value)) return value.slice(0, PEOPLE_SHOWN).map(word).join(" · ");
  return word(String(value));
}

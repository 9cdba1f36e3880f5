/** Home: the best film for tonight, then rows that never repeat one another. */
import * as api from "../api.js";
import { h } from "../dom.js";
import { CARD_FIELDS, film, genreLink, link } from "../film.js";
import { t, userName, word } from "../i18n.js";
import { reasonText } from "../parts/card.js";
import { likeButton } from "../parts/reactions.js";
import { row } from "../parts/row.js";
import { failed } from "../parts/status.js";
import { poster, tint } from "../poster/poster.js";
import * as state from "../state.js";

const IN_ROW = 16;
const GENRES_SHOWN = 5;
const NEWEST_YEARS = 3;

export async function home({ main, catalogue, alive }) {
  const plans = rows(catalogue).map((plan) => ({ ...plan, row: row(plan.title, plan) }));
  const top = h("section", { class: "pick skeleton", "aria-busy": "true" });
  main.append(h("h1", { class: "unseen" }, t("home")), top, ...plans.map((plan) => plan.row.section));
  const shown = [];
  for (const plan of plans) {
    await fill(plan);
    if (!alive()) return;
  }

  async function fill(plan) {
    try {
      const first = plan === plans[0];
      const question = { user: state.user(), n: IN_ROW + (first ? 1 : 0), exclude: shown, fields: fields(catalogue), ...plan.question };
      const films = (await api.recommend(question)).items.map(film);
      shown.push(...films.map(({ id }) => id));
      if (first) drawPick(top, films.shift(), catalogue);
      if (!films.length && plan !== plans[0]) plan.row.section.remove();
      else plan.row.show(films, catalogue, { reason: plan.personal });
    } catch (error) {
      top.classList.remove("skeleton");
      plan.row.fail(failed(error, () => fill(plan)));
    }
  }
}

/** Which fields of the cards this catalogue has. */
export const fields = (catalogue) => CARD_FIELDS.filter((field) => catalogue.fields.includes(field));

/** The rows that this bundle can fill, each with its question. */
function rows(catalogue) {
  const lists = [
    { title: t("hot"), question: scene(catalogue, "hot") },
    { title: t("fresh"), question: scene(catalogue, "new") ?? newest(catalogue) },
    { title: t("topRated"), question: scene(catalogue, "top_rated") },
    { title: t("popular"), question: scene(catalogue, "popular") },
  ];
  const genres = (catalogue.values.genres ?? []).filter((genre) => !genre.startsWith("(")).slice(0, GENRES_SHOWN);
  return [
    { title: t("forYou"), question: {}, personal: true, href: "#/for-you" },
    ...lists.filter((plan) => plan.question),
    ...genres.map((genre) => ({ title: word(genre), question: { only: { genres: [genre] } }, href: genreLink(genre) })),
  ];
}

/** A list of its own: a scene of this name, else the channel of this name alone. */
function scene(catalogue, name) {
  if (name in catalogue.scenes) return { scene: name };
  return catalogue.scenes.for_you.includes(name) ? { channels: [name] } : null;
}

function newest(catalogue) {
  const years = catalogue.values.year?.toSorted((a, b) => b - a);
  return years ? { only: { year: years.slice(0, NEWEST_YEARS) } } : null;
}

function drawPick(place, best, catalogue) {
  place.removeAttribute("aria-busy");
  place.classList.remove("skeleton");
  if (!best) {
    place.remove();
    return;
  }
  const [lively, dark] = tint(best);
  place.style.setProperty("--lively", lively);
  place.style.setProperty("--dark", dark);
  const why = reasonText(best);
  place.append(
    h("a", { class: "pick-poster", href: link(best.id), tabindex: -1, "aria-hidden": "true" }, poster(best)),
    h("div", { class: "pick-text" },
      h("p", { class: "eyebrow" }, `${t("topPick")} · ${userName(state.user())}`),
      h("h2", {}, best.title),
      h("p", { class: "pick-meta" }, [best.year, ...best.genres.map(word)].filter(Boolean).join(" · ")),
      why ? h("p", { class: "pick-why" }, why) : null,
      h("div", { class: "actions" },
        h("a", { class: "button", href: link(best.id) }, t("open")),
        likeButton(best, catalogue, { wide: true }))));
}

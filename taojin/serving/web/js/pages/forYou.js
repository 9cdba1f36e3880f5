/** For you: a feed without end and without repeats that follows each reaction. */
import * as api from "../api.js";
import { h, replace } from "../dom.js";
import { film, link } from "../film.js";
import { t, userName } from "../i18n.js";
import { card } from "../parts/card.js";
import { remember } from "../parts/reactions.js";
import { empty, failed, skeletons } from "../parts/status.js";
import { poster } from "../poster/poster.js";
import * as state from "../state.js";
import { fields } from "./home.js";

const PAGE = 24;
const MOST_EXCLUDED = 1000;
const LATEST = 10;

export async function forYou({ main, catalogue, alive }) {
  const latest = h("section", { class: "latest", "aria-label": t("latest") });
  const list = h("ul", { class: "grid", "aria-busy": "true" });
  const foot = h("div", { class: "foot" });
  const more = h("button", { class: "button quiet", type: "button", onclick: () => next() }, t("more"));
  const notice = h("p", { class: "note", role: "status", hidden: true }, t("degraded"));
  main.append(
    h("div", { class: "intro" }, h("h1", {}, t("forYou")), h("p", { class: "meta" }, `${userName(state.user())} · ${t("feedIntro")}`)),
    latest, notice, list, foot);
  let turn = 0;
  let busy = false;
  const watcher = new IntersectionObserver((entries) => entries[0].isIntersecting && next(), { rootMargin: "600px" });
  watcher.observe(foot);
  await Promise.all([drawLatest(), next()]);

  /** Puts the next films under those that are there. */
  async function next() {
    if (busy || !alive()) return alive() || watcher.disconnect();
    busy = true;
    const asked = turn;
    const waiting = skeletons(8);
    replace(foot);
    list.append(...waiting);
    try {
      const shown = [...list.querySelectorAll("[data-item]")].map((entry) => entry.dataset.item);
      const answer = await api.recommend({ user: state.user(), n: PAGE, exclude: shown.slice(-MOST_EXCLUDED), fields: fields(catalogue) });
      if (asked === turn) add(answer, shown.length + answer.items.length);
    } catch (error) {
      replace(foot, failed(error, next));
    } finally {
      waiting.forEach((entry) => entry.remove());
      list.removeAttribute("aria-busy");
      busy = false;
    }
    return null;
  }

  function add(answer, total) {
    notice.hidden = !answer.degraded.length;
    list.append(...answer.items.map(film).map((one) => card(one, catalogue, { reason: true, after: () => follow(one.id) })));
    const ended = answer.exhausted || total >= MOST_EXCLUDED;
    replace(foot, ended ? empty(t(total ? "feedEnd" : "feedEmpty")) : more);
    watcher.disconnect();
    // Watching anew asks again at once if the foot is still in sight.
    if (!ended) watcher.observe(foot);
  }

  /** After a like: what is above and with the film stays, what follows is asked anew. */
  async function follow(id) {
    turn += 1;
    busy = false;
    const entries = [...list.children];
    const place = entries.findIndex((entry) => entry.dataset.item === id);
    for (const entry of entries.slice(place + 1)) entry.remove();
    list.classList.add("fresh");
    await Promise.all([drawLatest(), next()]);
  }

  async function drawLatest() {
    const { events } = await api.history(state.user(), { event: catalogue.positive, limit: 4 * LATEST });
    remember(events, catalogue.positive);
    const films = events.filter(({ item }) => item?.title).map(({ item }) => film(item));
    const distinct = [...new Map(films.map((one) => [one.id, one])).values()].slice(0, LATEST);
    if (distinct.length) replace(latest, h("h2", {}, t("latest")), h("ul", {}, distinct.map(small)));
  }
}

function small(one) {
  return h("li", {}, h("a", { href: link(one.id), "aria-label": one.title, title: one.title }, poster(one)));
}

/** Likes and ratings: posted as events, and remembered for as long as the page lives. */
import * as api from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import * as state from "../state.js";
import { heart, star } from "./icons.js";
import { toast } from "./toast.js";

const STARS = [1, 2, 3, 4, 5];
const liked = new Set();
const key = (item) => `${state.user()} ${item}`;

/** Remembers what a user's history says. */
export function remember(events, positive) {
  for (const { item, events: kinds } of events) if (item && kinds.includes(positive)) liked.add(key(item.id));
}

/** A heart; `after` runs once the like is on disk. Nothing where the data knows no likes. */
export function likeButton(film, catalogue, { after = null, wide = false } = {}) {
  if (!catalogue.kinds.includes("like")) return null;
  const text = h("span", { class: wide ? "" : "unseen" });
  const button = h("button", { class: wide ? "button like" : "like", type: "button", onclick: press }, heart(), text);
  show();
  return button;

  function show() {
    const already = liked.has(key(film.id));
    button.setAttribute("aria-pressed", already);
    button.setAttribute("aria-label", t("likeFilm", { title: film.title }));
    text.textContent = already ? t("liked") : t("like");
  }

  async function press() {
    if (liked.has(key(film.id))) return;
    button.disabled = true;
    if (await post({ item: film.id, event: "like" })) {
      liked.add(key(film.id));
      toast(t(after ? "thanks" : "thanksItem", { title: film.title }));
      await after?.();
    }
    show();
    button.disabled = false;
  }
}

/** Five stars; nothing where the data knows no ratings. */
export function ratingStars(film, catalogue, before, after) {
  if (!catalogue.kinds.includes("rate")) return null;
  const group = h("div", { class: "stars", role: "radiogroup", "aria-label": t("yourRating") });
  group.append(...STARS.map((value) =>
    h("label", { class: "star", title: t("rateStars", { n: value }) },
      h("input", { type: "radio", name: "rating", value, class: "unseen", "aria-label": t("rateStars", { n: value }), checked: Math.round(before) === value, onchange: () => rate(value) }),
      star())));
  show(Math.round(before));
  return group;

  function show(value) {
    [...group.children].forEach((label, place) => label.classList.toggle("lit", place < value));
  }

  async function rate(value) {
    show(value);
    if (await post({ item: film.id, event: "rate", value })) {
      toast(t("thanksItem", { title: film.title }));
      await after();
    }
  }
}

async function post(event) {
  try {
    await api.react({ user: state.user(), ...event });
    return true;
  } catch (error) {
    toast(`${t("wrong")}: ${error.message}`);
    return false;
  }
}

/** A film as a card. */
import { h } from "../dom.js";
import { link } from "../film.js";
import { channelText, listed, t, word } from "../i18n.js";
import { poster } from "../poster/poster.js";
import { likeButton } from "./reactions.js";

const WORDS_SHOWN = 2;

/** Why a film is there: what it has in common with another, else the channel that placed it best. */
export function reasonText(film, here = null) {
  if (film.reason) {
    const words = listed(Object.values(film.reason.shared).flat().slice(0, WORDS_SHOWN));
    return film.reason.id === here ? t("commonHere", { words }) : t("common", { words, title: film.reason.title });
  }
  return film.channels.length ? channelText(film.channels[0]) : "";
}

/**
 * A list entry with poster, title and a heart.
 *
 * reason  show why it is there; `here` is the film whose page this is
 * after   runs once a like is on disk
 */
export function card(film, catalogue, { reason = false, here = null, after = null } = {}) {
  const meta = [film.year, ...film.genres.slice(0, 2).map(word)].filter(Boolean).join(" · ");
  const why = reason ? reasonText(film, here) : "";
  return h("li", { class: "card", "data-item": film.id },
    h("a", { class: "cover", href: link(film.id) },
      poster(film),
      h("span", { class: "name" }, film.title),
      meta ? h("span", { class: "meta" }, meta) : null,
      why ? h("span", { class: "why" }, why) : null),
    likeButton(film, catalogue, { after }));
}

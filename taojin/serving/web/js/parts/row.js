/** A row of cards that scrolls sideways. */
import { h, replace } from "../dom.js";
import { t } from "../i18n.js";
import { card } from "./card.js";
import { back, forth } from "./icons.js";
import { empty, skeletons } from "./status.js";

let rows = 0;

/** A row that is filled later: `show(films)` puts cards in, `fail(element)` something else. */
export function row(title, { href = null } = {}) {
  rows += 1;
  const id = `row-${rows}`;
  const list = h("ul", { class: "cards", "aria-busy": "true" }, skeletons(8));
  const earlier = arrow("earlier", back, -1);
  const later = arrow("later", forth, 1);
  const section = h("section", { class: "row", "aria-labelledby": id },
    h("div", { class: "head" },
      h("h2", { id }, title),
      href ? h("a", { class: "all", href }, t("all")) : null,
      h("div", { class: "arrows" }, earlier, later)),
    list);
  list.addEventListener("scroll", limits, { passive: true });
  return { section, show, fail };

  function show(films, catalogue, options) {
    list.removeAttribute("aria-busy");
    if (films.length) replace(list, films.map((film) => card(film, catalogue, options)));
    else fail(empty());
    limits();
  }

  function fail(element) {
    list.removeAttribute("aria-busy");
    replace(list, h("li", { class: "whole" }, element));
  }

  function arrow(name, picture, direction) {
    const move = () => list.scrollBy({ left: direction * list.clientWidth * 0.85, behavior: "smooth" });
    return h("button", { class: "arrow", type: "button", "aria-label": t(name), onclick: move }, picture());
  }

  function limits() {
    earlier.disabled = list.scrollLeft < 8;
    later.disabled = list.scrollLeft + list.clientWidth > list.scrollWidth - 8;
  }
}

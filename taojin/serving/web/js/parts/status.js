/** What a page shows while it waits, when there is nothing, and when something failed. */
import { h } from "../dom.js";
import { t } from "../i18n.js";

export const empty = (text = t("empty")) => h("p", { class: "note" }, text);

/** An error with its message and a way to try again. */
export function failed(error, again) {
  return h("div", { class: "note wrong", role: "alert" },
    h("strong", {}, t("wrong")),
    h("p", {}, error.message),
    h("button", { class: "button", type: "button", onclick: again }, t("again")));
}

/** Empty cards of the size of real ones. */
export function skeletons(count) {
  return Array.from({ length: count }, () => h("li", { class: "card skeleton", "aria-hidden": "true" }, h("div", { class: "poster" })));
}

export const starting = () =>
  h("div", { class: "note starting", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), h("p", {}, t("starting")));

/** The dialog in which another user is chosen. */
import * as api from "../api.js";
import { h, replace } from "../dom.js";
import { number, t, userName } from "../i18n.js";
import * as state from "../state.js";
import { cross } from "./icons.js";
import { failed } from "./status.js";

const SHOWN = 12;

/** Opens the dialog. */
export async function choosePerson() {
  const dialog = document.getElementById("people");
  const list = h("ul", { class: "persons", "aria-busy": true }, Array.from({ length: SHOWN }, () => h("li", { class: "person-choice" })));
  replace(dialog,
    h("div", { class: "head" },
      h("h2", { id: "people-title" }, t("chooseUser")),
      h("button", { class: "plain round", type: "button", "aria-label": t("close"), onclick: () => dialog.close() }, cross())),
    h("p", { class: "meta" }, t("chooseUserWhy")),
    h("button", { class: "button", type: "button", onclick: () => choose(state.newVisitor()) }, t("startAsVisitor")),
    list,
    otherForm());
  dialog.setAttribute("aria-labelledby", "people-title");
  // A handler that returned false would stop the form from being sent.
  dialog.onclick = (event) => {
    if (event.target === dialog) dialog.close();
  };
  if (!dialog.open) dialog.showModal();
  try {
    const { users } = await api.users(SHOWN);
    replace(list, users.map(entry));
  } catch (error) {
    replace(list, h("li", {}, failed(error, choosePerson)));
  }
  list.removeAttribute("aria-busy");
}

function entry({ id, events }) {
  return h("li", {},
    h("button", { class: "person-choice", type: "button", "aria-current": id === state.user(), onclick: () => choose(id) },
      h("span", { class: "face", "aria-hidden": "true" }, state.isVisitor(id) ? "✦" : id.slice(-2)),
      h("span", {}, h("strong", {}, userName(id)), h("span", { class: "meta" }, t("events", { count: number(events) })))));
}

function otherForm() {
  const input = h("input", { type: "text", name: "user", required: true, maxlength: 200, autocomplete: "off", placeholder: t("userId"), "aria-label": t("userId") });
  const submit = (event) => {
    event.preventDefault();
    choose(input.value.trim());
  };
  return h("form", { class: "other", onsubmit: submit },
    h("label", {}, t("anyUser"), input),
    h("button", { class: "button quiet", type: "submit" }, t("go")));
}

function choose(id) {
  if (!id) return;
  document.getElementById("people").close();
  state.chooseUser(id);
}

/** What stays around the pages: header, search, language, user, and on a phone the tabs at the foot. */
import { h, replace } from "../dom.js";
import { number, t, userName } from "../i18n.js";
import * as state from "../state.js";
import { glass, house, spark } from "./icons.js";
import { choosePerson } from "./people.js";

const TYPING_MS = 250;
const PAGES = [
  { href: "#/", name: "home", picture: house },
  { href: "#/for-you", name: "forYou", picture: spark },
];

/** Draws the frame in the language and for the user of now. */
export function drawFrame(catalogue) {
  document.documentElement.lang = state.language();
  document.getElementById("skip").textContent = t("skip");
  replace(document.getElementById("top"),
    h("a", { class: "brand", href: "#/", "aria-label": `Taojin, ${t("home")}` },
      h("img", { src: "favicon.svg", alt: "", width: 30, height: 30 }),
      h("span", {}, "Taojin"),
      h("span", { class: "brand-zh", lang: "zh" }, "淘金")),
    h("nav", { class: "menu", "aria-label": t("mainMenu") }, PAGES.map((page) => h("a", { href: page.href, "data-page": page.name }, t(page.name)))),
    searchForm(catalogue),
    h("button", { class: "plain language", type: "button", "aria-label": t("languageLabel"), onclick: switchLanguage }, t("language")),
    personButton());
  const tabs = document.getElementById("tabs");
  tabs.setAttribute("aria-label", t("mainMenu"));
  replace(tabs, PAGES.map((page) => h("a", { href: page.href, "data-page": page.name }, page.picture(), h("span", {}, t(page.name)))));
}

/** Marks where in the menu we are. */
export function markPage(name) {
  for (const link of document.querySelectorAll("[data-page]")) {
    if (link.dataset.page === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** Puts a text into the search box, unless someone types there. */
export function showSearched(text) {
  const box = document.getElementById("search");
  if (document.activeElement !== box) box.value = text;
}

function searchForm(catalogue) {
  let timer = 0;
  const input = h("input", {
    id: "search",
    type: "search",
    name: "search",
    autocomplete: "off",
    maxlength: 200,
    "aria-label": t("searchFilms"),
    placeholder: catalogue ? t("searchHint", { count: number(catalogue.items) }) : t("search"),
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(go, TYPING_MS);
    },
  });
  return h("form", { class: "search", role: "search", onsubmit: submit }, glass(), input);

  function submit(event) {
    event.preventDefault();
    clearTimeout(timer);
    go();
  }

  function go() {
    const text = input.value.trim();
    if (!text) return;
    const address = `#/search/${encodeURIComponent(text)}`;
    // While a word is typed the pages before the search must stay one step back.
    if (location.hash.startsWith("#/search/")) location.replace(address);
    else location.hash = address;
  }
}

function personButton() {
  const id = state.user();
  if (id === null) return null;
  return h("button", { class: "person", type: "button", "aria-haspopup": "dialog", "aria-label": `${t("viewingAs")} ${userName(id)}`, onclick: choosePerson },
    h("span", { class: "face", "aria-hidden": "true" }, state.isVisitor(id) ? "✦" : id.slice(-2)),
    h("span", { class: "who" }, userName(id)));
}

function switchLanguage() {
  state.chooseLanguage(state.language() === "en" ? "zh" : "en");
}

/** Starts the site and shows the page that the address names. */
import * as api from "./api.js";
import { h, replace } from "./dom.js";
import { t } from "./i18n.js";
import { forYou } from "./pages/forYou.js";
import { home } from "./pages/home.js";
import { item } from "./pages/item.js";
import { genre, search } from "./pages/lists.js";
import { drawFrame, markPage, showSearched } from "./parts/frame.js";
import { empty, failed, starting } from "./parts/status.js";
import * as state from "./state.js";

const PAGES = { "": home, "for-you": forYou, item, search, genre };
const NAMES = { "": "home", "for-you": "forYou" };
const main = document.getElementById("main");
let visit = 0;

window.addEventListener("hashchange", () => show({ moved: true }));
state.onChange(() => show());
show();

/** Draws the page of the current address; a page that was left stops drawing. */
async function show({ moved = false } = {}) {
  visit += 1;
  const mine = visit;
  const alive = () => mine === visit;
  const [name = "", argument = ""] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  document.title = "Taojin";
  replace(main);
  // While one types a search the frame stays, or the box would lose its focus.
  if (!moved) drawFrame(null);
  try {
    const catalogue = await api.catalogue(() => alive() && replace(main, starting()));
    if (state.user() === null) await chooseFirst();
    if (!alive()) return;
    replace(main);
    if (!moved) drawFrame(catalogue);
    markPage(NAMES[name]);
    showSearched(name === "search" ? argument : "");
    if (moved) toTop(name);
    const page = PAGES[name];
    if (page) await page({ main, catalogue, alive, argument });
    else main.append(h("h1", { class: "unseen" }, "404"), empty(t("notFound")));
  } catch (error) {
    if (alive()) replace(main, failed(error, () => show()));
  }
}

/** The first visit looks through the eyes of a user with a past. */
async function chooseFirst() {
  const { users } = await api.users(2);
  state.chooseUser(users.find(({ trained }) => trained)?.id ?? state.newVisitor());
}

/** A new page begins at its top, and a reader of the screen hears it; while one searches the focus stays in the box. */
function toTop(name) {
  window.scrollTo(0, 0);
  if (name !== "search") main.focus({ preventScroll: true });
}

/**
 * Builds elements. Text goes in as text nodes, never as markup, so nothing from outside is ever parsed as HTML.
 *
 * Attributes: `class`, `data-*`, `aria-*` and so on as they are called in HTML; a function is an event listener
 * (`onclick`); true sets an attribute without a value (`aria-*` to "true"); false, null and undefined leave it out.
 */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

const SVG = "http://www.w3.org/2000/svg";

/** The same for elements of a drawing. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Puts new children in the place of all old ones. */
export function replace(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(present));
  return element;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true && !name.startsWith("aria-")) element.setAttribute(name, "");
    else if (present(value)) element.setAttribute(name, String(value));
  }
  element.append(...children.flat(Infinity).filter(present));
  return element;
}

function present(value) {
  return value !== null && value !== undefined && value !== false;
}

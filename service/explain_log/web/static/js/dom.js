// Makes elements. Text is always set as text: nothing here reads markup.

import { words } from "./words.js";

/** An element with properties and children; `on…` are listeners, null and false are left out. */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "text") made.textContent = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** An element whose text is a word of the page: it follows the language. */
export function worded(tag, key, values = {}, properties = {}) {
  return setWord(el(tag, properties), key, values);
}

/** Gives an element a word of the page as its text. */
export function setWord(element, key, values = {}) {
  element.dataset.word = key;
  element.dataset.values = JSON.stringify(values);
  element.textContent = words(key, values);
  return element;
}

export const byId = (id) => document.getElementById(id);

const policy = globalThis.trustedTypes?.createPolicy("explain-log", { createHTML: (markup) => markup });

/** What this service rendered, as nodes. The one place where markup becomes elements; the service escapes what logs hold. */
export function fragment(markup) {
  const template = document.createElement("template");
  template.innerHTML = policy ? policy.createHTML(markup) : markup;
  return template.content;
}

/** Scrolls to an element, unfolds what it is in, and moves the focus there. */
export function reveal(element) {
  for (let around = element; around; around = around.parentElement) {
    if (around.tagName === "DETAILS") around.open = true;
  }
  element.scrollIntoView({ block: "start" });
  if (!element.matches("a, button, input, textarea, summary")) element.tabIndex = -1;
  element.focus({ preventScroll: true });
}

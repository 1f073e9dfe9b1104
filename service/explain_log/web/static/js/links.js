// Links within a report lead to lines, findings, terms and parts of it.

import { byId, reveal } from "./dom.js";
import { openGlossary } from "./glossary.js";
import { logView } from "./logview.js";

/** Makes such links work without loading anew. */
export function followLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (!link || link.classList.contains("skip")) return;
    event.preventDefault();
    if (follow(link.getAttribute("href").slice(1))) history.pushState(null, "", link.getAttribute("href"));
  });
}

function follow(name) {
  const line = /^(?:(?:zh|en)-)?L(\d+)$/.exec(name);
  if (line) {
    reveal(byId("log"));
    logView.goTo(Number(line[1]), { focus: true });
    return true;
  }
  const target = byId(name);
  if (target) {
    reveal(target);
    flash(target);
  } else if (/^(zh|en)-t-/.test(name)) openGlossary(name.slice(5));
  return Boolean(target);
}

function flash(target) {
  for (const old of document.querySelectorAll(".here")) old.classList.remove("here");
  (target.closest(".finding, .term, .claim") ?? target).classList.add("here");
}

/** Goes to what the page's address names. */
export function followHash() {
  if (location.hash.length > 1) follow(decodeURIComponent(location.hash.slice(1)));
}

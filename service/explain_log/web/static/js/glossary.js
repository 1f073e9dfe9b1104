// The glossary in a drawer: searched as one types, unfolded term by term.

import { json } from "./api.js";
import { byId, el, setWord, worded } from "./dom.js";
import { problemNote } from "./problems.js";
import { language } from "./words.js";

let shown = "";
let entries = [];

/** Opens the glossary, at a term where one is given. */
export async function openGlossary(termId = null) {
  const dialog = byId("glossary");
  if (!dialog.open) dialog.showModal();
  byId("term-search").value = "";
  try {
    await load();
  } catch (problem) {
    byId("term-list").replaceChildren(problemNote(problem));
    return;
  }
  filter();
  const wanted = termId && byId(`g-${termId}`);
  if (wanted) {
    wanted.open = true;
    wanted.scrollIntoView({ block: "start" });
    wanted.querySelector("summary").focus();
  }
}

async function load() {
  if (shown === language()) return;
  const terms = await json(`/v1/terms?language=${language()}`);
  entries = terms.map((term) => [`${term.id} ${term.name}`.toLowerCase(), term.short.toLowerCase(), termNode(term)]);
  shown = language();
}

function termNode(term) {
  const body = el("div", { class: "body" });
  const node = el(
    "details",
    { class: "term", id: `g-${term.id}` },
    el("summary", {}, el("b", { text: term.name }), " ", el("span", { class: "short", text: term.short })),
    body,
  );
  node.addEventListener("toggle", async () => {
    if (!node.open || body.childElementCount) return;
    try {
      body.replaceChildren(...details(await json(`/v1/terms/${encodeURIComponent(term.id)}?language=${language()}`)));
    } catch (problem) {
      body.replaceChildren(problemNote(problem));
    }
  });
  return node;
}

function details(term) {
  const label = (key) => worded("span", key, {}, { class: "label" });
  return [
    el("p", { text: term.text }),
    ...term.misreadings.map((one) =>
      el("p", { class: "misread" }, label("web.misread"), " ", one.says, el("br"), label("web.in_fact"), " ", one.correction),
    ),
    term.formula ? el("p", {}, label("web.formula"), " ", el("code", { text: term.formula })) : null,
    term.unit ? el("p", {}, label("web.unit"), " ", term.unit) : null,
    el("p", { class: "note" }, label("web.source"), " ", term.source),
  ].filter(Boolean);
}

function filter() {
  const wanted = byId("term-search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const named = [];
  const told = [];
  for (const [names, short, node] of entries) {
    if (wanted.every((word) => names.includes(word))) named.push(node);
    else if (wanted.every((word) => names.includes(word) || short.includes(word))) told.push(node);
  }
  byId("term-list").replaceChildren(...named, ...told);
  setWord(byId("term-count"), "web.term_count", { count: named.length + told.length });
}

byId("term-search").addEventListener("input", filter);
document.addEventListener("language", async () => {
  if (byId("glossary").open) await load().then(filter, () => {});
});

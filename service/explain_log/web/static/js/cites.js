// A sentence with links to what it rests on, as far as its ids tell.

import { el } from "./dom.js";

/** A sentence of the explanation or of an answer. */
export function sentenceNode(statement, report) {
  return el("p", { class: "fresh" }, statement.text, " ", citesNode(statement.cites, report));
}

/** The lines and findings among ids, as links. */
export function citesNode(cites, report) {
  const links = new Map();
  for (const cite of cites) {
    const [kind, rest] = split(cite);
    if (kind === "line") add(links, Number(rest));
    else if (kind === "finding") {
      const finding = findingOf(rest, report);
      for (const evidence of finding?.evidence.slice(0, 3) ?? []) add(links, evidence.line);
      if (finding) links.set(rest, el("a", { href: `#${findingAnchor(rest, report.language)}`, text: finding.id }));
    }
  }
  return el("span", { class: "links" }, [...links.values()].flatMap((link) => [link, " "]));
}

const add = (links, line) => links.set(line, lineLink(line));

/** A link to a line of the log. */
export const lineLink = (line) => el("a", { href: `#L${line}`, text: `L${line}` });

function split(cite) {
  const colon = cite.indexOf(":");
  return [cite.slice(0, colon), cite.slice(colon + 1)];
}

/** A finding by `id` or `id@load`. */
export function findingOf(name, report) {
  const [id, load] = name.split("@");
  return report.findings.find((one) => one.id === id && (load ? one.load === Number(load) : one.load === null));
}

/** Where the page has a finding; the service makes these ids (render/html/anchors.py). */
export function findingAnchor(name, language) {
  return `${language}-f-${name.replace("@", "-").replace(/[^A-Za-z0-9_.-]/g, "_")}`;
}

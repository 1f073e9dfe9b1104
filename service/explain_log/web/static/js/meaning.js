// What the chosen line means, beside the log.

import { findingAnchor, findingOf } from "./cites.js";
import { byId, el, worded } from "./dom.js";
import { openGlossary } from "./glossary.js";
import { problemNote } from "./problems.js";

const LONGEST_TEXT = 6000;
const MOST_FIELDS = 12;
const WEIGHTS = {
  error: "weight.error",
  warning: "weight.warning",
  notice: "weight.notice",
  info: "weight.info",
  benign: "weight.benign",
};

/** Shows a line: {number, severity, line}; or what went wrong. */
export function showMeaning(about, report, problem = null) {
  const place = byId("meaning");
  if (problem) place.replaceChildren(worded("p", "web.lines_failed"), problemNote(problem));
  else place.replaceChildren(...parts(about, report));
  place.scrollTop = 0;
}

function parts({ number, severity, line }, report) {
  const head = el(
    "p",
    { class: "meaning-head" },
    worded("b", "web.line", { line: number }),
    severity ? el("span", { class: "weight" }, el("span", { class: `mark ${severity}`, "aria-hidden": "true" }), worded("span", WEIGHTS[severity])) : null,
    line?.statement ? el("code", { class: "statement", text: line.statement }) : null,
  );
  if (!line) return [head, worded("p", "web.line_loading", {}, { class: "note busy" })];
  return [head, saying(line), findings(line, report), fields(line), term(line), text(line)].filter(Boolean);
}

function saying(line) {
  if (line.meaning) return el("p", { class: "says", text: line.meaning });
  if (!line.text.trim()) return worded("p", "web.line_blank", {}, { class: "note" });
  return worded("p", line.statement ? "web.line_no_meaning" : "web.line_unknown", {}, { class: "note" });
}

function findings(line, report) {
  const rows = line.findings.map((name) => [name, findingOf(name, report)]).filter(([, finding]) => finding);
  if (!rows.length) return null;
  const links = rows.map(([name, finding]) =>
    el(
      "li",
      {},
      el("span", { class: `mark ${finding.benign ? "benign" : finding.severity}`, "aria-hidden": "true" }),
      el("a", { href: `#${findingAnchor(name, report.language)}`, text: finding.title }),
    ),
  );
  return el("div", {}, worded("p", "web.line_findings", {}, { class: "label" }), el("ul", { class: "of-line" }, links));
}

function fields(line) {
  const rows = Object.entries(line.fields ?? {}).slice(0, MOST_FIELDS);
  if (!rows.length) return null;
  const shown = rows.map(([name, value]) =>
    el("div", {}, el("dt", {}, el("code", { text: name })), el("dd", { text: typeof value === "object" ? JSON.stringify(value) : String(value) })),
  );
  return el("div", {}, worded("p", "web.line_fields", {}, { class: "label" }), el("dl", {}, shown));
}

function term(line) {
  if (!line.term) return null;
  return el("p", {}, worded("button", "web.line_term", { term: line.term }, { type: "button", class: "plain", onclick: () => openGlossary(line.term) }));
}

function text(line) {
  return el("pre", { class: "whole-line" }, el("code", { text: line.text.slice(0, LONGEST_TEXT) }));
}

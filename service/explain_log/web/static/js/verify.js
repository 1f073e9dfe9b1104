// Checks a pasted explanation: the text with each claim marked, then the claims with corrections and lines.

import { json } from "./api.js";
import { citesNode, lineLink } from "./cites.js";
import { byId, el, setWord, worded } from "./dom.js";
import { problemNote } from "./problems.js";

const VERDICTS = { supported: "web.supported", contradicted: "web.contradicted", unsupported: "web.unsupported" };

let current = null;

/** Makes the section check against a report: {id, report, log}. */
export function verifyAgainst(about) {
  if (current?.report !== about.report && current?.id !== about.id) byId("verified").replaceChildren();
  current = about;
}

async function verify(answer) {
  const result = byId("verified");
  result.replaceChildren(worded("p", "web.verifying", {}, { class: "note busy" }));
  try {
    const against = current.id ? { report: current.id } : { log: await current.log.text() };
    const verification = await json("/v1/verify", { method: "POST", json: { answer, ...against } });
    result.replaceChildren(...shown(answer, verification));
  } catch (problem) {
    result.replaceChildren(problemNote(problem));
  }
}

function shown(answer, { claims, summary }) {
  if (!claims.length) return [worded("p", "web.verify_none", {}, { class: "note" })];
  return [
    worded("p", "web.verify_summary", { count: claims.length, ...summary }, { class: "verify-summary" }),
    el("blockquote", { class: "marked-text" }, marked(answer, claims)),
    el("ol", { class: "claims" }, claims.map((claim, place) => claimNode(claim, place + 1))),
  ];
}

/** The text in pieces; what is claimed is marked and leads to its verdict. Spans count characters, not code units. */
function marked(answer, claims) {
  const characters = Array.from(answer);
  const pieces = [];
  let at = 0;
  claims.forEach((claim, place) => {
    const [from, to] = [Math.max(at, claim.span[0]), claim.span[1]];
    if (to <= from) return;
    pieces.push(characters.slice(at, from).join(""));
    const number = el("a", { href: `#claim-${place + 1}`, text: String(place + 1) });
    pieces.push(el("mark", { class: claim.verdict }, characters.slice(from, to).join(""), el("sup", {}, number)));
    at = to;
  });
  return [...pieces, characters.slice(at).join("")];
}

function claimNode(claim, number) {
  const lines = evidence(claim);
  return el(
    "li",
    { id: `claim-${number}`, class: `claim ${claim.verdict}` },
    el("p", {}, worded("b", VERDICTS[claim.verdict], {}, { class: "verdict" }), " ", el("q", { text: claim.text })),
    claim.correction ? el("p", { class: "correction", text: claim.correction }) : null,
    lines.length ? el("p", { class: "links" }, lines) : null,
  );
}

function evidence(claim) {
  if (claim.evidence.length) return claim.evidence.slice(0, 6).flatMap((one) => [lineLink(one.line), " "]);
  const cited = citesNode(claim.cites, current.report);
  return cited.childElementCount ? [cited] : [];
}

byId("verify-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const answer = byId("answer").value;
  if (answer.trim()) verify(answer);
  else {
    setWord(byId("verified").appendChild(el("p", { class: "note" })), "web.verify_empty");
    byId("answer").focus();
  }
});

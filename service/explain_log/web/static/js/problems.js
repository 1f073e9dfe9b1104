// What went wrong, in words: what it means in the reader's language, and the service's own line beneath.

import { el, worded } from "./dom.js";

const KEYS = {
  0: "web.problem_0",
  400: "web.problem_400",
  401: "web.problem_401",
  403: "web.problem_403",
  404: "web.problem_404",
  408: "web.problem_408",
  409: "web.problem_409",
  413: "web.problem_413",
  415: "web.problem_415",
  422: "web.problem_422",
  429: "web.problem_429",
  503: "web.problem_503",
};

/** The key of the sentence for a problem's status. */
export const problemKey = (problem) => KEYS[problem.status] ?? "web.problem_other";

/** A problem as a note. again: what to do when the reader wants to try again. */
export function problemNote(problem, again = null) {
  return el(
    "div",
    { class: "problem", role: "alert" },
    worded("p", problemKey(problem), {}, { class: "problem-title" }),
    problem.detail ? el("p", { class: "note", text: problem.detail, lang: "en" }) : null,
    again ? el("p", {}, worded("button", "web.again", {}, { type: "button", class: "button", onclick: again })) : null,
  );
}

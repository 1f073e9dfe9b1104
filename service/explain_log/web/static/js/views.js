// One view at a time: start, working, problem or report; and short messages at the edge.

import { byId, setWord } from "./dom.js";
import { problemNote } from "./problems.js";

const VIEWS = ["start", "working", "problem", "report"];
const TOAST_SECONDS = 4;

/** Shows one view and hides the others. */
export function show(name) {
  for (const view of VIEWS) byId(`view-${view}`).hidden = view !== name;
  for (const link of document.querySelectorAll(".tools .new-log")) link.hidden = name === "start";
  if (name !== "report") document.title = "explain-log";
}

/** Says what is being done. */
export function stage(key, values = {}) {
  setWord(byId("working-stage"), key, values);
}

/** Shows what went wrong, with a way to try again where there is one. */
export function showProblem(problem, again = null) {
  byId("problem").replaceChildren(problemNote(problem, again));
  show("problem");
}

let hiding = 0;

/** A short message that goes by itself. */
export function toast(key, values = {}) {
  clearTimeout(hiding);
  setWord(byId("toast"), key, values);
  byId("toast").classList.add("shown");
  hiding = setTimeout(() => byId("toast").classList.remove("shown"), TOAST_SECONDS * 1000);
}

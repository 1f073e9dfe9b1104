// Shortcuts. Single letters can be switched off, for those who speak or whose keys stick.

import { byId } from "./dom.js";
import { openGlossary } from "./glossary.js";

const SETTING = "explain-log-single-keys";

export function installKeys() {
  const box = byId("single-keys");
  try {
    box.checked = localStorage.getItem(SETTING) !== "off";
  } catch {
    // Storage is switched off.
  }
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(SETTING, box.checked ? "on" : "off");
    } catch {
      // As above.
    }
  });
  addEventListener("keydown", (event) => {
    if (!box.checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select")) return;
    if (document.querySelector("dialog[open]")) return;
    const act = ACTIONS[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
}

const onReport = (act) => () => byId("view-report").hidden || act();

const ACTIONS = {
  "?": () => byId("help").showModal(),
  g: () => openGlossary(),
  "/": onReport(() => byId("question").focus()),
  l: onReport(() => byId("list").focus()),
  n: onReport(() => byId("mark-after").click()),
  p: onReport(() => byId("mark-before").click()),
};

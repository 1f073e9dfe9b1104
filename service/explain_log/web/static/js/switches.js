// Language and theme: chosen here, remembered in this browser.

import { byId } from "./dom.js";
import { choose } from "./words.js";

const THEME = "explain-log-theme";

export function installSwitches() {
  for (const input of document.querySelectorAll('input[name="language"]')) {
    input.checked = input.value === document.documentElement.dataset.language;
    input.addEventListener("change", () => choose(input.value));
  }
  byId(`theme-${document.documentElement.dataset.theme ?? "auto"}`).checked = true;
  for (const input of document.querySelectorAll('input[name="theme"]')) {
    input.addEventListener("change", () => useTheme(input.value));
  }
}

function useTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(THEME, theme);
  } catch {
    // Storage is switched off: it holds for this visit.
  }
}

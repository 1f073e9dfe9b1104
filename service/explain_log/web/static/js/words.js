// The page's words in both languages, and which language is shown.

const all = JSON.parse(document.getElementById("words").textContent);
const COOKIE_SECONDS = 365 * 24 * 3600;
const TAGS = { zh: "zh-Hans", en: "en" };

let chosen = document.documentElement.dataset.language;

export const language = () => chosen;

/** A text by its key, its placeholders filled. */
export function words(key, values = {}) {
  return all[key][chosen].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

/** Shows another language from now on, here and at the next visit. */
export function choose(other) {
  if (other === chosen) return;
  chosen = other;
  document.documentElement.lang = TAGS[other];
  document.documentElement.dataset.language = other;
  document.cookie = `explain_log_language=${other}; path=/; max-age=${COOKIE_SECONDS}; samesite=strict`;
  apply(document);
  document.dispatchEvent(new CustomEvent("language", { detail: other }));
}

function apply(root) {
  for (const element of root.querySelectorAll("[data-word]")) {
    element.textContent = words(element.dataset.word, JSON.parse(element.dataset.values || "{}"));
  }
  for (const [data, attribute] of [["wordLabel", "aria-label"], ["wordPlaceholder", "placeholder"], ["wordTitle", "title"]]) {
    const selector = `[data-${data.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}]`;
    for (const element of root.querySelectorAll(selector)) element.setAttribute(attribute, words(element.dataset[data]));
  }
}

/** A number as people write it. */
export const count = (number) => number.toLocaleString("en-US");

/** A size of a file. */
export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let place = 0;
  for (; bytes >= 1024 && place < units.length - 1; place += 1) bytes /= 1024;
  return `${place && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${units[place]}`;
}

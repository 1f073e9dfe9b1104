// Which report a model is writing for this tab: where a reload breaks that off, the page takes it up again.

const SETTING = "explain-log-unfinished";

/** id: "" for none. */
export function remember(id) {
  try {
    sessionStorage.setItem(SETTING, id);
  } catch {
    // Storage is switched off: the reader is asked.
  }
}

/** Whether it is that report. */
export function isUnfinished(id) {
  try {
    return sessionStorage.getItem(SETTING) === id;
  } catch {
    return false;
  }
}

// The page: which view is shown, and the parts that each does its own work.

import { logIn, logOut, readSession, request } from "./api.js";
import { byId, setWord } from "./dom.js";
import { openGlossary } from "./glossary.js";
import { installKeys } from "./keys.js";
import { followLinks } from "./links.js";
import { openReport, showReportOf } from "./report.js";
import { installStart, showStart } from "./start.js";
import { installSwitches } from "./switches.js";
import { show } from "./views.js";

const settings = JSON.parse(byId("settings").textContent);

function route() {
  const report = /^\/r\/([0-9a-f]{32})$/.exec(location.pathname);
  if (report) openReport(report[1], settings);
  else showStart();
}

function installTop() {
  for (const link of document.querySelectorAll('a[href="/"]')) {
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      history.pushState(null, "", "/");
      route();
    });
  }
  byId("open-glossary").addEventListener("click", () => openGlossary());
  byId("open-help").addEventListener("click", () => byId("help").showModal());
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
}

function installSession() {
  const dialog = byId("key-dialog");
  document.addEventListener("locked", () => dialog.open || dialog.showModal());
  byId("key-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("key-problem").textContent = "";
    try {
      await logIn(byId("key").value);
    } catch {
      setWord(byId("key-problem"), "web.key_wrong");
      return;
    }
    byId("key").value = "";
    dialog.close();
    byId("log-out").hidden = false;
    route();
  });
  byId("log-out").addEventListener("click", async () => {
    await logOut().catch(() => {});
    location.assign("/");
  });
}

async function begin() {
  installSwitches();
  installTop();
  installSession();
  installStart(settings, (log, options) => showReportOf(log, options, settings));
  installKeys();
  followLinks();
  show("start");
  addEventListener("popstate", route);
  const session = await readSession().catch(() => null);
  byId("log-out").hidden = !session?.keys || !session.open;
  if (session && !session.open) document.dispatchEvent(new CustomEvent("locked"));
  else if (!byId("view-start").hidden) route(); // unless the reader has begun meanwhile
  if (settings.llm) {
    const ready = await request("/readyz").then((answer) => answer.json()).catch(() => null);
    if (ready?.mode === "facts_only") byId("no-model").hidden = false;
  }
}

begin();

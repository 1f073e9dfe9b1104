// Before anything is drawn: the theme that was chosen here. A classic script, so that nothing flashes.
try {
  const theme = localStorage.getItem("explain-log-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is switched off: the system's theme it is.
}

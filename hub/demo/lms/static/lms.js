/* The course dialog, the "view as" switch and the table that keeps itself up to date. Everything works without. */
"use strict";

const REFRESH_MS = 2000;

for (const button of document.querySelectorAll("button[data-dialog]")) {
  const dialog = document.getElementById(button.dataset.dialog);
  const frame = dialog.querySelector("iframe");
  button.addEventListener("click", () => {
    frame.src = frame.dataset.src;
    dialog.showModal();
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => frame.removeAttribute("src"));
}

const chooser = document.querySelector(".view-as select");
if (chooser) {
  chooser.form.querySelector("button").hidden = true;
  chooser.addEventListener("change", () => chooser.form.submit());
}

const table = document.querySelector("[data-refresh]");
if (table) setInterval(refresh, REFRESH_MS);

async function refresh() {
  if (document.hidden) return;
  const state = document.querySelector("[data-live]");
  try {
    const response = await fetch(table.dataset.refresh);
    if (!response.ok) throw new Error(response.statusText);
    const fresh = await response.text();
    const changed = document.createElement("div");
    changed.innerHTML = fresh;
    if (changed.innerHTML.trim() !== table.innerHTML.trim()) table.innerHTML = fresh;
    state.textContent = "Kept up to date";
  } catch {
    state.textContent = "Not up to date: the LMS does not answer";
  }
}

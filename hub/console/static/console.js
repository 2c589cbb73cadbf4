/* What the console adds where scripts run: local times, copy buttons, confirmation.
   Every page works without it. */
"use strict";

(() => {
  const root = document.documentElement;
  const own = navigator.language;
  const locale = own && own.split("-")[0] === root.lang.split("-")[0] ? own : root.lang;
  const times = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });

  /** Show times in the reader's own zone; the exact UTC stays in the title. */
  function localTimes(scope) {
    for (const element of scope.querySelectorAll("time[datetime]:not([data-local])")) {
      const moment = new Date(element.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      element.textContent = times.format(moment);
      element.dataset.local = "";
    }
  }

  function copyButtons(scope) {
    for (const button of scope.querySelectorAll("button[data-copy]")) button.hidden = !navigator.clipboard;
  }

  /** Keep a table that grows by itself to as many rows as it says, the newest; tell that there were more. */
  function keepNewest(body) {
    const surplus = [...body.children].filter((row) => !row.matches(".tail")).slice(Number(body.dataset.most));
    for (const row of surplus) row.remove();
    if (surplus.length) document.querySelector("[data-cut]").hidden = false;
  }

  function enhance(scope) {
    localTimes(scope);
    copyButtons(scope);
    if (scope.matches?.("tbody[data-most] > .tail")) keepNewest(scope.parentElement);
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-copy]");
    if (!button) return;
    const label = button.textContent;
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "✓";
    setTimeout(() => { button.textContent = label; }, 1500);
  });

  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  document.addEventListener("DOMContentLoaded", () => {
    enhance(document);
    document.querySelector("[data-focus]")?.focus();
  });
  for (const name of ["htmx:load", "hub:added"]) document.addEventListener(name, (event) => enhance(event.detail.elt || event.detail));
})();

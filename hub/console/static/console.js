/* What the console adds where scripts run: local times, copy buttons, confirmation, uploads with progress.
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

  function enhance(scope) {
    localTimes(scope);
    copyButtons(scope);
    for (const form of scope.querySelectorAll("form[data-upload]")) uploads(form);
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

  /** Drag and drop, several files at once, a bar for each; without this the form sends one file the plain way. */
  function uploads(form) {
    if (form.dataset.ready) return;
    form.dataset.ready = "yes";
    const input = form.querySelector("input[type=file]");
    const area = form.querySelector(".drop");
    const list = document.getElementById(form.dataset.upload);
    const waiting = [];
    let isSending = false;
    input.multiple = true;

    for (const name of ["dragenter", "dragover"]) {
      area.addEventListener(name, (event) => { event.preventDefault(); area.classList.add("over"); });
    }
    for (const name of ["dragleave", "drop"]) area.addEventListener(name, () => area.classList.remove("over"));
    area.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files); });
    input.addEventListener("change", () => { take(input.files); input.value = ""; });
    form.addEventListener("submit", (event) => { event.preventDefault(); take(input.files); });

    function take(files) {
      for (const file of files) waiting.push([file, row(file.name)]);
      next();
    }

    function row(name) {
      const item = document.createElement("li");
      const label = document.createElement("span");
      const state = document.createElement("span");
      const bar = document.createElement("progress");
      label.textContent = name;
      state.className = "soft";
      state.textContent = form.dataset.waiting;
      bar.max = 100;
      bar.value = 0;
      bar.setAttribute("aria-label", name);
      item.append(label, state, bar);
      list.append(item);
      return { item, state, bar };
    }

    function next() {
      if (isSending || waiting.length === 0) return;
      isSending = true;
      const [file, shown] = waiting.shift();
      send(file, shown).finally(() => { isSending = false; next(); });
    }

    function send(file, shown) {
      return new Promise((resolve) => {
        const body = new FormData(form);
        body.delete(input.name);
        body.append(input.name, file, file.name);
        const request = new XMLHttpRequest();
        request.open("POST", form.action);
        request.setRequestHeader("Accept", "text/html");
        request.setRequestHeader("HX-Request", "true");
        request.upload.addEventListener("progress", (event) => {
          if (!event.lengthComputable) return;
          const share = Math.floor((event.loaded / event.total) * 100);
          shown.bar.value = share;
          shown.state.textContent = `${share} %`;
        });
        request.addEventListener("load", () => { received(request, file, shown); resolve(); });
        request.addEventListener("error", () => { failed(shown, file, form.dataset.lost); resolve(); });
        request.send(body);
      });
    }

    function received(request, file, shown) {
      if (request.status >= 200 && request.status < 300) {
        const parsed = new DOMParser().parseFromString(request.responseText, "text/html");
        const row = parsed.querySelector("li");
        if (row) {
          shown.item.replaceWith(row);
          localTimes(row);
          if (window.htmx) window.htmx.process(row);
          return;
        }
      }
      if (request.status === 401) { window.location.reload(); return; }
      const parsed = new DOMParser().parseFromString(request.responseText, "text/html");
      failed(shown, file, parsed.querySelector("[data-detail]")?.textContent || form.dataset.refused);
    }

    function failed(shown, file, reason) {
      shown.bar.remove();
      shown.state.textContent = reason;
      shown.state.className = "problem";
      const again = document.createElement("button");
      again.type = "button";
      again.textContent = form.dataset.again;
      again.addEventListener("click", () => { shown.item.remove(); take([file]); });
      shown.item.append(again);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    enhance(document);
    document.querySelector("[data-focus]")?.focus();
  });
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
})();

/* Dialogs and windows of tools, the "view as" switch, the table that keeps itself up to date, and the storage for tools. */
"use strict";

const REFRESH_MS = 2000;

for (const button of document.querySelectorAll("button[data-dialog]")) {
  const dialog = document.getElementById(button.dataset.dialog);
  const frame = dialog.querySelector("iframe");
  button.addEventListener("click", () => {
    if (button.dataset.tool) frame.dataset.tool = button.dataset.tool;
    frame.src = button.dataset.src;
    dialog.showModal();
  });
}

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.querySelector("iframe").removeAttribute("src"));
}

/* Dynamic registration: the tool's page in the dialog or in a window, until it says that it may be closed (step 4). */
const registration = document.querySelector("[data-registration]");
if (registration) {
  const dialog = document.getElementById("registration");
  const frame = dialog.querySelector("iframe");
  let opened = null;
  registration.addEventListener("submit", (event) => {
    const inWindow = event.submitter !== null && "window" in event.submitter.dataset;
    registration.target = inWindow ? "registration-window" : frame.name;
    if (inWindow) opened = window.open("", registration.target, "popup,width=900,height=700");
    else dialog.showModal();
  });
  window.addEventListener("message", (event) => {
    const isOurs = [frame.contentWindow, opened].includes(event.source);
    if (!isOurs || event.data?.subject !== "org.imsglobal.lti.close") return;
    if (event.origin !== new URL(registration.elements.url.value).origin) return;
    opened?.close();
    location.assign(location.pathname);
  });
}

for (const link of document.querySelectorAll("a[data-size]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    window.open(link.href, link.target, `popup,${link.dataset.size}`);
  });
}

const chooser = document.querySelector(".view-as select");
if (chooser) {
  chooser.form.querySelector("button").hidden = true;
  chooser.addEventListener("change", () => chooser.form.submit());
  /* Someone may have chosen before this script was there. */
  if (!chooser.selectedOptions[0].defaultSelected) chooser.form.submit();
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

/* Platform storage (LTI Client Side postMessages 0.1 and Platform Storage 0.1): a tool in a frame of this page may keep
   what a launch needs here, where no browser takes it for a third party's. Each origin sees its own values alone. */
const MOST_KEYS = 500;
const LONGEST_VALUE = 4096;
const STORAGE = { "lti.capabilities": capabilities, "lti.put_data": putData, "lti.get_data": getData };
const kept = new Map();

window.addEventListener("message", (event) => {
  const { subject, message_id: id } = event.data ?? {};
  if (!Object.hasOwn(STORAGE, subject ?? "") || !isTool(event)) return;
  const answer = STORAGE[subject](event.data, (key) => `${event.origin} ${key}`);
  event.source.postMessage({ subject: `${subject}.response`, message_id: id, ...answer }, event.origin);
});

function isTool(event) {
  return [...document.querySelectorAll("iframe[data-tool]")].some(
    (frame) => frame.contentWindow === event.source && frame.dataset.tool.split(" ").includes(event.origin));
}

function capabilities() {
  return { supported_messages: Object.keys(STORAGE).map((subject) => ({ subject })) };
}

function putData({ key, value }, place) {
  if (typeof key !== "string" || !key) return { error: { code: "bad_request", message: "key must be a text" } };
  if (value === null || value === undefined) {
    kept.delete(place(key));
    return { key };
  }
  const isTooMuch = String(value).length > LONGEST_VALUE || (kept.size >= MOST_KEYS && !kept.has(place(key)));
  if (isTooMuch) return { key, error: { code: "storage_exhaustion", message: "there is no room for this value" } };
  kept.set(place(key), String(value));
  return { key, value: String(value) };
}

function getData({ key }, place) {
  if (typeof key !== "string" || !key) return { error: { code: "bad_request", message: "key must be a text" } };
  return { key, value: kept.get(place(key)) };
}

// The player: shows one activity after the other and keeps the learner's work.

import { closeRuntime, openRuntime } from "./api.js";
import { CommitQueue } from "./commits.js";
import { Tables } from "./model.js";
import { Shell } from "./shell.js";
import { FrameStage, WindowStage } from "./stage.js";

const DRAIN_MS = 8_000;
const LEAVING = new Set(["suspendAll", "exitAll", "abandonAll"]);

const launch = JSON.parse(document.getElementById("launch").textContent);
const { settings } = launch;
const shell = new Shell(launch.words, settings.contents === "open");
const stage = settings.window === "new_window" ? new WindowStage(shell, settings, windowClosed) : new FrameStage(shell);
const tables = new Tables(launch.model, launch.languages);
const queue = new CommitQueue("/runtime/commits", launch.token, stateChanged, committed);

let current = null;
let commitPending = () => {};
let isBusy = false;

/** Ask the Hub where to go, and go there. What the content of now still has to say is sent first. */
async function go(request, target = null) {
  if (isBusy || queue.stopped) return;
  isBusy = true;
  shell.lock(true);
  if (LEAVING.has(request)) shell.say("leave");
  await closeContent();
  await queue.drained(DRAIN_MS);
  const answer = queue.stopped ? null : await ask({ request, target, current: current?.activity ?? null });
  isBusy = false;
  if (answer?.delivery) deliver(answer.delivery, answer.moves);
  else if (answer?.ended) leave();
  else if (answer) choose(answer);
  else if (!queue.stopped) shell.stop("failed_to_open", () => go(request, target));
  if (answer) shell.mark(answer.statuses);
  shell.lock(false);
}

/** Nothing is delivered: the learner goes on from the outline. */
function choose(answer) {
  closeRuntime();
  current = null;
  shell.allow(answer.moves, null);
  shell.choose(answer.moves.choices.length > 0);
}

async function ask(body) {
  try {
    const headers = { Authorization: `Bearer ${launch.token}`, "Content-Type": "application/json" };
    const options = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch("/runtime/navigation", options);
    const answer = await response.json();
    if (response.ok) return answer;
    if (answer.code === "superseded") queue.stop("superseded");
    else if (response.status === 401 || response.status === 404) queue.stop("expired");
  } catch {
    // No connection: the caller says so and offers to try again.
  }
  return null;
}

function deliver(delivery, moves) {
  current = { ...delivery, moves };
  queue.reset(delivery.activity, delivery.session);
  const limits = new Map(settings.strict && delivery.api === "API" ? [["cmi.suspend_data", 4096]] : []);
  commitPending = openRuntime(delivery, moves, tables, queue, terminated, limits);
  shell.delivered(delivery, moves);
  shell.say("");
  stage.show(spoken(delivery.url));
}

/** Our own viewers speak the player's language. */
function spoken(address) {
  const url = new URL(address, window.location.href);
  if (url.pathname.startsWith("/viewer/")) url.searchParams.set("lang", document.documentElement.lang);
  return url.href;
}

async function closeContent() {
  if (current === null) return;
  await stage.clear();
  commitPending();
}

/** The learner has closed the content's window: what it said is sent, and the course may be gone on with. */
function windowClosed() {
  commitPending();
  if (!isBusy && !queue.stopped) shell.tell("window_closed", () => go("start"), "go_back");
}

function terminated() {
  if (isBusy) return;
  shell.say("finished");
  shell.emphasize(current.moves.forward ? "continue" : "exit");
}

function committed(answer) {
  shell.mark(answer.statuses);
  if (answer.moves && !isBusy && current !== null) {
    shell.allow(answer.moves, current.activity);
    shell.lock(false);
  }
  if (answer.kind === "terminate" && answer.request && !isBusy) go(answer.request, answer.target);
}

function stateChanged(state) {
  document.body.dataset.work = state;
  if (state === "superseded" || state === "expired") {
    closeRuntime();
    shell.warn(null);
    shell.say("");
    stage.leave();
    shell.stop(state);
    return;
  }
  if (state === "offline" || state === "refused") shell.warn(state);
  else if (state === "saved") shell.warn(null);
  if (!["finished", "leave"].includes(document.getElementById("state").dataset.state)) shell.say(state);
}

function leave() {
  closeRuntime();
  current = null;
  stage.leave();
  if (settings.on_exit === "return" && launch.returnUrl) {
    window.location.assign(launch.returnUrl);
    return;
  }
  // Browsers close only what a script has opened; else the page says that it may be closed.
  if (settings.on_exit === "close") window.close();
  shell.stop("ended", () => go("start"), "go_back");
}

function goingAway() {
  commitPending();
  queue.flush();
}

shell.onNavigation(go);
window.addEventListener("pagehide", goingAway);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") goingAway();
});
go("start");

// The player: shows one activity after the other and keeps the learner's work.

import { closeRuntime, openRuntime } from "./api.js";
import { CommitQueue } from "./commits.js";
import { Journal } from "./journal.js";
import { Tables } from "./model.js";
import { Shell } from "./shell.js";
import { FrameStage, WindowStage } from "./stage.js";

// Content shares this page's origin: it must not reach the LMS's window through the one that the LMS has opened.
window.opener = null;

const DRAIN_MS = 8_000;
// Warnings that are over once something could be saved; the others stay to be read.
const PASSING = new Set(["offline", "refused"]);
const LEAVING = new Set(["suspendAll", "exitAll", "abandonAll"]);

const launch = JSON.parse(document.getElementById("launch").textContent);
const { settings } = launch;
const shell = new Shell(launch.words, settings.contents === "open");
const stage = settings.window === "new_window" ? new WindowStage(shell, settings, windowClosed) : new FrameStage(shell);
const tables = new Tables(launch.model, launch.languages);
const journal = new Journal(launch.journal, launch.launch);
const queue = new CommitQueue("/runtime/commits", launch.token, stateChanged, committed, journal, renewed);

let current = null;
let commitPending = () => {};
let isBusy = false;
let timeOver = null;

/** Ask the Hub where to go, and go there. What the content of now still has to say is sent first. */
async function go(request, target = null, notice = null) {
  if (isBusy || queue.stopped) return;
  isBusy = true;
  shell.lock(true);
  if (LEAVING.has(request)) shell.say("leave");
  await closeContent();
  const isSent = await queue.drained(DRAIN_MS);
  // Whatever is asked for comes after the answers: going on without them would lose them.
  const answer = queue.stopped || !isSent ? null : await ask({ request, target, current: current?.activity ?? null });
  isBusy = false;
  if (answer?.delivery) deliver(answer.delivery, answer.moves);
  else if (answer?.ended) leave(notice);
  else if (answer) choose(answer);
  else if (!queue.stopped) shell.stop(isSent ? "failed_to_open" : "not_sent", () => go(request, target));
  if (answer) shell.mark(answer.statuses, answer.groups);
  shell.lock(false);
}

/** Nothing is delivered: the learner goes on from the outline. */
function choose(answer) {
  closeRuntime();
  current = null;
  shell.allow(answer.moves, null);
  shell.choose(answer.moves.choices.length > 0);
}

/** A new token for this browser in place of one that has expired; null where the Hub gives none. */
async function renewed() {
  try {
    const response = await fetch(`${window.location.pathname}/renewal`, { method: "POST" });
    return response.ok ? (await response.json()).token : null;
  } catch {
    return null;
  }
}

async function ask(body, mayRenew = true) {
  try {
    const options = { method: "POST", headers: queue.headers(), body: JSON.stringify(body) };
    const response = await fetch("/runtime/navigation", options);
    const answer = await response.json();
    if (response.ok) return answer;
    const token = response.status === 401 && mayRenew ? await renewed() : null;
    if (token !== null) {
      queue.token = token;
      return ask(body, false);
    }
    if (answer.code === "superseded") queue.stop("superseded");
    else if (response.status === 401 || response.status === 404) queue.stop("expired");
  } catch {
    // No connection: the caller says so and offers to try again.
  }
  return null;
}

function deliver(delivery, moves) {
  current = { ...delivery, moves };
  clearTimeout(timeOver);
  if (delivery.time_limit) timeOver = setTimeout(endOfTime, delivery.time_limit.seconds * 1000, delivery.time_limit);
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

/** The time that the manifest allows for the activity is over: what then happens is for the manifest to say, too. */
function endOfTime({ exits, tells }) {
  if (isBusy || queue.stopped || current === null) return;
  const request = launch.standard === "scorm_2004" ? "exitAll" : "suspendAll";
  if (exits) go(request, null, tells ? "time_over_exit" : null);
  else if (tells) shell.warn("time_over");
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
  if (["superseded", "expired", "expired_kept"].includes(state)) {
    closeRuntime();
    shell.warn(null);
    shell.say("");
    stage.leave();
    shell.stop(state);
    return;
  }
  if (state === "offline" || state === "refused") shell.warn(state);
  else if (state === "saved" && PASSING.has(shell.warning)) shell.warn(null);
  if (!["finished", "leave"].includes(document.getElementById("state").dataset.state)) shell.say(state);
}

/** The visit is over; a notice that the learner has to see comes before anything else. */
function leave(notice = null) {
  closeRuntime();
  current = null;
  stage.leave();
  if (notice !== null) {
    shell.stop(notice, () => leave(), "leave_course");
    return;
  }
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

/** Open the course: what an earlier visit could not send comes first, and what content asked for with it. */
async function begin() {
  const entries = await journal.open();
  let asked = null;
  let isLost = false;
  for (const { name, record, isMissed } of entries) {
    const handedIn = await queue.handIn(record);
    if (handedIn === null) return shell.stop("not_sent", begin);
    if (queue.stopped) return undefined;
    journal.forget(name);
    isLost ||= handedIn.lost && isMissed;
    asked = record.kind === "terminate" && !handedIn.lost ? handedIn.answer : null;
  }
  await go(asked?.request ?? "start", asked?.target ?? null);
  if (isLost) shell.warn("not_added");
  return undefined;
}

begin();

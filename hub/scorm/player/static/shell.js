// What the learner sees around the content: the bar, the table of contents, and messages.

const MARKS = { not_begun: "○", in_progress: "◐", completed: "✓", passed: "✓", failed: "✕" };
const BAR = "player.bar";
const DONE = new Set(["completed", "passed"]);
const FOLLOWING = Node.DOCUMENT_POSITION_FOLLOWING;

export class Shell {
  /**
   * @param {Record<string, string>} words what is said, in the learner's language
   * @param {boolean} opensContents whether the table of contents is open at first, where there is room
   */
  constructor(words, opensContents) {
    this.words = words;
    this.find = (id) => document.getElementById(id);
    this.bar = this.find("bar");
    this.frame = this.find("content");
    this.statuses = {};
    this.course = document.title;
    this.warning = null;
    this.contents = this.find("contents");
    this.toggle = this.find("contents-toggle");
    this.waysOut = this.find("ways-out");
    this.exits = [...document.querySelectorAll("[data-leave]")];
    this.items = new Map([...document.querySelectorAll("[data-activity]")].map((item) => [item.dataset.activity, item]));
    this.groups = new Map([...document.querySelectorAll("[data-group]")].map((line) => [line.dataset.group, line]));
    this.toggle?.addEventListener("click", () => this.showContents(this.contents.hidden));
    this.find("hide").addEventListener("click", () => this.showBar(false));
    this.find("show").addEventListener("click", () => this.showBar(true));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.waysOut.open) this.closeWaysOut();
      else if (event.key === "Escape" && this.isNarrow && this.contents && !this.contents.hidden) this.closeContents();
    });
    if (this.contents && opensContents && !this.isNarrow) this.showContents(true);
    if (recall(BAR) === "hidden") this.showBar(false, false);
  }

  get isNarrow() {
    return window.matchMedia("(max-width: 47.99rem)").matches;
  }

  /** Call `go(request, target)` whenever the learner asks to go somewhere. */
  onNavigation(go) {
    for (const request of ["previous", "continue"]) {
      this.find(request)?.addEventListener("click", () => go(request));
    }
    for (const button of this.exits) {
      button.addEventListener("click", () => {
        this.waysOut.open = false;
        go(button.dataset.leave);
      });
    }
    for (const [activity, item] of this.items) {
      item.addEventListener("click", () => {
        if (this.isNarrow) this.showContents(false);
        go("choice", activity);
      });
    }
  }

  showContents(visible) {
    this.contents.hidden = !visible;
    this.toggle.setAttribute("aria-expanded", String(visible));
    if (visible && this.isNarrow) this.contents.querySelector("button:not([disabled])")?.focus();
  }

  closeWaysOut() {
    this.waysOut.open = false;
    this.waysOut.querySelector("summary").focus();
  }

  closeContents() {
    this.showContents(false);
    this.toggle.focus();
  }

  showBar(visible, byLearner = true) {
    document.body.dataset.bar = visible ? "shown" : "hidden";
    this.bar.hidden = !visible;
    this.find("show").hidden = visible;
    if (!visible && this.contents) this.showContents(false);
    if (!byLearner) return;
    this.find(visible ? "hide" : "show").focus();
    keep(BAR, visible ? "shown" : "hidden");
  }

  /** Nothing can be asked for while an answer is awaited. */
  lock(isLocked) {
    document.body.setAttribute("aria-busy", String(isLocked));
    for (const button of [this.find("previous"), this.find("continue"), ...this.items.values()]) {
      if (button) button.disabled = isLocked || button.dataset.allowed === "false";
    }
  }

  /** An activity is shown: what is open now, and where one may go. */
  delivered(delivery, moves) {
    this.allow(moves, delivery.activity);
    this.items.get(delivery.activity)?.scrollIntoView({ block: "nearest" });
    const place = this.find("place");
    if (place) place.textContent = delivery.title;
    this.frame.title = delivery.title;
    document.title = delivery.title === this.course ? this.course : `${delivery.title} · ${this.course}`;
    this.emphasize(null);
  }

  /** Where one may go from the activity that is shown (null: from none). */
  allow(moves, shown) {
    const hidden = new Set(moves.hidden);
    this.allowButton("previous", moves.backward, hidden.has("previous"));
    this.allowButton("continue", moves.forward, hidden.has("continue"));
    this.allowExits(new Set(moves.exits));
    const choices = new Set(moves.choices);
    const visible = new Set(moves.visible);
    this.order(moves.visible);
    for (const [activity, item] of this.items) {
      item.dataset.allowed = String(choices.has(activity));
      item.parentElement.hidden = !visible.has(activity);
      if (activity === shown) item.setAttribute("aria-current", "true");
      else item.removeAttribute("aria-current");
    }
  }

  allowExits(exits) {
    for (const button of this.exits) button.hidden = !exits.has(button.dataset.leave);
    this.waysOut.hidden = [...exits].every((request) => request === "suspendAll");
  }

  /** Put the outline into the order in which sequencing has it, which a new attempt may change. */
  order(visible) {
    const lines = visible.flatMap((activity) => this.items.get(activity)?.parentElement ?? []);
    const isInOrder = lines.every((line, at) => at === 0 || lines[at - 1].compareDocumentPosition(line) & FOLLOWING);
    if (!isInOrder) lines[0].parentElement.append(...lines);
  }

  allowButton(id, isAllowed, isHidden) {
    const button = this.find(id);
    if (!button) return;
    button.dataset.allowed = String(isAllowed);
    button.hidden = isHidden;
  }

  /** Nothing is shown; the learner chooses from the contents, if there is anything to choose. */
  choose(hasChoices) {
    this.stop(hasChoices ? "choose" : "nothing_left");
    delete document.body.dataset.over;
    if (hasChoices && this.contents) this.showContents(true);
  }

  /** Mark every activity by what has been reached in it, and every group by what has been reached within. */
  mark(statuses, groups = {}) {
    for (const [activity, status] of Object.entries(statuses)) this.markLine(this.items.get(activity), status);
    for (const [group, status] of Object.entries(groups)) this.markLine(this.groups.get(group), status);
    Object.assign(this.statuses, statuses);
    const all = Object.values(this.statuses);
    const done = all.filter((status) => DONE.has(status)).length;
    const progress = this.find("progress");
    if (progress) progress.textContent = this.words.progress.replace("{done}", done).replace("{all}", all.length);
  }

  markLine(line, status) {
    if (!line || line.dataset.status === status) return;
    line.dataset.status = status;
    line.querySelector("[data-mark]").textContent = MARKS[status];
    line.querySelector("[data-status-word]").textContent = this.words[status];
  }

  /** What to do next stands out. */
  emphasize(id) {
    for (const name of ["continue", "exit"]) this.find(name)?.classList.toggle("next", name === id);
  }

  /** A short word in the bar, read out politely. */
  say(key) {
    const state = this.find("state");
    const text = this.words[`${key}_briefly`] ?? this.words[key] ?? "";
    if (state.textContent !== text) state.textContent = text;
    state.dataset.state = key;
  }

  /** A message above the content, which goes on. */
  warn(key) {
    const warning = this.find("warning");
    this.warning = key;
    warning.hidden = key === null;
    warning.querySelector("p").textContent = key === null ? "" : this.words[key];
  }

  /** A message in place of everything, with one thing to do where there is one. */
  stop(key, action = null, label = "try_again") {
    const notice = this.find("notice");
    notice.dataset.notice = key;
    notice.querySelector("p").textContent = this.words[key];
    const button = this.find("act");
    button.hidden = action === null;
    button.textContent = this.words[label];
    button.onclick = action;
    notice.hidden = false;
    this.frame.hidden = true;
    document.body.dataset.over = "yes";
    document.title = this.course;
    this.say("");
    notice.focus();
  }

  /** The same, while the course goes on: buttons and contents stay. */
  tell(key, action, label) {
    this.stop(key, action, label);
    delete document.body.dataset.over;
  }

  /** The content is to be seen again. */
  resume() {
    this.find("notice").hidden = true;
    this.frame.hidden = false;
    delete document.body.dataset.over;
  }
}

// A browser may refuse storage to framed pages.
function keep(name, value) {
  try {
    sessionStorage.setItem(name, value);
  } catch {
    // Then the bar is shown again after a reload.
  }
}

function recall(name) {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
}

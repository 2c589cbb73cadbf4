/* One lesson: its pages, the check question at its end, and the notebook. The page names its objective. */
"use strict";

const scorm = new Scorm2004();
const notes = new Notes(scorm);
const state = readState();
const furthest = { index: Number(state.furthest) || 0 };
const check = new Question(document.querySelector("[data-question]"), CHECK, "Check yourself", answered);

const pages = new Pages({
  shown(id, index) {
    if (id === "check") check.begin();
    furthest.index = Math.max(furthest.index, index);
    keep(id);
  },
  mayLeave: () => true,
});

if (state.answer) check.show(state.answer);
pages.open(scorm.get("cmi.location"));
document.querySelector("[data-offline]").hidden = scorm.open;
openNotes();
showEnd();
window.addEventListener("pagehide", () => scorm.finish(isComplete()));

function readState() {
  try {
    return JSON.parse(scorm.get("cmi.suspend_data"));
  } catch {
    return {}; /* nothing kept yet */
  }
}

function isComplete() {
  return Boolean(state.answer);
}

function keep(id) {
  scorm.set("cmi.location", id);
  scorm.set("cmi.suspend_data", JSON.stringify({ furthest: furthest.index, answer: state.answer }));
  if (!isComplete()) scorm.set("cmi.progress_measure", (furthest.index / pages.count).toFixed(2));
  scorm.commit();
}

function answered(question, answer, seconds) {
  const right = isRight(question, answer);
  state.answer = answer;
  scorm.interaction(question, answer, right, seconds);
  const objective = scorm.objective(question.objective);
  if (objective >= 0) scorm.set(`cmi.objectives.${objective}.success_status`, right ? "passed" : "failed");
  scorm.set("cmi.success_status", right ? "passed" : "failed");
  scorm.complete();
  keep("check");
  showEnd();
}

function showEnd() {
  const end = document.querySelector("[data-end]");
  end.hidden = !isComplete();
  const next = document.querySelector("[data-continue]");
  next.hidden = !scorm.mayRequest("continue");
  next.onclick = () => scorm.finish(true, "continue");
}

function openNotes() {
  const box = document.querySelector("[data-notes]");
  box.hidden = !notes.available;
  if (!notes.available) return;
  const text = box.querySelector("textarea");
  text.value = notes.read();
  text.addEventListener("change", () => {
    notes.write(text.value);
    box.querySelector("[data-saved]").textContent = "Kept for all lessons.";
  });
}

/* The test: one question a page, a scaled score, and what the lessons' objectives say. */
"use strict";

const scorm = new Scorm2004();
const state = readState();
const quiz = new Map();

for (const [index, question] of QUESTIONS.entries()) {
  const section = document.querySelector(`[data-question="${index + 1}"]`);
  quiz.set(section.dataset.page, new Question(section, question, `Question ${index + 1} of ${QUESTIONS.length}`, answered));
}

const pages = new Pages({
  shown(id) {
    if (quiz.has(id)) quiz.get(id).begin();
    if (id === "result") showResult();
    scorm.set("cmi.location", id);
    scorm.commit();
  },
  mayLeave(id) {
    return !quiz.has(id) || quiz.get(id).question.id in state.answers;
  },
});

for (const shown of quiz.values()) {
  const answer = state.answers[shown.question.id];
  if (answer) shown.show(answer);
}
pages.open(scorm.get("cmi.location"));
showLessons();
document.querySelector("[data-offline]").hidden = scorm.open;
document.querySelector("[data-finish]").addEventListener("click", finish);
window.addEventListener("pagehide", () => scorm.finish(state.scored));

function readState() {
  try {
    const { answers, scored } = JSON.parse(scorm.get("cmi.suspend_data"));
    return { answers: answers ?? {}, scored: Boolean(scored) };
  } catch {
    return { answers: {}, scored: false }; /* nothing kept yet */
  }
}

function answered(question, answer, seconds) {
  state.answers[question.id] = answer;
  scorm.interaction(question, answer, isRight(question, answer), seconds);
  scorm.set("cmi.progress_measure", (Object.keys(state.answers).length / QUESTIONS.length).toFixed(2));
  keep();
  pages.refresh();
}

function keep() {
  scorm.set("cmi.suspend_data", JSON.stringify(state));
  scorm.commit();
}

/** Whether each lesson's check was answered rightly, as its objective tells through the LMS. */
function showLessons() {
  for (const item of document.querySelectorAll("[data-objective]")) {
    const index = scorm.objective(item.dataset.objective);
    const status = index < 0 ? "unknown" : scorm.get(`cmi.objectives.${index}.success_status`);
    item.querySelector("span").textContent = { passed: "check passed", failed: "check not passed" }[status] ?? "not checked yet";
  }
}

function showResult() {
  const right = QUESTIONS.filter((question) => isRight(question, state.answers[question.id])).length;
  const scaled = right / QUESTIONS.length;
  const passed = scaled >= scorm.passMark;
  document.querySelector("[data-result]").textContent =
    `${right} of ${QUESTIONS.length} right. ` + (passed ? "You have passed." : `You need ${Math.round(scorm.passMark * 100)} %.`);
  if (state.scored) return;
  state.scored = true;
  scorm.score(scaled);
  keep();
}

function finish() {
  scorm.finish(true, "exitAll");
  document.querySelector("[data-closed]").hidden = false;
  document.querySelector("[data-finish]").disabled = true;
}

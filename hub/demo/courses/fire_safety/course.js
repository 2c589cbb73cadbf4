/* Pages, quiz and run-time of this course put together. */
"use strict";

const scorm = new Scorm12();
const state = readState();
const quiz = new Map();

for (const [index, question] of QUESTIONS.entries()) {
  const section = document.querySelector(`[data-question="${index + 1}"]`);
  const place = `Question ${index + 1} of ${QUESTIONS.length}`;
  quiz.set(section.dataset.page, new Question(section, question, place, answered));
}

const pages = new Pages({
  shown(id) {
    if (quiz.has(id)) quiz.get(id).begin();
    if (id === "result") showResult();
    scorm.set("cmi.core.lesson_location", id);
    scorm.commit();
  },
  mayLeave(id) {
    return !quiz.has(id) || quiz.get(id).question.id in state.answers;
  },
});

restore();
document.querySelector("[data-retry]").addEventListener("click", retry);
document.querySelector("[data-finish]").addEventListener("click", finish);
document.querySelector("[data-offline]").hidden = scorm.open;
window.addEventListener("pagehide", () => scorm.finish(state.scored));

function readState() {
  try {
    const { answers, scored } = JSON.parse(scorm.get("cmi.suspend_data"));
    return { answers: answers ?? {}, scored: Boolean(scored) };
  } catch {
    return { answers: {}, scored: false }; /* nothing kept yet */
  }
}

function restore() {
  for (const shown of quiz.values()) {
    const answer = state.answers[shown.question.id];
    if (answer) shown.show(answer);
  }
  const place = scorm.get("cmi.core.lesson_location");
  pages.open(place);
  document.querySelector("[data-resumed]").hidden = !place || pages.index === 0;
}

function answered(question, answer, seconds) {
  state.answers[question.id] = answer;
  scorm.interaction(question, answer, isRight(question, answer), seconds);
  keep();
  pages.refresh();
}

function keep() {
  scorm.set("cmi.suspend_data", JSON.stringify(state));
  scorm.commit();
}

function showResult() {
  const right = QUESTIONS.filter((question) => isRight(question, state.answers[question.id])).length;
  const raw = Math.round((right / QUESTIONS.length) * 100);
  const passed = raw >= scorm.passMark;
  document.querySelector("[data-result]").textContent =
    `${right} of ${QUESTIONS.length} right: ${raw} of 100 points. ` +
    (passed ? "You have passed." : `You need ${scorm.passMark} points to pass.`);
  document.querySelector("[data-retry]").hidden = passed;
  if (state.scored) return;
  state.scored = true;
  scorm.score(raw);
  keep();
}

function retry() {
  state.answers = {};
  state.scored = false;
  for (const shown of quiz.values()) shown.reset();
  keep();
  pages.open("q1");
}

function finish() {
  scorm.finish(true);
  document.querySelector("[data-closed]").hidden = false;
  document.querySelector("[data-finish]").disabled = true;
  document.querySelector("[data-retry]").disabled = true;
}

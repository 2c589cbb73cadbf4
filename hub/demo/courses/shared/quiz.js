/* Questions as data, drawn as forms. A question's answer is a list of texts, or of pairs in matching. */
"use strict";

class Question {
  /** Draw `question` into `section`; `answered(question, answer, seconds)` is told of the learner's answer. */
  constructor(section, question, place, answered) {
    this.question = question;
    this.answered = answered;
    this.shownAt = performance.now();
    this.form = document.createElement("form");
    this.form.noValidate = true;
    this.fields = element("fieldset", {}, element("legend", {}, question.text), ...this.controls());
    this.check = element("button", { className: "primary" }, "Check answer");
    this.feedback = element("p", { className: "feedback", hidden: true });
    this.feedback.setAttribute("role", "status");
    this.form.append(this.fields, this.check);
    section.append(element("h1", { tabIndex: -1 }, place), this.form, this.feedback);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
  }

  controls() {
    const { type, options } = this.question;
    if (type === "numeric") return [this.numberField()];
    if (type === "matching") return this.pairs(options, this.question.targets);
    if (type === "sequencing") return this.pairs(options, options.map((_, index) => [String(index + 1), String(index + 1)]));
    return options.map(([id, text]) => this.option(id, text));
  }

  option(id, text) {
    const type = this.question.multiple ? "checkbox" : "radio";
    return element("label", { className: "option" },
      element("input", { type, name: this.question.id, value: id }), element("span", {}, text));
  }

  numberField() {
    return element("label", {}, `${this.question.unit} `,
      element("input", { type: "number", name: this.question.id, inputMode: "numeric" }));
  }

  pairs(rows, choices) {
    return rows.map(([id, text]) => {
      const select = element("select", { name: id }, element("option", { value: "" }, "Choose…"),
        ...choices.map(([value, label]) => element("option", { value }, label)));
      return element("label", { className: "pair" }, element("span", {}, text), select);
    });
  }

  /** What the learner has put in, or null while something is missing. */
  answer() {
    const { type } = this.question;
    const selects = [...this.form.querySelectorAll("select")];
    if (selects.length) {
      if (selects.some((select) => !select.value)) return null;
      const pairs = selects.map((select) => [select.name, select.value]);
      return type === "matching" ? pairs : pairs.sort((a, b) => a[1] - b[1]).map(([id]) => id);
    }
    if (type === "numeric") return this.form.querySelector("input").value ? [this.form.querySelector("input").value] : null;
    const chosen = [...this.form.querySelectorAll(":checked")].map((input) => input.value);
    return chosen.length ? chosen : null;
  }

  submit() {
    const answer = this.answer();
    if (answer === null) {
      this.say("Please answer first.", "wrong");
      return;
    }
    const seconds = (performance.now() - this.shownAt) / 1000;
    this.show(answer);
    this.answered(this.question, answer, seconds);
  }

  /** The page has come up: time starts to count. */
  begin() {
    this.shownAt = performance.now();
  }

  /** Show `answer` as given, with its verdict; the question is then closed. */
  show(answer) {
    this.fill(answer);
    this.fields.disabled = true;
    this.check.hidden = true;
    const right = isRight(this.question, answer);
    this.say(`${right ? "Right." : "Not quite."} ${this.question.why}`, right ? "right" : "wrong");
  }

  fill(answer) {
    const pairs = this.question.type === "sequencing" ? answer.map((id, index) => [id, String(index + 1)]) : answer;
    for (const select of this.form.querySelectorAll("select")) {
      select.value = pairs.find(([id]) => id === select.name)[1];
    }
    for (const input of this.form.querySelectorAll("input")) {
      if (input.type === "number") input.value = answer[0];
      else input.checked = answer.includes(input.value);
    }
  }

  /** Open the question again for another try. */
  reset() {
    this.form.reset();
    this.fields.disabled = false;
    this.check.hidden = false;
    this.feedback.hidden = true;
  }

  say(text, kind) {
    this.feedback.textContent = text;
    this.feedback.className = `feedback ${kind}`;
    this.feedback.hidden = false;
  }
}

/** Whether `answer` is the right one; the order counts in sequencing only. */
function isRight(question, answer) {
  const ordered = (list) => (question.type === "sequencing" ? list : [...list].sort()).map(String);
  return JSON.stringify(ordered(answer)) === JSON.stringify(ordered(question.correct));
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/* A course that is one document: sections with data-page, shown one at a time. */
"use strict";

class Pages {
  /**
   * `shown(id, index)` is told of every page that comes up; `mayLeave(id)` says whether the learner may go on from it.
   */
  constructor({ shown, mayLeave }) {
    this.sections = [...document.querySelectorAll("[data-page]")];
    this.shown = shown;
    this.mayLeave = mayLeave;
    this.index = 0;
    this.back = document.querySelector("[data-back]");
    this.next = document.querySelector("[data-next]");
    this.back.addEventListener("click", () => this.go(this.index - 1));
    this.next.addEventListener("click", () => this.go(this.index + 1));
  }

  get count() {
    return this.sections.length;
  }

  /** Open the page with this id, or the first one. */
  open(id) {
    const index = this.sections.findIndex((section) => section.dataset.page === id);
    this.go(Math.max(index, 0), false);
  }

  go(index, moveFocus = true) {
    this.index = index;
    this.sections.forEach((section, place) => { section.hidden = place !== index; });
    const section = this.sections[index];
    document.querySelector("[data-place]").textContent = `Page ${index + 1} of ${this.count}`;
    document.querySelector("progress").value = (index + 1) / this.count;
    window.scrollTo(0, 0);
    if (moveFocus) section.querySelector("h1").focus();
    this.shown(section.dataset.page, index);
    this.refresh();
  }

  /** Bring the buttons up to date after something on the page has changed. */
  refresh() {
    this.back.disabled = this.index === 0;
    this.next.disabled = this.index === this.count - 1 || !this.mayLeave(this.sections[this.index].dataset.page);
  }
}

// Ask for the list of members once where it is old, without making the teacher wait for it or click.
const form = document.getElementById("refresh");
if (form && "stale" in form.dataset) {
  fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) })
    .then((answer) => (answer.ok ? answer.text() : null))
    .then((text) => {
      const fresh = text && new DOMParser().parseFromString(text, "text/html").querySelector("main");
      if (fresh && !document.activeElement?.closest("main")) document.querySelector("main").replaceWith(fresh);
    });
}

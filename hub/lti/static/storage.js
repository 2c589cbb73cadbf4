// The platform's storage for browsers that keep no cookie in a frame (1EdTech: LTI postMessage Storage 0.1).
// `keep` puts the login's secret there and goes on to the platform; `ask` reads it back and sends the launch again.
const element = document.getElementById("storage");
const { do: task, target, origin, key, value } = element.dataset;
const PATIENCE = 1500; // milliseconds

function frame() {
  const above = window.parent === window ? window.opener : window.parent;
  if (!above || target === "_parent") return above;
  try {
    return above.frames[target] || above;
  } catch {
    return above;
  }
}

function request(subject, details) {
  const messageId = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), PATIENCE);
    window.addEventListener("message", (event) => {
      // Only the platform's own origin is believed.
      if (event.origin !== origin || event.data?.message_id !== messageId) return;
      if (event.data.subject !== `${subject}.response`) return;
      clearTimeout(timer);
      resolve(event.data.error ? null : (event.data.value ?? null));
    });
    frame()?.postMessage({ subject, message_id: messageId, ...details }, origin);
  });
}

if (task === "keep") {
  request("lti.put_data", { key, value }).then(() => location.replace(document.getElementById("next").href));
} else {
  request("lti.get_data", { key }).then((found) => {
    if (typeof found === "string" && found) {
      element.elements.stored.value = found;
      element.submit();
    } else {
      document.getElementById("window").classList.remove("late");
    }
  });
}

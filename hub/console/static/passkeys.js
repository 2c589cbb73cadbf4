/* Forms with data-passkey ("create" or "get") ask the browser's authenticator before they are sent: the options come from
   the address in data-options, the answer goes along in the field `credential`. */
"use strict";

(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  /** The options of Web Authentication Level 3 section 5.4, from JSON. */
  function readable(options) {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const list of [options.excludeCredentials, options.allowCredentials]) {
      for (const known of list ?? []) known.id = bytes(known.id);
    }
    return options;
  }

  /** The credential as JSON; toJSON() is not in every browser. */
  function written(credential) {
    const { response } = credential;
    const answer = { clientDataJSON: text(response.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[part]) answer[part] = text(response[part]);
    }
    if (response.getTransports) answer.transports = response.getTransports();
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response: answer,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  }

  async function optionsFor(form) {
    const answer = await fetch(form.dataset.options, { method: "POST", body: new FormData(form) });
    if (answer.redirected) window.location.assign(answer.url);
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    return readable(await answer.json());
  }

  async function ask(form) {
    const problem = form.querySelector("[data-passkey-problem]");
    problem.hidden = true;
    form.setAttribute("aria-busy", "true");
    try {
      const publicKey = await optionsFor(form);
      const credential = await navigator.credentials[form.dataset.passkey]({ publicKey });
      form.elements.credential.value = written(credential);
      form.submit();
    } catch (error) {
      problem.textContent = error.name === "InvalidStateError" ? form.dataset.known : form.dataset.failed;
      problem.hidden = false;
      form.removeAttribute("aria-busy");
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    if (!window.PublicKeyCredential) return;
    for (const form of document.querySelectorAll("form[data-passkey]")) {
      form.closest("[data-passkeys]").hidden = false;
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        ask(form);
      });
    }
  });
})();

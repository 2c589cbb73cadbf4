// Tell the platform's page that the registration is done and this one can be closed (LTI Dynamic Registration 1.0,
// step 4): at once, unless the page has something to be read first. It says nothing but that, so it may go to whoever
// opened us.
const close = () => (window.opener || window.parent).postMessage({ subject: "org.imsglobal.lti.close" }, "*");
const button = document.getElementById("close");
button.hidden = false;
button.addEventListener("click", close);
if ("atOnce" in button.dataset) close();

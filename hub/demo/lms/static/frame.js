/* Pages shown inside a frame: forms that go on by themselves, and the way back to the course. */
"use strict";

const form = document.querySelector("form[data-submit]");
if (form) form.submit();

const back = document.querySelector("a[data-back]");
if (back && window.top !== window) window.top.location.assign(back.href);

"""Pages of content for the player's tests: small, but they look for their API as real content does."""

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font: 16px system-ui; margin: 2rem">
<h1>{title}</h1>
<p>Entry: <b id="entry"></b> · Page: <b id="page"></b></p>
<button id="turn">Turn the page</button> <button id="finish">Finish</button>
<script>
function find(name) {{
  for (let each = window; ; each = each.parent) {{
    try {{ if (each[name]) return each[name]; }} catch (foreign) {{ return null; }}
    if (each.parent === each) return each.opener ? each.opener[name] : null;
  }}
}}
var api = find("{api}");
var other = find("{other}");
var initialized = api.{initialize}("");
var page = Number(api.{get}("{location}") || 1);
document.getElementById("entry").textContent = api.{get}("{entry}");
function show() {{ document.getElementById("page").textContent = page; }}
function turn() {{
  page += 1;
  api.{set}("{location}", String(page));
  api.{set}("cmi.suspend_data", "page " + page);
  show();
}}
function finish() {{
  {finish}
  api.{terminate}("");
  terminated = true;
}}
var terminated = false;
window.addEventListener("pagehide", function () {{
  if (!terminated && {says_goodbye}) {{ api.{set}("{exit}", "suspend"); api.{terminate}(""); }}
}});
document.getElementById("turn").onclick = turn;
document.getElementById("finish").onclick = finish;
show();
</script>
"""

_NAMES_12 = {
    "api": "API",
    "other": "API_1484_11",
    "initialize": "LMSInitialize",
    "terminate": "LMSFinish",
    "get": "LMSGetValue",
    "set": "LMSSetValue",
    "location": "cmi.core.lesson_location",
    "entry": "cmi.core.entry",
    "exit": "cmi.core.exit",
}
_NAMES_2004 = {
    "api": "API_1484_11",
    "other": "API",
    "initialize": "Initialize",
    "terminate": "Terminate",
    "get": "GetValue",
    "set": "SetValue",
    "location": "cmi.location",
    "entry": "cmi.entry",
    "exit": "cmi.exit",
}
_FINISH_12 = 'api.LMSSetValue("cmi.core.score.raw", "90"); api.LMSSetValue("cmi.core.lesson_status", "passed");'
_FINISH_2004 = (
    'api.SetValue("cmi.score.scaled", "0.9"); api.SetValue("cmi.success_status", "passed"); '
    'api.SetValue("cmi.completion_status", "completed");'
)


def sco12(title: str, *, says_goodbye: bool = True, finish: str = _FINISH_12) -> str:
    """A SCORM 1.2 page with a bookmark; `says_goodbye` when it calls LMSFinish as it is unloaded."""
    return _PAGE.format(title=title, finish=finish, says_goodbye=str(says_goodbye).lower(), **_NAMES_12)


def sco2004(title: str, *, says_goodbye: bool = True, finish: str = _FINISH_2004) -> str:
    """The same for SCORM 2004."""
    return _PAGE.format(title=title, finish=finish, says_goodbye=str(says_goodbye).lower(), **_NAMES_2004)

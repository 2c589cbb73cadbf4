// The SCO that stands for all of the cases' own: it finds its API as content does (RTE 3.3.6.1), runs the commands of a
// visit on it, and tells what came back.

const query = new URLSearchParams(location.search);
const activity = { tc: query.get("tc"), act: query.get("act") };
document.getElementById("what").textContent = `${activity.tc}, activity ${activity.act}`;

function findApi() {
  for (const start of [window.parent, window.opener]) {
    for (let each = start; each; each = each.parent === each ? null : each.parent) {
      if (each.API_1484_11) return each.API_1484_11;
    }
  }
  return null;
}

const api = findApi();

const METHODS = {
  doInitialize: (element) => api.Initialize(element),
  doTerminate: (element) => api.Terminate(element),
  doCommit: (element) => api.Commit(element),
  doGetValue: (element) => api.GetValue(element),
  doSetValue: (element, value) => api.SetValue(element, value),
  doGetErrorString: (element) => api.GetErrorString(element),
  doGetLastError: () => api.GetLastError(),
  doGetDiagnostic: (element) => api.GetDiagnostic(element),
};

/** The ids of the entries of a collection, in their order. */
function ids(collection) {
  const count = Number(api.GetValue(`${collection}._count`));
  return Array.from({ length: count }, (_, index) => api.GetValue(`${collection}.${index}.id`));
}

/** An element in which `&id&` stands for the index of the entry with this id; null where there is none. */
function resolved(element) {
  const named = /^(.*?)\.&(.*?)&(.*)$/s.exec(element);
  if (named === null) return element;
  const index = ids(named[1]).indexOf(named[2]);
  return index < 0 ? null : `${named[1]}.${index}${named[3]}`;
}

/** Run the commands; of each the element that it was about, what came back, and the error code then. */
window.run = (commands) =>
  commands.map(({ method, element, value }) => {
    if (method === "compareObjIds") return [element, ids(element).join(","), "0"];
    const found = resolved(element);
    if (found === null) return null;
    const result = METHODS[method](found, value);
    return [found, String(result), String(api.GetLastError())];
  });

window.isReady = true;

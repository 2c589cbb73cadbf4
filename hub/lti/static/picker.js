// Times are the teacher's own, and go to the Hub in UTC: a zone may be another hour from UTC on that day than today.
const times = [...document.querySelectorAll("input[type=datetime-local]")];
const zone = document.getElementById("zone-name");
if (zone) zone.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
for (const field of times) {
  const at = new Date(field.dataset.at || NaN);
  if (!Number.isNaN(at.valueOf())) {
    field.value = new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  }
}
document.getElementById("choice")?.addEventListener("formdata", ({ formData }) => {
  for (const field of times) if (field.value) formData.set(field.name, new Date(field.value).toISOString());
});
// An upload that is being checked is looked at again without a click.
const state = document.querySelector("form[data-again]");
if (state) setTimeout(() => state.submit(), 1500);

// Everything works without this file, but that times are in the reader's own zone, and live progress.
"use strict";

const inZone = new Intl.DateTimeFormat(undefined, {dateStyle: "medium", timeStyle: "short"});

const hour = new Intl.DateTimeFormat(undefined, {timeStyle: "short"});
const nextMidnight = () => new Date(new Date().setUTCHours(24, 0, 0, 0));
const inText = /(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC/g;

const putInZone = (root) => {
  for (const time of root.querySelectorAll("time[datetime]:not([data-in-zone])")) {
    const isDaily = "daily" in time.dataset;
    time.textContent = isDaily ? hour.format(nextMidnight()) : inZone.format(new Date(time.dateTime));
    time.dataset.inZone = "";
  }
  // A chart's own texts have no elements in them: UTC stands behind.
  for (const text of root.querySelectorAll("svg :is(title, desc):not([data-in-zone])")) {
    text.dataset.inZone = "";
    text.textContent = text.textContent.replace(inText, (utc, day, at) => `${inZone.format(new Date(`${day}T${at}Z`))} (${utc})`);
  }
};

// A second click while the first one is under way is none; after going back the buttons work again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if ("sent" in form.dataset) { event.preventDefault(); return; }
  form.dataset.sent = "";
  form.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

// What goes on is looked at again after a while. Until it has ended the page stays as it is, and so does the focus.
const waiting = document.querySelector("[data-look-again]");
const lookLater = () => setTimeout(lookAgain, Number(waiting.dataset.lookAgain));
const lookAgain = async () => {
  const answer = await fetch(location.href).catch(() => null);
  const goesOn = answer === null || answer.status >= 500 || (await answer.text()).includes("data-look-again");
  if (goesOn) lookLater(); else location.reload();
};
if (waiting) lookLater();

putInZone(document);
// Whoever is signed out meanwhile is led to the sign-in, which is a page and no part of one.
document.addEventListener("htmx:beforeSwap", (event) => {
  const {requestPath, responsePath} = event.detail.pathInfo;
  if (responsePath === requestPath) return;
  event.detail.shouldSwap = false;
  location.reload();
});
document.addEventListener("htmx:afterSwap", (event) => putInZone(event.target.parentElement ?? document));

// A form that only goes on is sent by itself: at once; or again and again, and until it leads on the page stays as it is.
const onItsWay = document.querySelector("form[data-at-once]");
const askLater = () => setTimeout(askAgain, Number(onItsWay.dataset.atOnce));
const askAgain = async () => {
  const body = new URLSearchParams(new FormData(onItsWay));
  const answer = await fetch(onItsWay.action, {method: "POST", body}).catch(() => null);
  if (answer?.redirected) { location.assign(answer.url); return; }
  if (answer === null || answer.status === 503) { askLater(); return; }
  const said = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!said.querySelector("form[data-at-once]")) { onItsWay.requestSubmit(); return; }
  const [before, now] = [document, said].map((root) => root.querySelector("[role=status]"));
  if (before.textContent !== now.textContent) before.textContent = now.textContent;
  askLater();
};
if (onItsWay?.dataset.atOnce) askLater(); else onItsWay?.requestSubmit();
document.querySelector("a[data-at-once]")?.click();

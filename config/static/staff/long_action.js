/* Keeps the page of a long action up to date while it runs; without it, "Look again" does. */
"use strict";

(function () {
  const EVERY_MS = 2000;

  async function refresh() {
    const ours = document.getElementById("long-action");
    const response = await fetch(window.location.href, { headers: { Accept: "text/html" } });
    if (!response.ok || response.redirected) {
      return;
    }
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const theirs = fresh.getElementById("long-action");
    if (!theirs || ours.contains(document.activeElement)) {
      return;
    }
    ours.replaceWith(document.adoptNode(theirs));
    if (!isRunning()) {
      document.querySelector(".toolbar form")?.remove();
      window.staff.announce(theirs.querySelector("[data-told]").textContent.trim().replace(/\s+/g, " "));
    }
  }

  function isRunning() {
    return document.querySelector("#long-action[data-running]") !== null;
  }

  async function live() {
    if (!isRunning()) {
      return;
    }
    if (!document.hidden) {
      await refresh().catch(() => undefined);
    }
    window.setTimeout(live, EVERY_MS);
  }

  window.setTimeout(live, EVERY_MS);
})();

/* The integration portal's live values: through the gateway, then the server's own words for what is known now. */
"use strict";

(function () {
  const EVERY_MS = 30000;
  const QUICKLY_MS = 1500;

  /* Fetch this page once more and put its parts in the place of ours. */
  async function refresh(ids) {
    const response = await fetch(window.location.href, { headers: { Accept: "text/html" } });
    if (!response.ok) {
      return;
    }
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const id of ids) {
      const ours = document.getElementById(id);
      const theirs = fresh.getElementById(id);
      if (ours && theirs && !ours.contains(document.activeElement)) {
        ours.replaceWith(document.adoptNode(theirs));
      }
    }
  }

  /* <form data-rpc="server.method">: the call goes through the gateway, and the page stays. Before staff.js hears it. */
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("[data-rpc]");
    if (!form) {
      return;
    }
    event.preventDefault();
    const button = form.querySelector("button");
    const part = form.closest("section").id;
    const action = form.action.split("/").at(-2);
    button.disabled = true;
    try {
      await window.staff.call(form.dataset.rpc, { company_id: Number(form.dataset.company) });
    } catch (error) {
      if (!error.data) {
        form.submit();
        return;
      }
    }
    button.disabled = false;
    button.blur();
    await refresh([part, "state", "steps"]);
    const outcome = document.querySelector(`[data-outcome="${action}"]`) || document.querySelector("#state .badge");
    window.staff.announce(outcome.textContent.trim().replace(/\s+/g, " "));
    document.querySelector(`form[action$="/${action}/"] button`)?.focus();
  }, true);

  async function askWorkers() {
    const place = document.querySelector("[data-live-worker]");
    if (!place) {
      return;
    }
    const answer = await window.staff.call("queue.getWorkers", {});
    const badge = document.querySelector(`template[data-worker="${CSS.escape(answer.status)}"]`);
    if (badge) {
      place.replaceChildren(badge.content.cloneNode(true));
    }
  }

  function keepFresh() {
    const parts = [...document.querySelectorAll("[data-refresh]")];
    if (!parts.length) {
      return;
    }
    const isQuick = parts.some((part) => part.dataset.refresh === "quickly");
    window.setTimeout(async () => {
      if (!document.hidden) {
        await refresh([...parts.map((part) => part.id), "state", "steps"]).catch(() => {});
      }
      keepFresh();
    }, isQuick ? QUICKLY_MS : EVERY_MS);
  }

  askWorkers().catch(() => {});
  keepFresh();
})();

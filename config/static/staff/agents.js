/* Agents: what is live at Retell, loaded per agent. All work without it too. */
"use strict";

(function () {
  document.querySelectorAll("[data-live]:not([data-known])").forEach(check);
  document.querySelectorAll("form[data-busy]").forEach((form) =>
    form.addEventListener("submit", () => window.staff.announce(form.dataset.busy)),
  );

  /* What is known of it already stands below, and stays where Retell gives no answer. */
  async function check(box) {
    const words = box.dataset;
    box.textContent = words.checking;
    try {
      const params = { company_id: Number(words.company), agent_ids: [words.agent] };
      const [drift] = (await window.staff.call("retell_config.getDrift", params)).agents;
      const name = document.querySelector(`[data-name="${CSS.escape(words.agent)}"]`);
      if (name && drift.agent_name) {
        name.textContent = drift.agent_name;
      }
      if (drift.in_sync) {
        box.replaceChildren(badge("good", "✓", words.inSync), ` ${words.version} ${drift.live_version}`);
      } else {
        box.replaceChildren(list(drift.words));
      }
      if (!drift.kind && box.nextElementSibling) {
        box.nextElementSibling.remove();
      }
    } catch (error) {
      box.textContent = `${words.failed}: ${error.message}`;
    }
  }

  function badge(look, symbol, text) {
    const made = document.createElement("span");
    made.className = `badge badge-${look}`;
    made.textContent = `${symbol} ${text}`;
    return made;
  }

  function list(texts) {
    const made = document.createElement("ul");
    made.append(
      ...texts.map((text) => {
        const item = document.createElement("li");
        item.textContent = text;
        return item;
      }),
    );
    return made;
  }
})();

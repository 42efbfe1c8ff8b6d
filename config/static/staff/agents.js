/* Agents: what is live at Retell, loaded per agent; deployments with their progress. All work without it too. */
"use strict";

(function () {
  document.querySelectorAll("[data-live]:not([data-known])").forEach(check);
  document.querySelectorAll("form[data-deploy]").forEach((form) => form.addEventListener("submit", deploy));
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

  /* Agent after agent, so that each result stands there as soon as it is known. */
  async function deploy(event) {
    const form = event.target;
    event.preventDefault();
    const button = form.querySelector("button");
    const progress = form.querySelector("[data-progress]");
    button.disabled = true;
    progress.hidden = false;
    progress.firstElementChild.value = 0;
    for (const box of document.querySelectorAll("[data-result]")) {
      box.textContent = form.dataset.running;
      await deployOne(form, box);
      progress.firstElementChild.value += 1;
    }
    window.staff.announce(form.dataset.over);
    button.disabled = false;
  }

  async function deployOne(form, box) {
    const chosen = (name) => Boolean(form.elements[name]?.checked);
    const params = {
      company_id: Number(form.dataset.company),
      agent_ids: [box.dataset.result],
      accept_foreign_changes: chosen("accept_foreign_changes"),
      move_numbers: chosen("move_numbers"),
      set_inbound_webhook: chosen("set_inbound_webhook"),
    };
    try {
      const [row] = (await window.staff.call("retell_config.deployCustomFunctions", params)).deployed;
      const look = row.success ? badge("good", "✓", form.dataset[row.status]) : badge("bad", "✕", form.dataset[row.status]);
      box.replaceChildren(look, ` ${[row.reason, ...row.numbers.map((line) => line.words)].filter(Boolean).join(" ")}`);
    } catch (error) {
      box.replaceChildren(badge("bad", "✕", form.dataset.failed), ` ${error.message}`);
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

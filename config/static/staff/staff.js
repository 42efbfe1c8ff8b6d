/* Small helps on every staff page: keys, copy buttons, questions before dangerous buttons. All work without them too. */
"use strict";

(function () {
  const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;
  let before = "";

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) {
      return;
    }
    const search = document.getElementById("searchbar");
    const keys = document.getElementById("shortcuts");
    if (event.key === "/" && search) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "?" && keys && !keys.open) {
      event.preventDefault();
      keys.showModal();
    } else if (event.key === "h" && before === "g") {
      window.location.assign(document.querySelector("#site-name a").href);
    }
    before = event.key;
  });

  /* <button data-copy="#id">: copies the text, or the value, of the element. */
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) {
      return;
    }
    event.preventDefault();
    const source = document.querySelector(button.dataset.copy);
    try {
      await navigator.clipboard.writeText("value" in source ? source.value : source.textContent.trim());
      announce(button.dataset.copied || "✓");
    } catch {
      const range = document.createRange();
      range.selectNodeContents(source);
      window.getSelection().removeAllRanges();
      window.getSelection().addRange(range);
    }
  });

  /* A form posted twice by a double click acts once; the server sees to it too. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) {
      return;
    }
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    window.setTimeout(() => delete form.dataset.sent, 3000);
  });

  function announce(text) {
    const list = document.createElement("ul");
    list.className = "messagelist";
    const item = document.createElement("li");
    item.className = "success";
    item.textContent = text;
    list.append(item);
    document.getElementById("messages").replaceChildren(list);
  }

  /* Calls of the gateway from pages: staff session and CSRF token. Rejects with the gateway's own words. */
  let calls = 0;
  async function call(method, params) {
    calls += 1;
    const response = await fetch("/api/mcp/gateway", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
      body: JSON.stringify({ jsonrpc: "2.0", id: calls, method, params }),
    });
    const answer = await response.json();
    if (answer.error) {
      throw Object.assign(new Error(answer.error.message), { data: answer.error.data });
    }
    return answer.result;
  }

  function csrfToken() {
    const field = document.querySelector("[name=csrfmiddlewaretoken]");
    return field ? field.value : "";
  }

  window.staff = { announce, call };
})();

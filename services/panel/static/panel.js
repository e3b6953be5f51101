"use strict";
// Fetches the changing part of the page and puts it in place; says so when the panel does not answer.
const EVERY = 3000;
const board = document.getElementById("board");
const contact = document.getElementById("contact");
let tag = "";
let lastAnswer = new Date();

async function refresh() {
  try {
    const answer = await fetch("/quadro", {
      cache: "no-store",
      headers: tag ? { "If-None-Match": tag } : {},
      signal: AbortSignal.timeout(15000),
    });
    if (answer.status === 200) {
      board.innerHTML = await answer.text();
      tag = answer.headers.get("ETag") || "";
    } else if (answer.status !== 304) {
      throw new Error(String(answer.status));
    }
    lastAnswer = new Date();
    contact.hidden = true;
  } catch {
    contact.textContent = "Sem contato com o painel desde " + lastAnswer.toLocaleTimeString("pt-BR") +
      ": os números abaixo podem estar velhos.";
    contact.hidden = false;
  }
  setTimeout(refresh, EVERY);
}

setTimeout(refresh, EVERY);

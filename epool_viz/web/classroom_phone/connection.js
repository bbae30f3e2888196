// The connection of a phone to its class. It comes back by itself, and a guess that was not sent is sent again.

/**
 * What a phone is shown.
 *
 * @typedef {import("../predict/counts.js").Asked} Asked
 * @typedef {{turn: number, question: Asked | null, guess: any, shown: {truth: any, explanation: string, room: import("../predict/counts.js").Room} | null}} View
 * @typedef {{
 *   base: string, code: string, seen: (view: View) => void, refused: (message: string, again: boolean) => void, lost: (isLost: boolean) => void,
 *   told: (words: string, isSent: boolean) => void,
 * }} Given
 */

const AGAIN = 2000; // milliseconds
export const SENT = "Sent. You can change it until the answer is shown.";
export const WAITING = "Not sent yet: no connection. It is sent as soon as there is one.";

/**
 * The random id of this phone in a class: of this tab, for as long as it is open.
 *
 * @param {string} code
 */
export function idOf(code) {
  const key = `epool-class-${code}`;
  const made = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    const id = sessionStorage.getItem(key) ?? made;
    sessionStorage.setItem(key, id);
    return id;
  } catch {
    return made;
  }
}

/**
 * Join a class: `seen` is called with what is shown, whenever it changes. Returns `send(turn, guess)`.
 *
 * @param {Given} given
 */
export function join({ base, code, seen, refused, lost, told }) {
  const phone = idOf(code);
  const address = `${base}/${encodeURIComponent(code)}`;
  /** @type {{turn: number, guess: any} | null} */
  let pending = null;
  /** @type {number | undefined} */
  let timer;
  const deliver = async () => {
    const sent = pending;
    if (!sent) return;
    try {
      const answer = await fetch(`${address}/guess`, { method: "POST", body: JSON.stringify({ phone, ...sent }) });
      if (sent !== pending) return;
      const { message } = await answer.json();
      if (answer.status === 429) {
        clearTimeout(timer);
        timer = setTimeout(deliver, 500);
        return;
      }
      pending = null;
      told(answer.ok ? SENT : message, answer.ok);
    } catch {
      if (sent === pending) told(WAITING, false);
    }
  };
  listen(address, phone, { refused, lost, seen: (view) => {
    if (pending && (pending.turn !== view.turn || view.shown)) pending = null;
    seen(view);
    deliver();
  } });
  return (/** @type {number} */ turn, /** @type {any} */ guess) => {
    pending = { turn, guess };
    deliver();
  };
}

/**
 * @param {string} address
 * @param {string} phone
 * @param {Pick<Given, "seen" | "refused" | "lost">} given
 */
function listen(address, phone, { seen, refused, lost }) {
  const events = new EventSource(`${address}/events?phone=${phone}`);
  events.addEventListener("open", () => lost(false));
  events.addEventListener("state", (event) => seen(JSON.parse(event.data)));
  events.addEventListener("refused", (event) => {
    events.close();
    const { message, again } = JSON.parse(event.data);
    refused(message, again);
  });
  events.addEventListener("error", () => {
    lost(true);
    if (events.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    setTimeout(() => listen(address, phone, { seen, refused, lost }), AGAIN);
  });
}

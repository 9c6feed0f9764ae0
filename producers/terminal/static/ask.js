// Requests to the terminal program behind the page.

const PATIENCE_MS = 10000;

/** Ask the program; with fields it is a post. It throws if the program does not answer in time. */
export async function ask(path, fields) {
  const options = fields === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fields),
  };
  const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS), ...options });
  // The program may refuse without words of its own, as a body that is too large. That is final: asked again, it would keep all others waiting.
  const refused = answer.status >= 400 && answer.status < 500 && !answer.headers.get("Content-Type")?.startsWith("application/json");
  return { status: answer.status, content: refused ? { word: "not_json", facts: {} } : await answer.json() };
}

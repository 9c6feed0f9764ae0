// Requests to the terminal program behind the page.

const PATIENCE_MS = 10000;

/** Ask the program; with fields it is a post. It throws if the program does not answer in time. */
export async function ask(path, fields) {
  const options = fields === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fields),
  };
  const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS), ...options });
  return { status: answer.status, content: await answer.json() };
}

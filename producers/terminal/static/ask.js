// Requests to the terminal program behind the page.

/** Ask the program; with fields it is a post. It throws if the program does not answer. */
export async function ask(path, fields) {
  const options = fields === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(fields),
  };
  const answer = await fetch(path, { cache: "no-store", ...options });
  return { status: answer.status, content: await answer.json() };
}

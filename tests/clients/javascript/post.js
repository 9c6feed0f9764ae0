// Post the events of a file as JavaScript programs do. Usage: node post.js WAY; see README.md beside run.py.
import { readFileSync } from "node:fs";

const { POST_URL, POST_SOURCE, POST_TOKEN, POST_EVENTS } = process.env;
const events = JSON.parse(readFileSync(POST_EVENTS, "utf8"));
const token = { Authorization: `Bearer ${POST_TOKEN}` };
const [way, mode] = process.argv[2].split(":");
const tell = (status) => console.log(status);

async function sdk() {
  const { CloudEvent, Mode, emitterFor, httpTransport } = await import("cloudevents");
  // The SDK's transport hands on no status, only headers and body.
  const emit = emitterFor(httpTransport(POST_URL), mode === "structured" ? { mode: Mode.STRUCTURED } : {});
  for (const { id, type, data } of events) {
    const answer = await emit(new CloudEvent({ id, type, source: POST_SOURCE, data }), { headers: token });
    tell(JSON.parse(answer.body).status ?? 202);
  }
}

async function sdkFetch() {
  const { CloudEvent, HTTP } = await import("cloudevents");
  for (const { id, type, data } of events) {
    const event = new CloudEvent({ id, type, source: POST_SOURCE, data });
    const message = mode === "structured" ? HTTP.structured(event) : HTTP.binary(event);
    const headers = { ...message.headers, ...token };
    tell((await fetch(POST_URL, { method: "POST", headers, body: message.body })).status);
  }
}

async function plainFetch() {
  const body = JSON.stringify(events.map((one) => ({ specversion: "1.0", source: POST_SOURCE, ...one })));
  const headers = { ...token, "Content-Type": "application/cloudevents-batch+json" };
  tell((await fetch(POST_URL, { method: "POST", headers, body })).status);
}

await { sdk, "sdk-fetch": sdkFetch, fetch: plainFetch }[way]();

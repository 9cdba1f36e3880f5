/** Talks to the service. */

const RETRY_MS = 1000;
const RETRIES = 120;

/** What the service refused, with its where, expected, got and remedy. */
export class Refused extends Error {
  constructor(status, problem) {
    const remedy = problem.remedy ? `; ${problem.remedy}` : "";
    super(`${problem.where}: expected ${problem.expected}, got ${problem.got}${remedy}`);
    this.status = status;
  }
}

export const recommend = (question) => post("/v1/recommend", question);
export const react = (event) => post("/v1/events", event);
export const item = (id) => get(`/v1/items/${encodeURIComponent(id)}`);
export const similar = (id, options) => get(`/v1/items/${encodeURIComponent(id)}/similar`, options);
export const search = (text, limit) => get("/v1/items", { search: text, limit });
export const history = (user, options) => get(`/v1/users/${encodeURIComponent(user)}/history`, options);
export const users = (limit) => get("/v1/users", { limit });

let known = null;

/** Fields, filters, kinds of event and scenes; asked once, and again and again while the service still loads. */
export function catalogue(onWait) {
  known ??= patiently(() => get("/v1/catalogue"), onWait).catch((error) => {
    known = null;
    throw error;
  });
  return known;
}

async function patiently(ask, onWait) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (error.status !== 503 || attempt === RETRIES) throw error;
      onWait();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function get(path, options = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options)) {
    for (const one of [value].flat()) if (one !== undefined && one !== null) query.append(name, one);
  }
  return answer(fetch(query.size ? `${path}?${query}` : path));
}

function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return answer(fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function answer(request) {
  const response = await request;
  const body = await response.json();
  if (!response.ok) throw new Refused(response.status, body.error);
  return body;
}

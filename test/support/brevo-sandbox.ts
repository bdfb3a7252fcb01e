import type { Sandbox } from '@tajo/sandbox';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One request to the sandbox's Brevo, with its key. */
export async function callBrevo(sandbox: Sandbox, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(sandbox.brevoUrl + path, {
    method,
    headers: { 'api-key': sandbox.keys.brevoApiKey, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  // The tests look at the parts they expect; a missing one fails them.
  return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : {}) as Answer['body'] };
}

export async function collected<T>(records: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const record of records) all.push(record);
  return all;
}

/** Asks again until the answer fits, for at most ten seconds. */
export async function eventually(ask: () => Promise<Answer>, fits: (answer: Answer) => boolean): Promise<Answer> {
  const end = Date.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    if (Date.now() > end) throw new Error(`Still ${answer.status} ${JSON.stringify(answer.body)} after ten seconds.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

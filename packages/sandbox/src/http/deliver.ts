/** A webhook delivery as it was sent, so that a test can send it once more, and what was answered. */
export interface SentDelivery {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** 0 when nobody answered. */
  readonly status: number;
}

export async function deliver(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<SentDelivery> {
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.timeout(5_000) });
    await answer.arrayBuffer();
    return { url, headers, body, status: answer.status };
  } catch {
    return { url, headers, body, status: 0 };
  }
}

import type { Context } from '../context.js';
import type { Answer } from '../route.js';

export async function readMetrics({ metrics }: Context): Promise<Answer> {
  return { status: 200, text: await metrics.read(), contentType: metrics.contentType };
}

import type { IncomingMessage } from 'node:http';

/** A client in the middle of an upload must get to read the refusal; past this factor it is cut off. */
const PATIENCE = 8;

/** The whole body, or `too-large`. The rest of a body that is too large is read and thrown away. */
export async function readBody(message: IncomingMessage, maxBytes: number): Promise<Buffer | 'too-large'> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('A request body arrives in buffers.');
    bytes += chunk.length;
    if (bytes > maxBytes * PATIENCE) break;
    if (bytes <= maxBytes) chunks.push(chunk);
  }
  return bytes > maxBytes ? 'too-large' : Buffer.concat(chunks, bytes);
}

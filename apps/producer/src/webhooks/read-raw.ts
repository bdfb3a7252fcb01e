import type { Request } from 'express';
import { Problem } from '../problem.js';

/**
 * The body byte by byte as it came, since a signature is over exactly these. Nobody gets to send more than `maxBytes`: what says so beforehand is
 * not read at all.
 */
export async function readRaw(request: Request, maxBytes: number): Promise<Buffer> {
  if (request.headers['content-encoding'] !== undefined && request.headers['content-encoding'] !== 'identity')
    throw new Problem(415, 'encoding_unsupported', 'Send the body as it is, without an encoding.', CLOSE);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Without an encoding a request's chunks are buffers.
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(400, 'body_incomplete', 'The body ended before its end.', { ...CLOSE, cause: error });
  }
  return Buffer.concat(chunks, bytes);
}

/** The rest of what is sent goes with the connection. */
const CLOSE = { headers: { connection: 'close' } };

function tooLarge(maxBytes: number): Problem {
  return new Problem(413, 'delivery_too_large', `A delivery takes at most ${maxBytes} bytes.`, CLOSE);
}

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Server } from 'node:http';
import express from 'express';
import type { Registry } from 'prom-client';

/** The worker's small port: `/health/live`, `/health/ready` (open, saying nothing else) and `/metrics` (with the API key). */
export function createHealthServer(options: {
  ready: () => Promise<boolean>;
  registry: Registry;
  apiKey: string | undefined;
}): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/health/live', (_req, res) => {
    res.json({ status: 'ok' });
  });
  app.get('/health/ready', async (_req, res) => {
    const ready = await options.ready().catch(() => false);
    res.status(ready ? 200 : 503).json({ status: ready ? 'ok' : 'not ready' });
  });
  app.get('/metrics', async (req, res) => {
    if (!isAuthorized(req.headers.authorization, options.apiKey)) {
      res.status(401).set('www-authenticate', 'Bearer').json({ status: 'unauthorized' });
      return;
    }
    res.type(options.registry.contentType).send(await options.registry.metrics());
  });
  return app;
}

/** Hashing both sides first makes the comparison constant in time whatever the lengths. */
function isAuthorized(header: string | undefined, apiKey: string | undefined): boolean {
  if (apiKey === undefined || header === undefined) return false;
  return timingSafeEqual(digest(header), digest(`Bearer ${apiKey}`));
}

const digest = (text: string) => createHash('sha256').update(text).digest();

export async function listen(app: express.Express, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = app.listen(port, host, (error?: Error) => (error ? reject(error) : resolve(server)));
  });
}

// HEALTHCHECK of the images: `node health.mjs <variable with the port> [path]` ends with 0 when the process of this container is ready.
const [variable = '', path = '/health/ready'] = process.argv.slice(2);
const url = `http://127.0.0.1:${process.env[variable]}${path}`;
const answer = await fetch(url, { signal: AbortSignal.timeout(4_000) }).catch(() => undefined);
process.exit(answer?.ok ? 0 : 1);

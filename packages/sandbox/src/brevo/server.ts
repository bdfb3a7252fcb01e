import { timingSafeEqual } from 'node:crypto';
import type { Reply, SandboxRequest } from '../http/exchange.js';
import { startVendorServer, type Vendor, type VendorServer } from '../http/vendor-server.js';
import { FixedWindows, type Verdict } from '../http/windows.js';
import type { BrevoOptions } from '../options.js';
import { brevoControl } from './control.js';
import { type BrevoEndpoint, brevoEndpoints } from './endpoints.js';
import { invalid, refusal } from './errors.js';
import { brevoLimits } from './limits.js';
import { createParts } from './parts.js';

/** Hard limit of an import body; 8 MB is Brevo's advice (POST /contacts/import). */
const MAX_BODY_BYTES = 10 * 1024 * 1024;

export async function startBrevo(options: BrevoOptions, listen: { host: string; port: number }): Promise<VendorServer> {
  const parts = createParts(options);
  const vendor: Vendor<BrevoEndpoint> = {
    name: 'brevo',
    prefix: '/v3',
    endpoints: brevoEndpoints(parts, options),
    windows: new FixedWindows({
      budgets: { ...brevoLimits[options.tier], ...options.limitOverrides },
      enforced: options.limits === 'strict',
      scale: options.windowScale,
    }),
    maxBodyBytes: MAX_BODY_BYTES,
    authenticate: ({ headers }) => (same(headers['api-key'], options.apiKey) ? undefined : refusals.stranger),
    authorize: () => undefined,
    validate,
    rateHeaders,
    refuse: (why) => refusals[why],
    files: ({ method, path }) => {
      const report = method === 'GET' ? parts.imports.report(path) : undefined;
      return report === undefined ? undefined : { status: 200, headers: { 'content-type': 'text/csv' }, body: report };
    },
  };
  const { latencyMs, jitterMs, record } = options;
  const server = await startVendorServer(vendor, { ...listen, latencyMs, jitterMs, record, control: brevoControl(parts) });
  return {
    origin: server.origin,
    stop: () => {
      parts.later.stop();
      return server.stop();
    },
  };
}

function same(given: unknown, expected: string): boolean {
  const [a, b] = [Buffer.from(String(given)), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function validate({ method, headers, body }: SandboxRequest): Reply | undefined {
  const type = headers['content-type']?.split(';')[0]?.trim();
  const sends = (method === 'POST' || method === 'PUT') && body.length > 0;
  return sends && type !== 'application/json' ? invalid('The body must be JSON and say so in Content-Type') : undefined;
}

/** On every limited answer, successes included; reset counts down in seconds, and there is no Retry-After (page limit-headers). */
function rateHeaders({ refusedBy, windows }: Verdict): Record<string, string> {
  const window = refusedBy ?? windows[0];
  if (!window) return {};
  return {
    'x-sib-ratelimit-limit': String(window.limit),
    'x-sib-ratelimit-remaining': String(Math.max(0, window.remaining)),
    'x-sib-ratelimit-reset': String(Math.max(1, Math.ceil(window.resetMs / 1_000))),
  };
}

const refusals = {
  stranger: refusal(401, 'unauthorized', 'Key not found'),
  'not-found': refusal(404, 'document_not_found', 'The path is not served by the sandbox'),
  'wrong-method': refusal(405, 'method_not_allowed', 'Method not allowed'),
  'too-large': refusal(413, 'invalid_parameter', 'The request body exceeds 10 MB'),
  throttled: refusal(429, 'too_many_requests', 'Too many requests'),
  broken: refusal(500, 'internal_error', 'The sandbox has a bug; its standard error has the stack'),
  outage: refusal(503, 'service_unavailable', 'Service unavailable'),
};

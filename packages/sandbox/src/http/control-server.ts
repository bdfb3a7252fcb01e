import { type Endpoint, json, ndjson, parseBody, type Reply, type SandboxRequest } from './exchange.js';
import { type Faults, type Outage, outages, parseFault } from './faults.js';
import type { RecordedRequest } from './recorder.js';
import { createRouter } from './router.js';
import type { Stats } from './stats.js';

/** A control endpoint: nobody counts it, nothing breaks it, no key is asked. */
export type Control = Omit<Endpoint, 'budget'>;

interface Levers {
  readonly faults: Faults;
  readonly stats: () => Stats;
  readonly requests: () => readonly RecordedRequest[];
  readonly resetStats: () => void;
  readonly setOutage: (how: Outage | undefined) => void;
}

/** `/_sandbox/<vendor>/…`: what both vendors offer tests and benches, and the vendor's own endpoints beside it. */
export function serveControl(
  prefix: string,
  own: readonly Control[],
  levers: Levers,
): (request: SandboxRequest) => Promise<Reply> {
  const shared: Control[] = [
    { method: 'GET', path: '/stats', handle: () => json(200, levers.stats()) },
    { method: 'DELETE', path: '/stats', handle: () => done(levers.resetStats) },
    { method: 'GET', path: '/requests', handle: () => ndjson(levers.requests()) },
    { method: 'GET', path: '/faults', handle: () => json(200, levers.faults.list()) },
    { method: 'POST', path: '/faults', handle: (request) => addFault(levers.faults, request) },
    { method: 'DELETE', path: '/faults', handle: () => done(() => levers.faults.clear()) },
    { method: 'POST', path: '/pause/{how}', handle: (request) => pause(levers, request) },
    { method: 'POST', path: '/resume', handle: () => done(() => levers.setOutage(undefined)) },
  ];
  const route = createRouter([...shared, ...own].map((control) => ({ ...control, path: prefix + control.path, budget: '' })));
  return async (request) => {
    const match = route(request.method, request.path);
    if (match.kind !== 'found') return json(404, { message: `${prefix} has no ${request.method} ${request.path}` });
    return match.endpoint.handle({ ...request, params: match.params });
  };
}

function done(act: () => void): Reply {
  act();
  return { status: 204 };
}

function addFault(faults: Faults, request: SandboxRequest): Reply {
  const fault = parseFault(parseBody(request));
  if (typeof fault === 'string') return json(400, { message: fault });
  faults.add(fault);
  return { status: 201 };
}

function pause(levers: Levers, request: SandboxRequest): Reply {
  const how = outages.find((known) => known === request.params['how']);
  if (!how) return json(400, { message: `an outage is one of ${outages.join(', ')}` });
  return done(() => levers.setOutage(how));
}

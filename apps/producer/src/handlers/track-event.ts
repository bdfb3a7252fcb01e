import { randomUUID } from 'node:crypto';
import { isErased } from '@tajo/accounts';
import { RequestRefused, RetryLater, WaitUntil } from '@tajo/errors';
import { type EventProfile, uniqueIdOf } from '@tajo/klaviyo';
import { hashOf, TRACKED_AS } from '@tajo/mapping';
import type { Context } from '../context.js';
import { Problem, problemOf } from '../problem.js';
import type { Answer } from '../route.js';
import type { EventHeaders, EventTracked, TrackEvent } from '../schemas.js';
import { recordInBrevo } from '../tracking/record-in-brevo.js';

/** Somebody waits for the answer: longer waits for a lane are left to the repeat. */
const MAX_LANE_WAIT_MS = 5_000;
/** Klaviyo keeps times to the second. */
const SECOND_MS = 1_000;

/**
 * Klaviyo first: an event is accepted exactly when Klaviyo has it, and what Brevo lacks then is found there by the sync of events. It
 * carries the id under which the ledger knows it, so that the sync does not send what was recorded here.
 */
export async function trackEvent(
  context: Context,
  { body, headers }: { body: TrackEvent; headers: EventHeaders },
): Promise<Answer> {
  const { accounts, store, ending, logger, now } = context;
  const { account, event: metric, profile, value, value_currency: valueCurrency } = body;
  const road = await accounts.openEventRoad(account);
  const key = headers['idempotency-key'];
  const uniqueId = body.unique_id ?? (key === undefined ? randomUUID() : uniqueIdOf('idempotency-key', key));
  const id = `tajo-${uniqueIdOf(metric, uniqueId)}`;

  await refuseErased(context, account, profile);
  const time = wholeSecond(body.time === undefined ? now() : new Date(body.time));
  const { unique_id: _, account: __, ...asked } = body;
  const claimed = await store.tracked.claim(account, id, { fingerprint: hashOf(asked), time }, now());
  if (!claimed) throw reused(uniqueId, body.unique_id === undefined ? 'Idempotency-Key' : 'unique_id');

  const options = { signal: ending, priority: 'live', maxWaitMs: MAX_LANE_WAIT_MS } as const;
  const properties = { ...body.properties, [TRACKED_AS]: id };
  if (!claimed.acceptedAt) {
    const event = { metric, profile: profileOf(profile), uniqueId, time: claimed.time, properties, value, valueCurrency };
    try {
      await road.createEvent(event, options);
    } catch (error) {
      if (error instanceof RequestRefused) await store.tracked.release(account, id);
      throw notAccepted(error, uniqueId);
    }
    await store.tracked.accept(account, id, now());
  }
  const brevo = await recordInBrevo(
    context,
    { account, klaviyo: road.klaviyo, brevo: road.brevo.withCallOptions(options), options },
    { id, metric, profile, date: claimed.time.toISOString(), properties: asKlaviyoShows(body) },
  );
  logger.info({ account, brevo: brevo.outcome }, 'event tracked');
  const answer: EventTracked = {
    account,
    event: metric,
    uniqueId,
    time: claimed.time.toISOString(),
    klaviyo: { outcome: 'accepted', message: claimed.acceptedAt ? 'Accepted before.' : 'Accepted.' },
    brevo,
  };
  return { status: 202, body: answer };
}

/** Klaviyo would make the profile anew, and the next sync would carry it. */
async function refuseErased(
  { store, config }: Context,
  account: string,
  { id, email, phone_number: phone }: TrackEvent['profile'],
) {
  const identifiers = {
    klaviyoIds: id === undefined ? [] : [id],
    emails: email === undefined ? [] : [email],
    phones: phone === undefined ? [] : [phone],
  };
  if (!(await isErased(config, store, account, identifiers))) return;
  const detail = 'This person was erased at their own request; nothing of them is recorded any more.';
  throw new Problem(422, 'person_erased', detail, { extras: { field: 'profile' } });
}

function profileOf({ id, email, phone_number, external_id }: TrackEvent['profile']): EventProfile {
  if (id !== undefined) return { id };
  // The schema has seen to it that there is one.
  return {
    ...(email !== undefined && { email }),
    ...(phone_number !== undefined && { phone_number }),
    ...(external_id !== undefined && { external_id }),
  } as EventProfile;
}

/** Klaviyo keeps the value among the properties, and drops a zero. */
function asKlaviyoShows({ properties, value, value_currency }: TrackEvent): Record<string, unknown> {
  return {
    ...properties,
    ...(value && { $value: value }),
    ...(value_currency !== undefined && { $value_currency: value_currency }),
  };
}

function wholeSecond(date: Date): Date {
  return new Date(Math.floor(date.getTime() / SECOND_MS) * SECOND_MS);
}

function reused(uniqueId: string, field: string): Problem {
  const detail =
    field === 'unique_id'
      ? `unique_id ${uniqueId} stands for another event of this metric; give every event its own.`
      : 'This Idempotency-Key was used for another event; give every request its own.';
  return new Problem(422, 'unique_id_reused', detail, { extras: { field } });
}

/** Nothing is half done: Brevo has not been asked yet, and a repeat is the same event. */
function notAccepted(error: unknown, uniqueId: string): unknown {
  if (error instanceof RequestRefused) {
    const detail = `${error.message} Nothing was recorded.`;
    return new Problem(422, error.code, detail, { extras: { uniqueId }, cause: error });
  }
  if (!(error instanceof RetryLater || error instanceof WaitUntil)) return error;
  const problem = problemOf(error);
  const detail = `${problem.message} Nothing was recorded in Brevo. Repeat the request with unique_id ${uniqueId}: it is recorded once.`;
  return new Problem(503, problem.code, detail, { extras: { uniqueId }, headers: { ...problem.headers }, cause: error });
}

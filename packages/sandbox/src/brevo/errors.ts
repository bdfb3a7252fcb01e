import { json, type Reply } from '../http/exchange.js';

/** Brevo's error body (errorModel, contactErrorModel). */
export function refusal(status: number, code: string, message: string, metadata?: Readonly<Record<string, unknown>>): Reply {
  return json(status, { code, message, ...(metadata ? { metadata } : {}) });
}

export const invalid = (message: string): Reply => refusal(400, 'invalid_parameter', message);
export const missing = (message: string): Reply => refusal(400, 'missing_parameter', message);
export const outOfRange = (message: string): Reply => refusal(400, 'out_of_range', message);
export const notFound = (message: string): Reply => refusal(404, 'document_not_found', message);

/** Since 2026 the code is `invalid_parameter`; only the metadata says reliably that it is a clash (pass-culture/pass-culture-main#22628). */
export function clash(identifiers: readonly string[]): Reply {
  const message = `Unable to create contact, ${identifiers.join(', ')} is already associated with another Contact`;
  return refusal(400, 'invalid_parameter', message, { duplicate_identifiers: identifiers });
}

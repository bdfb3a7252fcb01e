import { type CallOptions, createHttpClient, type HttpClient } from '@tajo/http';
import type { Limiter, Priority } from '@tajo/limiter';
import { type AccountMethods, accountMethods } from './account.js';
import { type ApiOptions, createApi } from './api.js';
import { type AttributeMethods, attributeMethods } from './attributes.js';
import { type CampaignMethods, campaignMethods } from './campaigns.js';
import { type ContactMethods, contactMethods } from './contacts.js';
import { type CouponMethods, couponMethods } from './coupons.js';
import { type EcommerceMethods, ecommerceMethods } from './ecommerce.js';
import { type EventMethods, eventMethods } from './events.js';
import { type ImportMethods, importMethods } from './import-process.js';
import { type ReportMethods, reportMethods } from './import-report.js';
import { type ListMethods, listMethods } from './lists.js';
import { type OrderMethods, orderMethods } from './orders.js';
import { rateHeaders } from './rate-headers.js';
import { type TemplateMethods, templateMethods } from './templates.js';
import { type WebhookMethods, webhookMethods } from './webhooks.js';
import { type TransactionalLogMethods, transactionalLogMethods } from './transactional-logs.js';

/**
 * Brevo over HTTP. Nothing is retried and no redirect followed. Every method throws an error of `@tajo/errors` named by what
 * happens next (see `from-response.ts`); none holds a key, an e-mail address or a phone number.
 */
export interface BrevoClient
  extends EventMethods,
    OrderMethods,
    AccountMethods,
    AttributeMethods,
    ListMethods,
    ContactMethods,
    ImportMethods,
    ReportMethods,
    EcommerceMethods,
    CouponMethods,
    CampaignMethods,
    TemplateMethods,
    WebhookMethods,
    TransactionalLogMethods {
  /** The same client (and connections), its requests at another priority. */
  withPriority(priority: Priority): BrevoClient;
  /** The same client (and connections), its calls with this signal, priority and longest wait unless they have their own. */
  withCallOptions(options: CallOptions): BrevoClient;
  close(): void;
}

export interface BrevoClientOptions extends ApiOptions {
  readonly limiter: Limiter;
  /** Longest wait for an answer, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Largest answer or report, in bytes. Default 20,000,000. */
  readonly maxBodyBytes?: number | undefined;
}

export function createBrevoClient(options: BrevoClientOptions): BrevoClient {
  const { limiter, timeoutMs, maxBodyBytes } = options;
  return clientOn(createHttpClient({ limiter, rates: rateHeaders, timeoutMs, maxBodyBytes }), options);
}

function clientOn(http: HttpClient, options: BrevoClientOptions): BrevoClient {
  const api = createApi(http, options);
  return {
    ...accountMethods(api),
    ...attributeMethods(api),
    ...listMethods(api),
    ...contactMethods(api),
    ...importMethods(api),
    ...eventMethods(api, options),
    ...orderMethods(api, options),
    ...ecommerceMethods(api, options),
    ...couponMethods(api),
    ...campaignMethods(api),
    ...templateMethods(api),
    ...webhookMethods(api),
    ...transactionalLogMethods(api),
    ...reportMethods(http, options),
    withPriority: (priority) => clientOn(http, { ...options, priority }),
    withCallOptions: (callOptions) => clientOn(http, { ...options, ...callOptions }),
    close: () => http.close(),
  };
}

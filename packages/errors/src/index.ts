/**
 * Every public error, grouped by what happens next. The group (the class) says what the system does; the `code` is stable and
 * says which case it is; the message has the fact and the next step and never a secret, an e-mail address or a phone number.
 */
export abstract class TajoError extends Error {
  /** Stable, machine-readable name of the case, e.g. `klaviyo_key_refused`. */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A passing fault: network, time-out, 5xx, an import still running. The queue tries again with backoff. */
export class RetryLater extends TajoError {}

/** Nothing is wrong, it is only too early: 429 or an empty lane. The job goes back and no attempt is burned. */
export class WaitUntil extends TajoError {
  /** When trying again makes sense. */
  readonly at: Date;

  constructor(code: string, message: string, options: { at: Date; cause?: unknown }) {
    super(code, message, options);
    this.at = options.at;
  }
}

/** One bad item. It is kept with its reason; everything around it goes on. */
export class RecordRejected extends TajoError {}

/** Somebody must act: bad key, missing scope, exhausted plan. All runs of the account stop until then. */
export class AccountStopped extends TajoError {
  /** What the operator has to do, one sentence. */
  readonly remedy: string;

  constructor(code: string, message: string, options: { remedy: string; cause?: unknown }) {
    super(code, message, options);
    this.remedy = options.remedy;
  }
}

/** The caller's input is wrong: configuration, arguments or an API body. Names the field, the problem and the remedy. */
export class BadInput extends TajoError {
  /** Path of the offending value, e.g. `connectors.klaviyo.lists.all_contacts`. */
  readonly field: string;

  constructor(code: string, message: string, options: { field: string; cause?: unknown }) {
    super(code, message, options);
    this.field = options.field;
  }
}

/** A broken invariant. Never retried; logged with everything bound. */
export class Bug extends TajoError {}

/** Whether the vendor refused the request itself, so that sending the same again cannot help (400, 404, 409, 413, 422 …). */
export class RequestRefused extends TajoError {
  readonly status: number;
  /** The vendor's own words, per offending element where the vendor points at one. */
  readonly details: readonly { pointer?: string; code?: string; detail: string }[];

  constructor(
    code: string,
    message: string,
    options: { status: number; details?: readonly { pointer?: string; code?: string; detail: string }[]; cause?: unknown },
  ) {
    super(code, message, options);
    this.status = options.status;
    this.details = options.details ?? [];
  }
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

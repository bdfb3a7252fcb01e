import type { Reply } from '../http/exchange.js';
import { refusal } from './errors.js';
import type { Later } from './later.js';

/** Brevo's e-commerce app: off in a new account, and on some minutes after it was asked for (POST /ecommerce/activate). */
export class Shop {
  readonly #later: Later;
  readonly #delayMs: number;
  active: boolean;

  constructor(later: Later, options: { ecommerceActive: boolean; ecommerceDelayMs: number }) {
    this.#later = later;
    this.#delayMs = options.ecommerceDelayMs;
    this.active = options.ecommerceActive;
  }

  activate(): Reply {
    this.#later.after(this.#delayMs, () => {
      this.active = true;
    });
    return { status: 200 };
  }

  /** What every other e-commerce call is answered until then. */
  refuse(): Reply | undefined {
    return this.active ? undefined : refusal(403, 'permission_denied', 'eCommerce is not activated on this account');
  }
}

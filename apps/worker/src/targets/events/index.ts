import type { Target } from '../target.js';
import { admit } from './admit.js';
import { compare } from './compare.js';
import { deliver } from './deliver.js';
import { plan } from './plan.js';

/** Brevo's custom events. They have no id there and a repeat makes a second one, so every call goes through the send ledger. */
export const events: Target = { plan, admit, deliver, compare };

import type { Target } from '../target.js';
import { admit } from './admit.js';
import { compare } from './compare.js';
import { complete } from './complete.js';
import { deliver } from './deliver.js';
import { plan } from './plan.js';
import { giveUpImport, settleImport } from './settle-import.js';

/** Who is on the Brevo lists of Klaviyo's lists and segments. Consent is none of its business: it only ever puts on and takes off. */
export const members: Target = { plan, admit, deliver, settleImport, giveUpImport, complete, compare };
